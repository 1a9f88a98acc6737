// From ids to addresses: the places of an assignment as a table, and a view of it over memory.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "orionrt/assignment.hpp"
#include "orionrt/export.hpp"
#include "orionrt/scratch.hpp"

namespace orionrt {

class TensorView;

// What look-ups need of an assignment, and of those of its bodies; immutable. Made once and shared by any number of
// views, threads and arenas.
class ORIONRT_API PlaceTable {
 public:
  PlaceTable() = default;
  explicit PlaceTable(const Assignment& assignment);  // O(n log n)

  std::size_t metadata_bytes() const noexcept;

 private:
  friend class TensorView;
  struct Entry {
    int id;
    int space;
    std::int64_t offset;
    std::size_t bytes;
  };
  struct Body {
    int op_id;
    std::string attribute;
    std::vector<PlaceTable> table;  // one
  };

  // Where ids are dense and all lie in one space, `space_`, by id: offsets, -1 for what has no place, and bytes.
  int space_ = 0;
  std::vector<std::int64_t> offsets_;
  std::vector<std::size_t> bytes_;
  std::vector<Entry> sparse_;      // otherwise, ascending by id
  std::vector<Entry> workspaces_;  // ascending by id of op
  std::vector<Body> bodies_;
};

// The tensors of one graph in one place of memory. A value; the table and the memory outlive it. No locks, no heap, no
// system calls; for any number of threads. A view that was made of nothing knows no tensor.
class ORIONRT_API TensorView {
 public:
  TensorView() = default;

  // `bases`: per space of the assignment the address of its first byte, aligned and as long as it says; the array
  // outlives the view where the places lie in several spaces. Checks neither.
  TensorView(const PlaceTable& table, std::byte* const* bases) noexcept;

  // Where they lie in one space, or in none.
  TensorView(const PlaceTable& table, std::byte* base) noexcept;

  // The place of a tensor; {nullptr, 0} for an id that the graph does not have, and for what is held elsewhere. An
  // empty tensor has an address and 0 bytes.
  TensorHandle Allocate(int tensor_id) const noexcept {
    const auto index = static_cast<std::size_t>(static_cast<unsigned>(tensor_id));
    if (__builtin_expect(index < size_, 1)) {
      const std::int64_t offset = offsets_[index];
      if (__builtin_expect(offset >= 0, 1)) return {base_ + offset, bytes_[index]};
    }
    return FindSparse(tensor_id);
  }
  void* GetPtr(int tensor_id) const noexcept { return Allocate(tensor_id).ptr; }

  // The scratch that an op, by id, may use while it runs; {nullptr, 0} when it asked for none. O(log ops).
  TensorHandle Workspace(int op_id) const noexcept;

  // The tensors of a body of a control-flow op, which lie where they may while that op runs. O(bodies).
  TensorView Body(int op_id, std::string_view attribute) const noexcept;

 private:
  [[gnu::cold]] TensorHandle FindSparse(int tensor_id) const noexcept;
  TensorHandle Find(const std::vector<PlaceTable::Entry>& sorted, int id) const noexcept;

  std::byte* base_ = nullptr;  // of the space that the next three are about
  std::size_t size_ = 0;       // of the next two
  const std::int64_t* offsets_ = nullptr;
  const std::size_t* bytes_ = nullptr;
  const PlaceTable* table_ = nullptr;
  std::byte* const* bases_ = nullptr;  // null: all lies in one space, from base_ on
};

}  // namespace orionrt
