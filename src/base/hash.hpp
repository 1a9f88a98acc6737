// FNV-1a, 64 bits (http://www.isthe.com/chongo/tech/comp/fnv/): for identity, not for security.
#pragma once

#include <cstdint>
#include <string_view>

namespace orionrt {

class Hasher {
 public:
  // Bytes in little-endian order, whatever the machine.
  void Add(std::uint64_t value) {
    for (int shift = 0; shift < 64; shift += 8) {
      state_ = (state_ ^ ((value >> shift) & 0xFF)) * 0x100000001B3ull;
    }
  }
  void Add(std::int64_t value) { Add(static_cast<std::uint64_t>(value)); }
  void Add(int value) { Add(static_cast<std::uint64_t>(static_cast<std::int64_t>(value))); }

  std::uint64_t value() const { return state_; }

 private:
  std::uint64_t state_ = 0xCBF29CE484222325ull;
};

inline std::uint64_t HashText(std::string_view text) {
  std::uint64_t state = 0xCBF29CE484222325ull;
  for (const char c : text) state = (state ^ static_cast<unsigned char>(c)) * 0x100000001B3ull;
  return state;
}

}  // namespace orionrt
