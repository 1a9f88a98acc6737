// Offsets for TensorFlow Lite Micro, as metadata of a .tflite file.
#include <algorithm>
#include <limits>

#include "base/checked.hpp"
#include "io/tflite/metadata.hpp"
#include "io/tflite/tflite_file.hpp"
#include "orionrt/config.hpp"
#include "orionrt/import.hpp"

namespace orionrt {
namespace {

using tflite_import::SizeOf;
namespace fb = tflite_import::fb;

constexpr const char* kName = "OfflineMemoryAllocation";
constexpr std::int32_t kTflmVersion = 1;
constexpr std::int32_t kVelaVersion = 0;  // the same layout
constexpr std::int64_t kAlignment = 16;   // of every tensor in TFLM's arena

class PlanWriter {
 public:
  PlanWriter(std::string_view bytes, const std::string& source)
      : source_(source), model_(tflite_import::OpenModel(bytes, source)) {}

  // version, number of subgraphs, number of offsets; then the tensors of all subgraphs in one list.
  std::string Run(const std::vector<std::vector<std::int64_t>>& offsets) {
    CheckFile();
    if (offsets.size() > SizeOf(model_.subgraphs())) {
      Fail(ErrorCode::kMisuse, "the plan has " + std::to_string(offsets.size()) + " subgraphs, the model " +
                                   std::to_string(SizeOf(model_.subgraphs())));
    }
    std::vector<std::int32_t> list;
    for (std::uint32_t s = 0; s < SizeOf(model_.subgraphs()); ++s) {
      AddSubgraph(s, s < offsets.size() ? offsets[s] : std::vector<std::int64_t>(), list);
    }
    CheckVariables(list);
    std::string content;
    auto put = [&content](std::int64_t value) {
      for (int shift = 0; shift < 32; shift += 8) content += static_cast<char>(value >> shift & 0xFF);
    };
    put(kTflmVersion);
    put(SizeOf(model_.subgraphs()));
    put(static_cast<std::int64_t>(list.size()));
    for (std::int32_t offset : list) put(offset);
    return content;
  }

 private:
  [[noreturn]] void Fail(ErrorCode code, const std::string& message) const {
    throw Error(code, source_ + ": " + message);
  }

  // TFLM takes a file as one FlatBuffer.
  void CheckFile() const {
    if (SizeOf(model_.buffers()) == 0) Fail(ErrorCode::kBadInput, "has no list of buffers");
    bool outside = false;
    for (std::uint32_t i = 0; i < SizeOf(model_.buffers()); ++i) {
      outside = outside || tflite_import::LiesOutside(*model_.buffers()->Get(i));
    }
    for (std::uint32_t s = 0; s < SizeOf(model_.subgraphs()); ++s) {
      const fb::SubGraph& graph = *model_.subgraphs()->Get(s);
      for (std::uint32_t i = 0; i < SizeOf(graph.operators()); ++i) {
        outside = outside || graph.operators()->Get(i)->large_custom_options_offset() > 1;
      }
      for (std::uint32_t t = 0; t < SizeOf(graph.tensors()); ++t) {
        outside = outside || graph.tensors()->Get(t)->external_buffer() != 0;
      }
    }
    if (outside) {
      Fail(ErrorCode::kUnsupported, "keeps data outside its tables, which TFLM cannot read; convert it without that");
    }
  }

  void AddSubgraph(std::uint32_t subgraph, const std::vector<std::int64_t>& offsets, std::vector<std::int32_t>& list) {
    const auto* tensors = model_.subgraphs()->Get(subgraph)->tensors();
    if (offsets.size() > SizeOf(tensors)) {
      Fail(ErrorCode::kMisuse, "subgraph " + std::to_string(subgraph) + ": the plan has " +
                                   std::to_string(offsets.size()) + " tensors, the model " +
                                   std::to_string(SizeOf(tensors)));
    }
    for (std::uint32_t t = 0; t < SizeOf(tensors); ++t) {
      const std::int64_t offset = t < offsets.size() ? offsets[t] : kTflmPlansIt;
      const fb::Tensor& tensor = *tensors->Get(t);
      if (offset != kTflmPlansIt) CheckOffset(subgraph, t, tensor, offset);
      list.push_back(static_cast<std::int32_t>(tensor.is_variable() ? kTflmPlansIt : offset));
    }
  }

