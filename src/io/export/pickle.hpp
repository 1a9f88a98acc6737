// Writes Python pickles, protocol 2 (https://docs.python.org/3/library/pickletools.html; opcodes in Lib/pickle.py).
//
// Only opcodes that PyTorch's viewer reads too (`unpickle` in torch/utils/viz/MemoryViz.js): it knows neither LONG4 nor
// BINUNICODE8, and makes the items of one APPENDS the arguments of one call, of which browsers allow some 65,000.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace orionrt {

// Values nest as they are written: BeginList(), Item() and a value, ..., EndList(); BeginDict(), Word() and a value,
// ..., EndDict().
class Pickler {
 public:
  void BeginList();
  void Item();  // before each element of the innermost list
  void EndList();
  void BeginDict();
  void EndDict();

  void Integer(std::int64_t value);
  void Flag(bool value);
  void Text(std::string_view text);  // UTF-8, below 4 GiB
  void Pair(std::int64_t first, std::int64_t second);

  // A string that comes again and again, as keys do: spelled once, recalled from then on. Must outlive the pickler.
  void Word(std::string_view text);

  // Remembers the value that was just written; Recall puts the same object once more.
  int Remember();
  void Recall(int memo);

  std::string Finish();

 private:
  void Append(std::uint64_t value, int count);  // bytes, the lowest first

  std::string bytes_ = "\x80\x02";  // PROTO 2
  std::vector<int> items_;          // of each list that is open
  std::map<std::string_view, int> words_;
  int memos_ = 0;
};

}  // namespace orionrt
