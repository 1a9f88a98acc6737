// Time x offset as a drawing. Coordinates are hundredths of a pixel, by integers: the same bytes on every machine.
#include <algorithm>

#include "base/index.hpp"
#include "base/text.hpp"
#include "orionrt/report.hpp"
#include "report/lanes.hpp"
#include "report/scale.hpp"
#include "report/shown_graph.hpp"

namespace orionrt {
namespace {

constexpr int kLeft = 76;  // pixels; room for the labels of the axis
constexpr int kMapWidth = 860;
constexpr int kWidth = kLeft + kMapWidth + 24;
constexpr int kMapHeight = 400;
constexpr int kCurveHeight = 72;
constexpr int kHead = 46;  // of a panel, above its map
constexpr int kGap = 28;   // between map and curve
constexpr int kFoot = 46;  // below the curve: ticks, and the name of the axis
constexpr int kPanel = kHead + kMapHeight + kGap + kCurveHeight + kFoot;
constexpr std::size_t kExact = 3000;  // rectangles drawn as they are
constexpr int kCell = 2;              // pixels; the grid for all others
constexpr std::size_t kPanels = 8;

// Okabe and Ito's colours, which the colour-blind tell apart, by BufferClass; and a hatch, for those who print grey.
// What is written on all but one of them is dark; shades of a class move away from that.
struct Paint {
  unsigned fill;
  const char* hatch;  // a path within 8 x 8 pixels; empty: none
};
constexpr Paint kPaints[kBufferClasses] = {
    {0x56b4e9, "M-2 2L2-2M0 8L8 0M6 10L10 6"},  // input
    {0xd55e00, "M-2 6L2 10M0 0L8 8M6-2L10 2"},  // output
    {0xcc79a7, "M0 4H8M4 0V8"},                 // state
    {0x0072b2, ""},                             // activation
    {0xe69f00, "M0 4H8"},                       // workspace
    {0x009e73, ""},                             // other
};

constexpr int kWhiteText = static_cast<int>(BufferClass::kActivation);

// Shade 0, 1 or 2 of a class: "#0072b2".
std::string Shade(int c, int shade) {
  std::string text = "#";
  for (int shift = 16; shift >= 0; shift -= 8) {
    const int light = static_cast<int>(kPaints[c].fill >> shift & 255);
    const int mixed = light + ((c == kWhiteText ? 0 : 255) - light) * shade * 15 / 100;
    text += "0123456789abcdef"[mixed / 16];
    text += "0123456789abcdef"[mixed % 16];
  }
  return text;
}

// Under the class of the drawing, as it may stand in a page. On paper there is no dark.
constexpr const char* kStyle = R"(<style>
svg.plan{font:11px system-ui,-apple-system,"Segoe UI",Helvetica,Arial,sans-serif;font-variant-numeric:tabular-nums}
.plan .paper{fill:#fff}.plan .ink{fill:#1f2328}.plan .soft{fill:#59636e}.plan .title{font-size:14px;font-weight:600}
.plan .grid{stroke:#818b98;fill:none}.plan .frame{stroke:#59636e;fill:none}.plan .t{stroke:#fff;stroke-width:.6}
.plan .tag{fill:#fff;pointer-events:none}.plan .dark{fill:#14181d}
.plan .hatch{stroke:#fff;stroke-opacity:.45;stroke-width:1.2;fill:none}.plan .peak{stroke:#b3261e;stroke-width:1.5}
.plan .bound{stroke:#1f2328;stroke-width:1.5;stroke-dasharray:6 4}.plan .live{fill:#8c959f;fill-opacity:.35;stroke:#59636e}
@media screen and (prefers-color-scheme:dark){.plan .paper{fill:#0d1117}.plan .ink{fill:#e6edf3}.plan .soft{fill:#9198a1}
.plan .grid{stroke:#656c76}.plan .frame{stroke:#9198a1}.plan .t{stroke:#0d1117}.plan .peak{stroke:#ff8a80}
.plan .bound{stroke:#e6edf3}.plan .live{stroke:#b1bac4}}
</style>
)";

std::string Number(std::int64_t hundredths) {
  const std::string fraction = std::to_string(100 + hundredths % 100).substr(1);
  return std::to_string(hundredths / 100) + (hundredths % 100 == 0 ? "" : "." + fraction);
}

std::string EscapeXml(const std::string& text) {
  std::string out;
  for (const char c : text) {
    out += c == '<' ? "&lt;" : c == '>' ? "&gt;" : c == '&' ? "&amp;" : c == '"' ? "&quot;" : std::string(1, c);
  }
  for (const char* no_xml : {"\xEF\xBF\xBE", "\xEF\xBF\xBF"}) {  // U+FFFE and U+FFFF
    for (std::size_t at = 0; (at = out.find(no_xml, at)) != std::string::npos;) out.replace(at, 3, "?");
  }
  return out;
}

std::string Text(std::int64_t x, std::int64_t y, const char* attributes, const std::string& text) {
  return "<text x=\"" + Number(x) + "\" y=\"" + Number(y) + "\" " + attributes + ">" + EscapeXml(text) + "</text>\n";
}

std::string Line(const char* style, std::int64_t x1, std::int64_t y1, std::int64_t x2, std::int64_t y2) {
  return "<path class=\"" + std::string(style) + "\" d=\"M" + Number(x1) + " " + Number(y1) + "L" + Number(x2) + " " +
         Number(y2) + "\"/>\n";
}

// In hundredths of a pixel, from the left and the top of the map.
struct Box {
  int buffer = 0;
  std::int64_t left = 0, top = 0, right = 0, bottom = 0;
  std::int64_t area() const { return (right - left) * (bottom - top); }
};

// What a panel shows: an arena over steps, or one of its lanes.
struct Scene {
  const ShownGraph& graph;
  const Plan& plan;
  const Steps& steps;
  const Metrics& metrics;  // of all lanes
  std::string more = {};   // to the figures
  const char* unit = "step";
};

// One scene with its upper left corner at (0, `top`).
class Panel {
 public:
  Panel(const Report& report, const Scene& scene, std::int64_t top)
      : report_(report),
        scene_(scene),
        graph_(scene.graph),
        plan_(scene.plan),
        metrics_(scene.metrics),
        steps_(scene.steps),
        ceiling_(CeilingOf(std::max(metrics_.peak_bytes, plan_.certificate.lower_bound_bytes))),
        top_((top + kHead) * 100),
        curve_(top_ + (kMapHeight + kGap) * 100) {}

  std::string Draw() {
    return Head() + Grid() + Map() + Curve() + Bounds() + "<rect class=\"frame\" x=\"" + Number(X(steps_.first)) +
           "\" y=\"" + Number(top_) + "\" width=\"" + Number(kMapWidth * 100) + "\" height=\"" +
           Number(kMapHeight * 100) + "\"/>\n";
  }

 private:
  // A little above the peak, so that its line is not the frame's.
  static std::int64_t CeilingOf(std::int64_t peak) {
    return std::max<std::int64_t>(1, peak > INT64_MAX / 2 ? peak : peak + peak / 24);
  }

  std::int64_t X(std::int64_t step) const {
    return kLeft * 100 + Scaled(step - steps_.first, kMapWidth * 100, steps_.count);
  }
  std::int64_t Y(std::int64_t bytes) const {
    return top_ + kMapHeight * 100 - Scaled(bytes, kMapHeight * 100, ceiling_);
  }
  std::int64_t CurveY(std::int64_t bytes) const {
    return curve_ + kCurveHeight * 100 - Scaled(bytes, kCurveHeight * 100, ceiling_);
  }
  int ClassOf(int buffer) const {
    return static_cast<int>(graph_.classes.empty() ? BufferClass::kOther : graph_.classes[At(buffer)]);
  }

  std::string Head() const {
    const Certificate& certificate = plan_.certificate;
    const std::string& body = graph_.name;
    const std::string name = body.empty() || body[0] == ',' ? body : ", body " + body;
    std::string text = Text(kLeft * 100, top_ - 2400, "class=\"ink title\"", Printable(FileNameOf(report_) + name, 80));
    std::string line = plan_.policy + " · peak " + FormatBytes(metrics_.peak_bytes);
    line += certificate.proven_optimal ? ", proven optimal"
                                       : " · lower bound " + FormatBytes(certificate.lower_bound_bytes);
    line += " · no reuse " + FormatBytes(metrics_.no_reuse_bytes) + " · " +
            FormatThousands(static_cast<std::int64_t>(graph_.problem.buffers.size())) + " tensors" + scene_.more;
    return text + Text(kLeft * 100, top_ - 800, "class=\"soft\"", Printable(line, 160)) + Legend();
  }

  std::string Legend() const {
    std::string text;
    std::int64_t right = (kLeft + kMapWidth) * 100;
    for (int c = kBufferClasses - 1; c >= 0; --c) {
      if (metrics_.classes[At(c)].count == 0 || graph_.classes.empty()) continue;
      const std::string name = BufferClassName(static_cast<BufferClass>(c));
      right -= static_cast<std::int64_t>(name.size()) * 600 + 400;
      text += Text(right, top_ - 2400, "class=\"soft\"", name);
      right -= 1500;
      text += "<rect class=\"c" + std::to_string(c) + "\" x=\"" + Number(right) + "\" y=\"" + Number(top_ - 3350) +
              "\" width=\"11\" height=\"11\"/>\n";
      if (*kPaints[c].hatch != '\0') {
        text += "<rect fill=\"url(#h" + std::to_string(c) + ")\" x=\"" + Number(right) + "\" y=\"" +
                Number(top_ - 3350) + "\" width=\"11\" height=\"11\"/>\n";
      }
      right -= 800;
    }
    return text;
  }

  std::string Grid() const {
    std::string text;
    for (const Tick& tick : ByteTicks(ceiling_, 6)) {
      text += Line("grid", X(steps_.first) - 400, Y(tick.value), X(steps_.first), Y(tick.value));
      text += Text((kLeft - 6) * 100, Y(tick.value) + 380, "class=\"soft\" text-anchor=\"end\"", tick.label);
    }
    for (const Tick& tick : StepTicks(steps_.first, steps_.count, 10)) {
      const std::int64_t foot = curve_ + kCurveHeight * 100;
      text += Line("grid", X(tick.value), top_ + kMapHeight * 100, X(tick.value), top_ + kMapHeight * 100 + 400);
      text += Line("grid", X(tick.value), foot, X(tick.value), foot + 400);
      text += Text(X(tick.value), foot + 1700, "class=\"soft\" text-anchor=\"middle\"", tick.label);
    }
    text += Text((kLeft + kMapWidth / 2) * 100, curve_ + (kCurveHeight + 32) * 100,
                 "class=\"soft\" text-anchor=\"middle\"", scene_.unit);
    text += Text((kLeft - 6) * 100, curve_ + 1000, "class=\"soft\" text-anchor=\"end\"", "live bytes");
    return text;
  }

  std::vector<Box> Boxes() const {
    std::vector<Box> boxes;
    ForEachPlaced(graph_.problem, plan_.offsets, [&](const PlacedRectangle& r) {
      boxes.push_back({r.buffer, X(r.lower), Y(r.end), X(r.upper), Y(r.begin)});
    });
    std::stable_sort(boxes.begin(), boxes.end(), [](const Box& a, const Box& b) { return a.area() > b.area(); });
    return boxes;
  }

  std::string Map() const {
    const std::vector<Box> boxes = Boxes();
    std::string text = Covered(boxes);
    for (std::size_t i = 0; i < boxes.size() && i < kExact; ++i) text += Draw(boxes[i]);
    for (std::size_t i = 0; i < boxes.size() && i < kExact; ++i) text += Tag(boxes[i]);
    return text;
  }

  std::string Draw(const Box& box) const {
    const std::string place = "x=\"" + Number(box.left) + "\" y=\"" + Number(box.top) + "\" width=\"" +
                              Number(std::max<std::int64_t>(20, box.right - box.left)) + "\" height=\"" +
                              Number(std::max<std::int64_t>(20, box.bottom - box.top)) + "\"";
    const int c = ClassOf(box.buffer);
    const std::string shade = box.buffer % 3 > 0 ? " s" + std::to_string(box.buffer % 3) : "";
    const Buffer& b = graph_.problem.buffers[At(box.buffer)];
    const bool has_room = box.right - box.left > 300 && box.bottom - box.top > 300;
    std::string text = (has_room ? "<rect class=\"t c" : "<rect class=\"c") + std::to_string(c) + shade + "\" " + place;
    if (!has_room) return text + "/>\n";
    text += "><title>" + EscapeXml(Printable(BufferLabel(graph_.problem, box.buffer), 120)) + ", " +
            FormatBytes(b.size) + "</title></rect>\n";
    if (*kPaints[c].hatch != '\0') {
      text += "<rect fill=\"url(#h" + std::to_string(c) + ")\" pointer-events=\"none\" " + place + "/>\n";
    }
    return text;
  }

  // The name, cut to what fits; nothing where that says too little.
  std::string Tag(const Box& box) const {
    if (box.bottom - box.top < 1300) return "";
    const Problem& problem = graph_.problem;
    const bool named = !problem.names.empty() && !problem.names[At(box.buffer)].empty();
    const std::string name = Printable(named ? problem.names[At(box.buffer)] : BufferId(problem, box.buffer), 60);
    const auto fits = static_cast<std::size_t>(std::max<std::int64_t>(0, (box.right - box.left - 800) / 600));
    const bool whole = fits >= name.size();
    if (!whole && fits < 5) return "";
    // Bytes, not characters: a name beyond ASCII is cut early, at the start of a character.
    std::size_t end = whole ? name.size() : fits - 1;
    while (!whole && end > 0 && (static_cast<unsigned char>(name[end]) & 0xC0) == 0x80) --end;
    const int c = ClassOf(box.buffer);
    return Text(box.left + 400, (box.top + box.bottom) / 2 + 380,
                c == kWhiteText ? "class=\"tag\"" : "class=\"tag dark\"", whole ? name : name.substr(0, end) + "…");
  }

  // Everything past the first kExact, as runs of cells.
  std::string Covered(const std::vector<Box>& boxes) const {
    if (boxes.size() <= kExact) return "";
    constexpr int kColumns = kMapWidth / kCell, kRows = kMapHeight / kCell, kSide = kCell * 100;
    std::vector<signed char> cells(At(kColumns * kRows), -1);
    for (std::size_t i = kExact; i < boxes.size(); ++i) {
      const auto cell = [](std::int64_t at, int limit) {
        return static_cast<int>(std::clamp<std::int64_t>(at / kSide, 0, limit - 1));
      };
      const Box& box = boxes[i];
      const int left = cell(box.left - kLeft * 100, kColumns), right = cell(box.right - kLeft * 100 - 1, kColumns);
      const int bottom = cell(box.bottom - top_ - 1, kRows);
      for (int y = cell(box.top - top_, kRows); y <= bottom; ++y) {
        const auto row = cells.begin() + static_cast<std::ptrdiff_t>(y) * kColumns;
        std::fill(row + left, row + std::max(left, right) + 1, static_cast<signed char>(ClassOf(box.buffer)));
      }
    }
    std::string paths[kBufferClasses];
    for (int y = 0; y < kRows; ++y) {
      for (int x = 0, end = 0; x < kColumns; x = end) {
        const signed char c = cells[At(y * kColumns + x)];
        for (end = x + 1; end < kColumns && cells[At(y * kColumns + end)] == c; ++end) continue;
        if (c < 0) continue;
        const std::string width = std::to_string((end - x) * kCell);
        paths[c] += "M" + std::to_string(kLeft + x * kCell) + " " + Number(top_ + y * kSide) + "h" + width + "v" +
                    std::to_string(kCell) + "h-" + width + "z";
      }
    }
    std::string text;
    for (int c = 0; c < kBufferClasses; ++c) {
      if (!paths[c].empty()) text += "<path class=\"c" + std::to_string(c) + " s1\" d=\"" + paths[c] + "\"/>\n";
    }
    return text;
  }

  // Live bytes, the most of each pixel: a long run has more steps than that.
  std::string Curve() const {
    const std::vector<std::int64_t> live = MostAlive(graph_.problem, steps_, kMapWidth);
    std::string path = "M" + std::to_string(kLeft) + " " + Number(CurveY(0));
    for (int x = 0; x < kMapWidth; ++x) {
      if (x > 0 && live[At(x)] == live[At(x - 1)]) continue;
      path += "H" + std::to_string(kLeft + x) + "V" + Number(CurveY(live[At(x)]));
    }
    return "<path class=\"live\" d=\"" + path + "H" + std::to_string(kLeft + kMapWidth) + "V" + Number(CurveY(0)) +
           "Z\"/>\n";
  }

  // Where the peak is the bound, one line says both.
  std::string Bounds() const {
    const std::int64_t right = X(steps_.first + steps_.count);
    const std::int64_t bound = plan_.certificate.lower_bound_bytes;
    const bool both = bound == metrics_.peak_bytes;
    const auto line = [&](const char* style, std::int64_t y) { return Line(style, X(steps_.first), y, right, y); };
    std::string text = line("peak", Y(metrics_.peak_bytes)) + line("peak", CurveY(metrics_.peak_bytes));
    if (!both) text += line("bound", Y(bound)) + line("bound", CurveY(bound));
    const std::int64_t key = curve_ + (kCurveHeight + 28) * 100;
    text += Line("peak", kLeft * 100, key, (kLeft + 24) * 100, key) +
            Text((kLeft + 30) * 100, key + 380, "class=\"soft\"", both ? "peak = lower bound" : "peak");
    if (both) return text;
    text += Line("bound", (kLeft + 70) * 100, key, (kLeft + 94) * 100, key) +
            Text((kLeft + 100) * 100, key + 380, "class=\"soft\"", "lower bound");
    return text;
  }

  const Report& report_;
  const Scene& scene_;
  const ShownGraph& graph_;
  const Plan& plan_;
  const Metrics& metrics_;
  const Steps steps_;
  const std::int64_t ceiling_;  // bytes at the upper edge
  const std::int64_t top_;      // of the map
  const std::int64_t curve_;    // of the curve
};

std::string Definitions() {
  std::string text = kStyle;
  std::string rules, patterns;
  for (int c = 0; c < kBufferClasses; ++c) {
    const std::string number = std::to_string(c);
    for (int shade = 0; shade < 3; ++shade) {
      rules +=
          ".plan .c" + number + (shade == 0 ? "" : ".s" + std::to_string(shade)) + "{fill:" + Shade(c, shade) + "}";
    }
    if (*kPaints[c].hatch == '\0') continue;
    patterns += "<pattern id=\"h" + number + "\" width=\"8\" height=\"8\" patternUnits=\"userSpaceOnUse\">" +
                "<path class=\"hatch\" d=\"" + kPaints[c].hatch + "\"/></pattern>\n";
  }
  return text + "<style>" + rules + "</style>\n<defs>\n" + patterns + "</defs>\n";
}

// Draws panels below one another, as many as there may be.
class Drawing {
 public:
  explicit Drawing(const Report& report) : report_(report) {}

  void Add(const ShownGraph& graph, const PlanFile& file) {
    if (graph.problem.spaces.empty()) AddArena(graph, file.plan, file);
    for (int p = 0; p < static_cast<int>(graph.problem.spaces.size()); ++p) AddSpace(graph, file, p);
  }

  const std::string& panels() const { return panels_; }
  std::size_t drawn() const { return drawn_; }
  std::size_t all() const { return all_; }

 private:
  void Draw(const Scene& scene) {
    if (all_++ >= kPanels) return;
    panels_ += Panel(report_, scene, static_cast<std::int64_t>(drawn_++) * kPanel).Draw();
  }

  // What lies in one space, as a graph without spaces.
  void AddSpace(const ShownGraph& graph, const PlanFile& file, int space) {
    SpaceView view = ViewSpace(graph.problem, file.plan, space);
    ShownGraph inside;
    inside.name = graph.name + ", space " + graph.problem.spaces[At(space)].name;
    inside.problem = std::move(view.problem);
    for (const int i : view.buffers) {
      if (!graph.classes.empty()) inside.classes.push_back(graph.classes[At(i)]);
    }
    const Steps steps = StepsOf(graph.problem);
    const Metrics metrics = MeasurePlan(inside.problem, view.plan, inside.classes);
    if (inside.problem.clocks.streams > 0) return AddArena(inside, view.plan, file);
    Draw({inside, view.plan, steps, metrics});
  }

  // On several streams a panel a lane.
  void AddArena(const ShownGraph& graph, const Plan& plan, const PlanFile& file) {
    const Metrics metrics = MeasurePlan(graph.problem, plan, graph.classes);
    if (graph.problem.clocks.streams == 0) return Draw({graph, plan, StepsOf(graph.problem), metrics});
    const Lanes lanes = LanesOf(graph.problem, file.streams ? &*file.streams : nullptr);
    for (const Lane& lane : lanes.lanes) {
      ShownGraph shown;
      shown.name = (graph.name.empty() || graph.name[0] == ',' ? "" : ", body ") + graph.name + ", " + lane.name;
      shown.problem = lane.problem;
      shown.classes = graph.classes;
      Draw({shown, plan, lanes.steps, metrics, MoreOf(file), "op of the stream"});
    }
  }

  static std::string MoreOf(const PlanFile& file) {
    if (!file.streams) return "";
    return " · serial " + FormatBytes(file.streams->serial_bytes) + " · own lanes " +
           FormatBytes(file.streams->lanes_bytes) + " · live at once " + FormatBytes(file.streams->live_bytes);
  }

  const Report& report_;
  std::string panels_;
  std::size_t drawn_ = 0, all_ = 0;
};

}  // namespace

std::string WriteReportSvg(const Report& report) {
  Drawing drawing(report);
  for (const ShownGraph& graph : ShownGraphs(report)) {
    for (const GraphPlan& shown : graph.plans) drawing.Add(graph, shown.file);
  }
  const std::size_t drawn = drawing.drawn(), all = drawing.all();
  std::string panels = drawing.panels();
  const std::int64_t height = static_cast<std::int64_t>(drawn) * kPanel + (all > drawn ? 24 : 0);
  if (all > drawn) {
    panels += Text(kLeft * 100, (height - 10) * 100, "class=\"soft\"",
                   "and " + std::to_string(all - drawn) + " more; the page (.html) has them all");
  }
  const std::string size = std::to_string(kWidth) + "\" height=\"" + std::to_string(height);
  return "<svg class=\"plan\" xmlns=\"http://www.w3.org/2000/svg\" width=\"" + size + "\" viewBox=\"0 0 " +
         std::to_string(kWidth) + " " + std::to_string(height) + "\" role=\"img\">\n<title>Memory of " +
         EscapeXml(Printable(TitleOf(report), 200)) + " over time</title>\n" + Definitions() +
         "<rect class=\"paper\" width=\"" + size + "\"/>\n" + panels + "</svg>\n";
}

}  // namespace orionrt
