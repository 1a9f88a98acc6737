#include "io/tflite/metadata.hpp"

#include <algorithm>
#include <vector>

#include "base/checked.hpp"
#include "io/tflite/tflite_file.hpp"
#include "orionrt/config.hpp"

namespace orionrt::tflite_import {
namespace {

// FlatBuffers point forward only, so that new lists which hold old tables must lie before them:
//
//   +------+--------------+---------+----------+-----------------+---------+---------------------------+
//   | root | model (copy) | buffers | metadata | entry, its name | content | the old file, as it stands |
//   +------+--------------+---------+----------+-----------------+---------+---------------------------+
//
// The old file moves as a whole by a multiple of 64: all in it keeps its place to all else and its alignment. Of it,
// only the root, the model table, and the two lists are no longer in use.
constexpr std::size_t kShiftUnit = 64;  // at least the largest alignment in any file
constexpr std::size_t kModelFields = 10;
constexpr std::size_t kBuffersField = 4, kMetadataField = 6;
constexpr std::size_t kMost = 0x7FFFFFFF;  // bytes of a file whose offsets reach everything

using Records = std::vector<const std::uint8_t*>;

class Splicer {
 public:
  Splicer(std::string_view bytes, const fb::Model& model, std::string source)
      : old_(bytes), model_(model), source_(std::move(source)) {}

  std::string Run(std::string_view name, std::string_view content) {
    const Records buffers = Keep(model_.buffers(), [](const fb::Buffer&) { return true; });
    const Records entries = Keep(model_.metadata(), [name](const fb::Metadata& entry) {
      return !entry.name() || entry.name()->string_view() != name;
    });
    // Where everything lies: fixed parts first, vtables before their tables.
    const std::size_t model_vtable = 8, model_at = model_vtable + 4 + 2 * kModelFields;
    const std::size_t buffers_at = model_at + 4 + 4 * kModelFields;
    const std::size_t entries_at = buffers_at + 4 * (buffers.size() + 2);
    const std::size_t entry_vtable = entries_at + 4 * (entries.size() + 2), entry_at = entry_vtable + 8;
    const std::size_t buffer_vtable = entry_at + 12, buffer_at = buffer_vtable + 8;
    const std::size_t name_at = buffer_at + 8, name_end = name_at + 4 + name.size() + 1;
    const std::size_t content_at = Up(name_end + 4, 16) - 4;  // the data after the length are aligned
    shift_ = Up(content_at + 4 + content.size(), kShiftUnit);
    if (old_.size() > kMost - shift_) {
      throw Error(ErrorCode::kUnsupported, source_ + ": with the plan it would be larger than 2 GB");
    }
    new_.assign(shift_, '\0');
    Put(0, model_at, 4);
    new_.replace(4, 4, fb::ModelIdentifier());
    PutModel(model_vtable, model_at, buffers_at, entries_at);
    PutList(buffers_at, buffers, buffer_at);
    PutList(entries_at, entries, entry_at);
    PutVtable(entry_vtable, {8, 12, 4, 8});
    Put(entry_at, 8, 4);
    PutOffset(entry_at + 4, name_at);
    Put(entry_at + 8, buffers.size(), 4);
    PutVtable(buffer_vtable, {6, 8, 4});
    Put(buffer_at, 8, 4);
    PutOffset(buffer_at + 4, content_at);
    PutBytes(name_at, name);
    PutBytes(content_at, content);
    new_.append(old_);
    return std::move(new_);
  }

 private:
  static std::size_t Up(std::size_t value, std::size_t unit) { return (value + unit - 1) / unit * unit; }

  template <typename Table, typename Wanted>
  Records Keep(const flatbuffers::Vector<flatbuffers::Offset<Table>>* tables, const Wanted& wanted) {
    Records records;
    for (std::uint32_t i = 0; i < SizeOf(tables); ++i) {
      const Table* table = tables->Get(i);
      if (wanted(*table)) records.push_back(reinterpret_cast<const std::uint8_t*>(table));
    }
    return records;
  }

  void Put(std::size_t at, std::size_t value, std::size_t bytes) {
    for (std::size_t i = 0; i < bytes; ++i) new_[at + i] = static_cast<char>(value >> (8 * i) & 0xFF);
  }
  void PutOffset(std::size_t at, std::size_t target) { Put(at, target - at, 4); }
  void PutOldOffset(std::size_t at, const std::uint8_t* target) {
    PutOffset(at, shift_ + static_cast<std::size_t>(target - reinterpret_cast<const std::uint8_t*>(old_.data())));
  }
  void PutVtable(std::size_t at, const std::vector<std::size_t>& entries) {
    for (std::size_t i = 0; i < entries.size(); ++i) Put(at + 2 * i, entries[i], 2);
  }
  void PutBytes(std::size_t at, std::string_view bytes) {
    Put(at, bytes.size(), 4);
    new_.replace(at + 4, bytes.size(), bytes);
  }
  void PutList(std::size_t at, const Records& records, std::size_t last) {
    Put(at, records.size() + 1, 4);
    for (const std::uint8_t* record : records) PutOldOffset(at += 4, record);
    PutOffset(at + 4, last);
  }

