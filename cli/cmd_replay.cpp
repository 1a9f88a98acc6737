// orionrt replay TRACE: what a buddy was asked for, asked again.
#include <memory>
#include <optional>

#include "base/text.hpp"
#include "command.hpp"
#include "orionrt/config.hpp"
#include "orionrt/formats.hpp"
#include "orionrt/report.hpp"
#include "output.hpp"

namespace orionrt::cli::replay_command {
namespace {

struct Options {
  std::string path;
  std::string output = "-";
  std::string format;
  std::string capacity;
  std::string blocks;
};

std::int64_t Bytes(const std::string& text, const char* option, bool power_of_two) {
  const auto bytes = ParseBytes(text);
  if (!bytes || *bytes == 0 || (power_of_two && (*bytes & (*bytes - 1)) != 0)) {
    throw Error(ErrorCode::kMisuse,
                std::string(option) + " \"" + Printable(text) + "\" is no " +
                    (power_of_two ? "power of two; write 64, 256 or 4K" : "size; write 4096, 64K, 8M"));
  }
  return *bytes;
}

std::vector<std::int64_t> BlocksOf(const std::string& list) {
  std::vector<std::int64_t> blocks;
  for (std::size_t begin = 0; begin <= list.size();) {
    const std::size_t end = std::min(list.find(',', begin), list.size());
    blocks.push_back(Bytes(list.substr(begin, end - begin), "--block", true));
    begin = end + 1;
  }
  return blocks;
}

// The trace on its own setting first, then on those asked for.
std::vector<Replay> ReplaysOf(const BuddyTrace& trace, const Options& options) {
  const std::int64_t capacity =
      options.capacity.empty() ? trace.capacity : Bytes(options.capacity, "--capacity", false);
  const std::vector<std::int64_t> blocks =
      options.blocks.empty() ? std::vector<std::int64_t>{trace.block_bytes} : BlocksOf(options.blocks);
  std::vector<Replay> replays = {ReplayTrace(trace, trace.capacity, trace.block_bytes)};
  for (const std::int64_t block : blocks) {
    if (capacity != trace.capacity || block != trace.block_bytes)
      replays.push_back(ReplayTrace(trace, capacity, block));
  }
  return replays;
}

using Replays = std::vector<Replay>;

struct Format {
  const char* name;
  const char* suffix;
  std::string (*write)(const std::string& source, const BuddyTrace& trace, const Replays& replays);
};
constexpr Format kFormats[] = {
    {"text", ".txt", DescribeReplays},
    {"csv", ".csv",
     [](const std::string&, const BuddyTrace&, const Replays& replays) { return ReplaysToCsv(replays); }},
    {"json", ".json", ReplaysToJson},
};

int Run(const Options& options) {
  const Format& format = PickFormat(kFormats, options.format, options.output);
  const std::string source = options.path == "-" ? "standard input" : options.path;
  const BuddyTrace trace = ReadBuddyTrace(ReadFile(options.path), source);
  const std::vector<Replay> replays = ReplaysOf(trace, options);
  WriteResult(options.output, format.write(source, trace, replays));
  return kDone;
}

}  // namespace

std::function<int()> SetUp(OptionTable& table) {
  auto options = std::make_shared<Options>();
  table.push_back({"TRACE", &options->path, "What BuddyRecorder wrote, in CSV; - is standard input"});
  table.push_back({"-o,--output", &options->output, "Where the result goes (default: standard output)", "FILE"});
  table.push_back({"--format", &options->format,
                   "Otherwise told by the suffix of -o, otherwise text; csv has a row for each event",
                   FormatNames(kFormats, "|")});
  table.push_back({"--capacity", &options->capacity, "Replay on an arena of this size too", "BYTES"});
  table.push_back(
      {"--block", &options->blocks, "Replay with blocks of this size too; several: 64,256,4K", "BYTES,..."});
  return [options] { return Run(*options); };
}

}  // namespace orionrt::cli::replay_command
