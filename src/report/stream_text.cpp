#include "report/stream_text.hpp"

#include <algorithm>
#include <unordered_map>

#include "base/text.hpp"

namespace orionrt {
namespace {

constexpr std::size_t kHandOversShown = 5;  // hand-overs

// Names of tensors by id, where a plan has them.
class Names {
 public:
  explicit Names(const PlanFile& file) {
    if (!file.assignment) return;
    const auto& places = file.assignment->tensors;
    for (std::size_t i = 0; i < places.size() && i < file.tensors.size(); ++i) {
      name_of_.emplace(places[i].id, file.tensors[i].name);
    }
  }

  std::string Of(int tensor) const {
    if (tensor == kNoTensor) return "a workspace";
    const auto found = name_of_.find(tensor);
    const bool named = found != name_of_.end() && !found->second.empty();
    return named ? Printable(found->second, 40) : "tensor " + std::to_string(tensor);
  }

 private:
  std::unordered_map<int, std::string> name_of_;  // looked up, never walked
};

std::string HandOverLine(const HandOver& it, const Names& names) {
  const std::string bytes = FormatBytes(it.bytes);
  std::string text = std::string(bytes.size() < 12 ? 12 - bytes.size() : 0, ' ') + bytes + "  " + names.Of(it.from) +
                     " → " + names.Of(it.to) + " on stream " + std::to_string(it.stream) + ": ";
  for (const HandOverWait& wait : it.waits) {
    text += (&wait == &it.waits.front() ? "op " : ", op ") + std::to_string(wait.op) + " waits for op " +
            std::to_string(wait.waits_for);
  }
  return text + "\n";
}

std::string HandOverLines(const PlanFile& file) {
  const std::vector<HandOver>& all = *file.streams->hand_overs;
  if (all.empty()) return FigureLine("hand-overs", 0, ", no tensor takes bytes of another stream");
  const Names names(file);
  std::string text = FigureLine("hand-overs", HandedOverBytes(*file.streams),
                                " in " + FormatThousands(static_cast<std::int64_t>(all.size())) +
                                    (all.size() == 1 ? " pair of tensors across streams" : " pairs across streams"));
  for (std::size_t i = 0; i < all.size() && i < kHandOversShown; ++i) text += HandOverLine(all[i], names);
  const std::size_t rest = all.size() - std::min(all.size(), kHandOversShown);
  return rest > 0 ? text + "    and " + FormatThousands(static_cast<std::int64_t>(rest)) + " more\n" : text;
}

}  // namespace

std::string FigureLine(const std::string& label, std::int64_t bytes, const std::string& note) {
  std::string text = "  " + label;
  text.resize(std::max<std::size_t>(15, text.size() + 1), ' ');
  const std::string rounded = FormatBytes(bytes);
  text += std::string(rounded.size() < 9 ? 9 - rounded.size() : 0, ' ') + rounded;
  return text + "  (" + FormatThousands(bytes) + " bytes" + note + ")\n";
}

std::string StreamLines(const PlanFile& file) {
  if (!file.streams) return "";
  const StreamFigures& figures = *file.streams;
  std::string text = FigureLine("serial", figures.serial_bytes, ", if one op ran after another");
  text += FigureLine("own lanes", figures.lanes_bytes, ", if every stream had bytes of its own");
  text += FigureLine("live at once", figures.live_bytes, " in an execution; bounds no plan");
  return figures.hand_overs ? text + HandOverLines(file) : text;
}

std::int64_t HandedOverBytes(const StreamFigures& figures) {
  std::int64_t bytes = 0;
  if (!figures.hand_overs) return bytes;
  for (const HandOver& hand_over : *figures.hand_overs) bytes += hand_over.bytes;
  return bytes;
}

std::string ClockText(const std::vector<std::int64_t>& clocks, int streams, int i) {
  std::string text;
  const std::size_t count = static_cast<std::size_t>(streams), first = static_cast<std::size_t>(i) * count;
  for (std::size_t s = 0; s < count; ++s) text += (s > 0 ? ":" : "") + std::to_string(clocks[first + s]);
  return text;
}

}  // namespace orionrt