  // What a field of the model points at. Fields that our schema leaves out have not been verified.
  const std::uint8_t* TargetOf(const flatbuffers::Table& table, flatbuffers::voffset_t field) const {
    const auto* begin = reinterpret_cast<const std::uint8_t*>(old_.data());
    const auto table_at = static_cast<std::size_t>(reinterpret_cast<const std::uint8_t*>(&table) - begin);
    const std::size_t field_at = table_at + table.GetOptionalFieldOffset(field);
    if (field_at + 4 <= old_.size()) {
      const std::size_t target = field_at + flatbuffers::ReadScalar<flatbuffers::uoffset_t>(begin + field_at);
      if (target < old_.size()) return begin + target;
    }
    throw Error(ErrorCode::kBadInput,
                source_ + ": is cut off or damaged: its tables point outside it; get the file again");
  }

  // The version is a number; every other field points at something.
  void PutModel(std::size_t vtable, std::size_t at, std::size_t buffers_at, std::size_t entries_at) {
    const auto* table = reinterpret_cast<const flatbuffers::Table*>(&model_);
    std::vector<std::size_t> entries = {4 + 2 * kModelFields, 4 + 4 * kModelFields};
    const std::uint8_t* old_vtable = table->GetVTable();
    const std::size_t old_fields = flatbuffers::ReadScalar<flatbuffers::voffset_t>(old_vtable) / 2;
    for (std::size_t i = 2 + kModelFields; i < old_fields; ++i) {
      if (!table->CheckField(static_cast<flatbuffers::voffset_t>(2 * i))) continue;
      throw Error(ErrorCode::kUnsupported, source_ + ": is of a newer format, with a field " + std::to_string(i - 2) +
                                               " that would be lost; write the plan with a newer OrionRT");
    }
    for (std::size_t i = 0; i < kModelFields; ++i) {
      const std::size_t slot = 4 + 4 * i;
      const auto field = static_cast<flatbuffers::voffset_t>(4 + 2 * i);
      const bool fresh = i == kBuffersField || i == kMetadataField;
      entries.push_back(fresh || table->CheckField(field) ? slot : 0);
      if (entries.back() == 0) continue;
      if (fresh) {
        PutOffset(at + slot, i == kBuffersField ? buffers_at : entries_at);
      } else if (i == 0) {
        Put(at + slot, model_.version(), 4);
      } else {
        PutOldOffset(at + slot, TargetOf(*table, field));
      }
    }
    PutVtable(vtable, entries);
    Put(at, at - vtable, 4);
  }

  std::string_view old_;
  const fb::Model& model_;
  std::string source_;
  std::string new_;
  std::size_t shift_ = 0;  // where the old file begins in the new one
};

// Whether nothing but one entry of metadata knows the buffer.
bool IsOwn(const fb::Model& model, std::uint32_t buffer) {
  std::size_t users = 0;
  for (std::uint32_t s = 0; s < SizeOf(model.subgraphs()); ++s) {
    const auto* tensors = model.subgraphs()->Get(s)->tensors();
    for (std::uint32_t t = 0; t < SizeOf(tensors); ++t) users += tensors->Get(t)->buffer() == buffer;
  }
  for (std::uint32_t i = 0; i < SizeOf(model.metadata_buffer()); ++i) {
    users += static_cast<std::uint32_t>(model.metadata_buffer()->Get(i)) == buffer;
  }
  for (std::uint32_t i = 0; i < SizeOf(model.metadata()); ++i) users += model.metadata()->Get(i)->buffer() == buffer;
  const auto* data = model.buffers()->Get(buffer)->data();
  for (std::uint32_t i = 0; i < SizeOf(model.buffers()); ++i) {
    users += i != buffer && model.buffers()->Get(i)->data() == data;
  }
  return users == 1;
}

}  // namespace

std::string SetMetadata(std::string_view bytes, const std::string& source, std::string_view name,
                        std::string_view content) {
  const fb::Model& model = *fb::GetModel(bytes.data());
  const fb::Metadata* found = nullptr;
  int count = 0;
  for (std::uint32_t i = 0; i < SizeOf(model.metadata()); ++i) {
    const fb::Metadata* entry = model.metadata()->Get(i);
    if (!entry->name() || entry->name()->string_view() != name) continue;
    found = entry;
    ++count;
  }
  // A plan of the same model takes the place of the old one, so that planning again does not make the file grow.
  if (count == 1 && found->buffer() < SizeOf(model.buffers())) {
    const auto* data = model.buffers()->Get(found->buffer())->data();
    if (SizeOf(data) == content.size() && IsOwn(model, found->buffer())) {
      std::string copy(bytes);
      const auto at = static_cast<std::size_t>(reinterpret_cast<const char*>(data->Data()) - bytes.data());
      return copy.replace(at, content.size(), content);
    }
  }
  return Splicer(bytes, model, source).Run(name, content);
}

}  // namespace orionrt::tflite_import
