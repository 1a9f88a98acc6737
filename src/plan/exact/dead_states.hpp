// Hash of search states, and the table of those that are known to lead nowhere.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace orionrt {

// A bijection of 64-bit words whose output bits each depend on all input bits (the finaliser of splitmix64).
inline std::uint64_t MixBits(std::uint64_t x) {
  x += 0x9e3779b97f4a7c15u;
  x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9u;
  x = (x ^ (x >> 27)) * 0x94d049bb133111ebu;
  return x ^ (x >> 31);
}

// Remembers 64-bit keys, one per slot, the newer one staying. It doubles until `max_bits`, so that small searches touch
// little memory. Two states with one key would prune wrongly: for 2^30 look-ups that has a chance of 2^-34.
class DeadStates {
 public:
  explicit DeadStates(int max_bits) : max_size_(std::size_t{1} << max_bits), slots_(kFirstSize, 0) {}

  bool Contains(std::uint64_t key) const { return slots_[key & (slots_.size() - 1)] == key; }

  void Insert(std::uint64_t key) {
    if (++inserted_ > slots_.size() && slots_.size() < max_size_) Grow();
    slots_[key & (slots_.size() - 1)] = key;
  }

 private:
  static constexpr std::size_t kFirstSize = std::size_t{1} << 12;

  void Grow() {
    std::vector<std::uint64_t> old(slots_.size() * 4, 0);
    old.swap(slots_);
    for (const std::uint64_t key : old) slots_[key & (slots_.size() - 1)] = key;
    slots_[0] = 0;  // the empty key lands here
  }

  std::size_t max_size_;
  std::size_t inserted_ = 0;
  std::vector<std::uint64_t> slots_;
};

}  // namespace orionrt