  void CheckOffset(std::uint32_t subgraph, std::uint32_t index, const fb::Tensor& tensor, std::int64_t offset) const {
    const std::string place = "subgraph " + std::to_string(subgraph) + ": tensor " + std::to_string(index) + " " +
                              tflite_import::Quoted(tensor.name()) + " at offset " + std::to_string(offset) + ": ";
    if (offset < 0) Fail(ErrorCode::kMisuse, place + "negative");
    if (offset % kAlignment != 0) {
      Fail(ErrorCode::kMisuse, place + "TFLM wants multiples of 16; plan with --alignment 16 or more");
    }
    if (tflite_import::DataOf(model_, tensor) != tflite_import::Data::kNone) {
      Fail(ErrorCode::kMisuse, place + "it is a constant, which stays in the file");
    }
    const auto bytes = tflite_import::ByteCount(tensor.type(), tflite_import::DimsOf(tensor.shape()));
    constexpr std::int64_t kMost = std::numeric_limits<std::int32_t>::max();
    if (offset > kMost || !bytes || *bytes > kMost - kAlignment || RoundUp(*bytes, kAlignment) > kMost - offset) {
      Fail(ErrorCode::kUnsupported, place + "it ends past 2 GB, and TFLM's offsets have 31 bits");
    }
  }

  // TFLM decides about variable t of every subgraph by entry t of the whole list: one that it takes for planned would
  // get no memory at all.
  void CheckVariables(const std::vector<std::int32_t>& list) const {
    for (std::uint32_t s = 1; s < SizeOf(model_.subgraphs()); ++s) {
      const auto* tensors = model_.subgraphs()->Get(s)->tensors();
      for (std::uint32_t t = 0; t < SizeOf(tensors); ++t) {
        if (!tensors->Get(t)->is_variable() || list[t] == kTflmPlansIt) continue;
        Fail(ErrorCode::kUnsupported, "subgraph " + std::to_string(s) + ": tensor " + std::to_string(t) + " " +
                                          tflite_import::Quoted(tensors->Get(t)->name()) +
                                          " is a variable, and TFLM would take the offset of tensor " +
                                          std::to_string(t) + " of subgraph 0 for its own; leave that one out");
      }
    }
  }

  std::string source_;
  const fb::Model& model_;
};

// Words of 32 bits: version, number of subgraphs, number of offsets, offsets.
constexpr std::size_t kHead = 3;

class PlanReader {
 public:
  PlanReader(std::string_view bytes, const std::string& source)
      : source_(source), model_(tflite_import::OpenModel(bytes, source)) {}

  std::optional<std::vector<std::vector<std::int64_t>>> Run() const {
    const fb::Metadata* entry = FindEntry();
    if (entry == nullptr) return std::nullopt;
    const flatbuffers::Vector<std::uint8_t>& data = DataOf(*entry);
    CheckHead(data);
    std::vector<std::vector<std::int64_t>> offsets(SizeOf(model_.subgraphs()));
    std::size_t word = kHead;
    for (std::uint32_t s = 0; s < SizeOf(model_.subgraphs()); ++s) {
      for (std::uint32_t t = 0; t < SizeOf(model_.subgraphs()->Get(s)->tensors()); ++t, ++word) {
        const std::int64_t offset = Word(data, word);
        if (offset < kTflmPlansIt) {
          Refuse("subgraph " + std::to_string(s) + ": tensor " + std::to_string(t) + " is at offset " +
                 std::to_string(offset) + "; -1 leaves it to TFLM, nothing else may be negative");
        }
        offsets[s].push_back(offset);
      }
    }
    return offsets;
  }

 private:
  [[noreturn]] void Refuse(const std::string& message) const {
    throw Error(ErrorCode::kBadInput, source_ + ": metadata \"" + kName + "\": " + message);
  }

  const fb::Metadata* FindEntry() const {
    const fb::Metadata* found = nullptr;
    for (std::uint32_t i = 0; i < SizeOf(model_.metadata()); ++i) {
      const fb::Metadata* entry = model_.metadata()->Get(i);
      if (!entry->name() || entry->name()->string_view() != kName) continue;
      if (found != nullptr) Refuse("is there twice, and TFLM takes the last; write the plan anew");
      found = entry;
    }
    return found;
  }

