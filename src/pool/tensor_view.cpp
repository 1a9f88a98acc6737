// Look-up of tensors by id, direct where ids are dense and by bisection where they are not.
#include <algorithm>

#include "base/index.hpp"
#include "orionrt/tensor_pool.hpp"

namespace orionrt {
namespace {

// A table as long as a few times the number of tensors is worth its direct look-up.
bool IsDense(const Assignment& assignment) {
  int space = -1;
  for (const Place& place : assignment.tensors) {
    if (place.bytes == 0 || place.space == kExternal) continue;
    if (space >= 0 && place.space != space) return false;
    space = place.space;
  }
  const std::size_t count = assignment.tensors.size();
  return count == 0 || static_cast<std::size_t>(assignment.tensors.back().id) < 4 * count + 64;
}

}  // namespace

PlaceTable::PlaceTable(const Assignment& assignment) {
  const bool dense = IsDense(assignment);
  if (dense && !assignment.tensors.empty()) {
    const auto ids = static_cast<std::size_t>(assignment.tensors.back().id) + 1;
    offsets_.assign(ids, -1);
    bytes_.assign(ids, 0);
  }
  for (const Place& place : assignment.tensors) {
    if (place.space == kExternal && place.bytes > 0) continue;
    const auto bytes = static_cast<std::size_t>(place.bytes);
    if (dense) {
      if (bytes > 0) space_ = place.space;
      offsets_[At(place.id)] = place.offset;
      bytes_[At(place.id)] = bytes;
    } else {
      sparse_.push_back({place.id, bytes > 0 ? place.space : 0, place.offset, bytes});
    }
  }
  for (const Place& place : assignment.workspaces) {
    if (place.space == kExternal) continue;
    workspaces_.push_back({place.id, place.space, place.offset, static_cast<std::size_t>(place.bytes)});
  }
  for (const BodyAssignment& body : assignment.bodies) {
    bodies_.push_back({body.op_id, body.attribute, {}});
    bodies_.back().table.emplace_back(body.assignment);
  }
}

std::size_t PlaceTable::metadata_bytes() const noexcept {
  std::size_t bytes = sizeof *this + offsets_.capacity() * sizeof offsets_[0] + bytes_.capacity() * sizeof bytes_[0] +
                      (sparse_.capacity() + workspaces_.capacity()) * sizeof(Entry);
  for (const Body& body : bodies_) bytes += sizeof body + body.attribute.capacity() + body.table[0].metadata_bytes();
  return bytes;
}

TensorView::TensorView(const PlaceTable& table, std::byte* const* bases) noexcept
    : TensorView(table, bases[table.space_]) {
  bases_ = bases;
}

TensorView::TensorView(const PlaceTable& table, std::byte* base) noexcept
    : base_(base),
      size_(table.offsets_.size()),
      offsets_(table.offsets_.data()),
      bytes_(table.bytes_.data()),
      table_(&table) {}

TensorHandle TensorView::Find(const std::vector<PlaceTable::Entry>& sorted, int id) const noexcept {
  const auto found = std::lower_bound(sorted.begin(), sorted.end(), id,
                                      [](const PlaceTable::Entry& entry, int wanted) { return entry.id < wanted; });
  if (found == sorted.end() || found->id != id) return {};
  return {(bases_ != nullptr ? bases_[found->space] : base_) + found->offset, found->bytes};
}

TensorHandle TensorView::FindSparse(int tensor_id) const noexcept {
  return table_ != nullptr ? Find(table_->sparse_, tensor_id) : TensorHandle{};
}

TensorHandle TensorView::Workspace(int op_id) const noexcept {
  return table_ != nullptr ? Find(table_->workspaces_, op_id) : TensorHandle{};
}

TensorView TensorView::Body(int op_id, std::string_view attribute) const noexcept {
  if (table_ == nullptr) return {};
  for (const PlaceTable::Body& body : table_->bodies_) {
    if (body.op_id != op_id || body.attribute != attribute) continue;
    return bases_ != nullptr ? TensorView(body.table[0], bases_) : TensorView(body.table[0], base_);
  }
  return {};
}

}  // namespace orionrt
