// Damaged copies of a good file: every prefix, and seeded changes of single bytes. A reader must refuse them with an
// Error of the right kind, or read something; `Read` returns whether what it read makes sense.
#pragma once

#include <gtest/gtest.h>

#include <string>

#include "orionrt/config.hpp"
#include "random.hpp"

namespace orionrt::tests {

template <typename Read>
void ExpectServedOrRefused(const std::string& text, const Read& read) {
  try {
    read(text);
  } catch (const Error& error) {
    const bool kind = error.code() == ErrorCode::kBadInput || error.code() == ErrorCode::kUnsupported;
    EXPECT_TRUE(kind) << error.what() << "\nfor:\n" << text;
    const std::string what = error.what();
    EXPECT_FALSE(what.empty());
    EXPECT_EQ(what.find('\n'), std::string::npos) << what;
    EXPECT_LT(what.size(), 1000u) << what;
  } catch (const std::exception& error) {
    ADD_FAILURE() << "not an orionrt::Error: " << error.what() << "\nfor:\n" << text;
  }
}

template <typename Read>
void TryEveryPrefix(const std::string& good, const Read& read) {
  for (std::size_t length = 0; length <= good.size() && !testing::Test::HasFailure(); ++length) {
    ExpectServedOrRefused(good.substr(0, length), read);
  }
}

template <typename Read>
void TryByteChanges(const std::string& good, int count, const Read& read) {
  Random random(7);
  const std::string likely = ",-0123456789:{}[]\"\\\n\r @.eE\xFF";
  for (int k = 0; k < count && !testing::Test::HasFailure(); ++k) {
    std::string bad = good;
    for (std::int64_t changes = random.Between(1, 3); changes > 0; --changes) {
      const auto at = static_cast<std::size_t>(random.Below(static_cast<std::int64_t>(bad.size())));
      const char byte = random.OneIn(2)
                            ? static_cast<char>(random.Below(256))
                            : likely[static_cast<std::size_t>(random.Below(static_cast<std::int64_t>(likely.size())))];
      switch (random.Below(3)) {
        case 0:
          bad[at] = byte;
          break;
        case 1:
          bad.insert(at, 1, byte);
          break;
        default:
          bad.erase(at, 1);
      }
    }
    ExpectServedOrRefused(bad, read);
  }
}

}  // namespace orionrt::tests
