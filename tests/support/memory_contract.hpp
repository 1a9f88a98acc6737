// What every MemoryResource must do (memory_contract_test.cpp), whatever it stands on. A file of tests gives its
// resources: INSTANTIATE_TEST_SUITE_P(Host, MemoryContract, testing::Values(...), SourceName).
#pragma once

#include <gtest/gtest.h>

#include <cstddef>
#include <functional>
#include <memory>
#include <ostream>
#include <string>
#include <utility>

#include "orionrt/memory.hpp"

namespace orionrt::tests {

struct MemoryUnderTest {
  std::shared_ptr<void> ground;  // what the resource stands on, if anything
  std::unique_ptr<MemoryResource> resource;
  // One byte from the host to an address of the resource, and back; empty when there is nothing behind it.
  std::function<void(void*, std::byte)> write;
  std::function<std::byte(const void*)> read;
  std::string why_not;  // this machine has no such memory: the tests skip, and say this
};

struct MemorySource {
  const char* name;
  MemoryUnderTest (*make)();
};
inline void PrintTo(const MemorySource& source, std::ostream* out) { *out << source.name; }

// Bytes that the host reads and writes itself.
template <typename Resource, typename... Arguments>
MemoryUnderTest OfHost(Arguments&&... arguments) {
  MemoryUnderTest memory;
  memory.resource = std::make_unique<Resource>(std::forward<Arguments>(arguments)...);
  memory.write = [](void* at, std::byte value) { *static_cast<std::byte*>(at) = value; };
  memory.read = [](const void* at) { return *static_cast<const std::byte*>(at); };
  return memory;
}

class MemoryContract : public testing::TestWithParam<MemorySource> {
 protected:
  void SetUp() override {
    memory_ = GetParam().make();
    if (memory_.resource == nullptr) GTEST_SKIP() << memory_.why_not;
  }
  MemoryResource& resource() { return *memory_.resource; }

  // First and last byte.
  void Mark(void* base, std::size_t bytes, int value) const;
  bool IsMarked(const void* base, std::size_t bytes, int value) const;

 private:
  MemoryUnderTest memory_;
};

inline std::string SourceName(const testing::TestParamInfo<MemorySource>& source) { return source.param.name; }

}  // namespace orionrt::tests
