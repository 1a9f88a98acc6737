#include "io/export/pickle.hpp"

namespace orionrt {
namespace {

// Opcodes, by the names that pickle.py has for those that are not obvious.
constexpr char kMark = '(';
constexpr char kStop = '.';
constexpr char kInt8 = 'K';     // BININT1, unsigned
constexpr char kInt16 = 'M';    // BININT2, unsigned
constexpr char kInt32 = 'J';    // BININT, signed
constexpr char kLong = '\x8A';  // LONG1: how many bytes, then these, two's complement
constexpr char kTrue = '\x88';
constexpr char kFalse = '\x89';
constexpr char kText = 'X';  // BINUNICODE
constexpr char kPair = '\x86';
constexpr char kEmptyList = ']';
constexpr char kAppends = 'e';
constexpr char kEmptyDict = '}';
constexpr char kSetItems = 'u';
constexpr char kPut = 'q';  // BINPUT
constexpr char kLongPut = 'r';
constexpr char kGet = 'h';  // BINGET
constexpr char kLongGet = 'j';

}  // namespace

void Pickler::Append(std::uint64_t value, int count) {
  for (int i = 0; i < count; ++i) bytes_ += static_cast<char>(value >> (8 * i) & 0xFF);
}

void Pickler::BeginList() {
  bytes_ += {kEmptyList, kMark};
  items_.push_back(0);
}

void Pickler::Item() {
  constexpr int kBatch = 1000;  // as Python's own pickler has it
  if (++items_.back() % kBatch == 0) bytes_ += {kAppends, kMark};
}

void Pickler::EndList() {
  bytes_ += kAppends;
  items_.pop_back();
}

void Pickler::BeginDict() { bytes_ += {kEmptyDict, kMark}; }
void Pickler::EndDict() { bytes_ += kSetItems; }

void Pickler::Integer(std::int64_t value) {
  const auto bits = static_cast<std::uint64_t>(value);
  if (bits <= 0xFF) {
    bytes_ += kInt8;
    Append(bits, 1);
  } else if (bits <= 0xFFFF) {
    bytes_ += kInt16;
    Append(bits, 2);
  } else if (value >= INT32_MIN && value <= INT32_MAX) {
    bytes_ += kInt32;
    Append(bits, 4);
  } else {
    bytes_ += {kLong, '\x08'};
    Append(bits, 8);
  }
}

void Pickler::Flag(bool value) { bytes_ += value ? kTrue : kFalse; }

void Pickler::Text(std::string_view text) {
  bytes_ += kText;
  Append(text.size(), 4);
  bytes_ += text;
}

void Pickler::Pair(std::int64_t first, std::int64_t second) {
  Integer(first);
  Integer(second);
  bytes_ += kPair;
}

void Pickler::Word(std::string_view text) {
  const auto known = words_.find(text);
  if (known != words_.end()) return Recall(known->second);
  Text(text);
  words_.emplace(text, Remember());
}

int Pickler::Remember() {
  const bool is_short = memos_ <= 0xFF;
  bytes_ += is_short ? kPut : kLongPut;
  Append(static_cast<std::uint64_t>(memos_), is_short ? 1 : 4);
  return memos_++;
}

void Pickler::Recall(int memo) {
  const bool is_short = memo <= 0xFF;
  bytes_ += is_short ? kGet : kLongGet;
  Append(static_cast<std::uint64_t>(memo), is_short ? 1 : 4);
}

std::string Pickler::Finish() { return std::move(bytes_) + kStop; }

}  // namespace orionrt