  const flatbuffers::Vector<std::uint8_t>& DataOf(const fb::Metadata& entry) const {
    const std::string buffer = "buffer " + std::to_string(entry.buffer());
    if (entry.buffer() >= SizeOf(model_.buffers())) {
      Refuse("is in " + buffer + ", of which there are " + std::to_string(SizeOf(model_.buffers())));
    }
    const fb::Buffer& held = *model_.buffers()->Get(entry.buffer());
    if (tflite_import::LiesOutside(held)) Refuse(buffer + " keeps its data outside the tables, where TFLM never looks");
    if (SizeOf(held.data()) < 4 * kHead) {
      Refuse(buffer + " has " + std::to_string(SizeOf(held.data())) + " bytes, and a list begins with 12");
    }
    return *held.data();
  }

  // Signed, the least byte first.
  static std::int64_t Word(const flatbuffers::Vector<std::uint8_t>& data, std::size_t word) {
    std::uint32_t value = 0;
    for (std::uint32_t i = 4; i-- > 0;) value = value << 8 | data.Get(static_cast<std::uint32_t>(4 * word) + i);
    return value <= INT32_MAX ? std::int64_t{value} : std::int64_t{value} - (std::int64_t{1} << 32);
  }

  void CheckHead(const flatbuffers::Vector<std::uint8_t>& data) const {
    const std::int64_t version = Word(data, 0), subgraphs = Word(data, 1), count = Word(data, 2);
    if (version != kTflmVersion && version != kVelaVersion) {
      Refuse("is of version " + std::to_string(version) + ", and only 0 and 1 are known");
    }
    const std::int64_t in_model = SizeOf(model_.subgraphs());
    if (subgraphs != in_model && !(subgraphs == 0 && in_model == 1)) {
      Refuse("is of " + std::to_string(subgraphs) + " subgraphs, the model has " + std::to_string(in_model));
    }
    std::int64_t tensors = 0;
    for (std::uint32_t s = 0; s < SizeOf(model_.subgraphs()); ++s) {
      tensors += SizeOf(model_.subgraphs()->Get(s)->tensors());
    }
    if (count != tensors) {
      Refuse("is of " + std::to_string(count) + " tensors, the model has " + std::to_string(tensors) +
             "; was the model changed after it was planned?");
    }
    const std::int64_t bytes = 4 * (static_cast<std::int64_t>(kHead) + count);
    if (data.size() != bytes) {
      Refuse("has " + std::to_string(data.size()) + " bytes where " + std::to_string(count) + " offsets take " +
             std::to_string(bytes));
    }
  }

  std::string source_;
  const fb::Model& model_;
};

bool InFileOrder(const Graph& graph, const std::vector<NestedGraph>& bodies) {
  const bool sorted = std::is_sorted(graph.ops().begin(), graph.ops().end(),
                                     [](const OpNode& a, const OpNode& b) { return a.id < b.id; });
  return sorted && std::all_of(bodies.begin(), bodies.end(),
                               [](const NestedGraph& body) { return InFileOrder(body.graph, body.bodies); });
}

}  // namespace

std::string WriteTflmPlan(std::string_view bytes, const std::vector<std::vector<std::int64_t>>& offsets,
                          const std::string& source) {
  ImportOptions options;
  options.default_dim = 1;
  const ImportedModel model = ImportTflite(bytes, source, options);
  if (!InFileOrder(model.graph, model.bodies)) {
    throw Error(ErrorCode::kUnsupported,
                source + ": its ops are not in an order that runs, and TFLM runs them as they come; convert it anew");
  }
  const tflite_import::AlignedBytes aligned(bytes);
  const std::string content = PlanWriter(aligned.view(), source).Run(offsets);
  return tflite_import::SetMetadata(aligned.view(), source, kName, content);
}

std::optional<std::vector<std::vector<std::int64_t>>> ReadTflmPlan(std::string_view bytes, const std::string& source) {
  const tflite_import::AlignedBytes aligned(bytes);
  return PlanReader(aligned.view(), source).Run();
}

}  // namespace orionrt
