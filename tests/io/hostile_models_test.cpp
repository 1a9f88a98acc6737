// Damaged copies of real models: cut short at many places, and with single bytes changed. Each is imported and planned
// in a child process with little memory and an alarm: it must be refused with an Error, or give a valid plan.
//
//   orionrt_hostile_models_test MODELS CUTS FLIPS     MODELS holds onnx*/, tflite/, negative/
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "orionrt/config.hpp"
#include "orionrt/import.hpp"
#include "orionrt/lowering.hpp"
#include "orionrt/plan.hpp"
#include "orionrt/planner.hpp"
#include "random.hpp"
#include "sanitized.hpp"

namespace fs = std::filesystem;
using namespace orionrt;

namespace {

constexpr unsigned kSecondsACase = 5;
constexpr rlim_t kMemory = rlim_t{2} << 30;  // bytes

constexpr bool kLimitMemory = !tests::kSanitized;  // a sanitizer reserves terabytes

enum ChildExit { kGood = 0, kBadPlan = 10, kWrongError = 11, kOtherException = 12 };

// Case k of a file: the first CUTS are cut short, the others have one byte changed; the same ones in every run.
std::string Damaged(const std::string& good, int k, int cuts) {
  if (k < cuts) return good.substr(0, good.size() * static_cast<std::size_t>(k) / static_cast<std::size_t>(cuts));
  std::string bad = good;
  tests::Random random(static_cast<std::uint64_t>(k));
  const auto at = static_cast<std::size_t>(random.Below(static_cast<std::int64_t>(bad.size())));
  bad[at] = static_cast<char>(bad[at] ^ random.Between(1, 255));
  return bad;
}

int ImportAndPlan(const std::string& bytes, bool onnx) {
  try {
    ImportOptions options;
    options.default_dim = 1;
    const ImportedModel model = onnx ? ImportOnnx(bytes, "damaged", options) : ImportTflite(bytes, "damaged", options);
    const Problem problem = MakeProblem(model.graph, GraphLiveness(model.graph), 64).problem;
    const Plan plan = ReusePlanner("first_fit").Run(problem);
    return Validate(problem, plan) ? kBadPlan : kGood;
  } catch (const Error& error) {
    const bool refused = error.code() == ErrorCode::kBadInput || error.code() == ErrorCode::kUnsupported;
    if (!refused) std::fprintf(stderr, "%s\n", error.what());
    return refused ? kGood : kWrongError;
  } catch (const std::exception& error) {
    std::fprintf(stderr, "%s\n", error.what());
    return kOtherException;
  }
}

[[noreturn]] void RunCases(const std::string& good, bool onnx, int first, int count, int cuts, int* current) {
  const rlimit limit{kMemory, kMemory};
  if (kLimitMemory) setrlimit(RLIMIT_AS, &limit);
  for (*current = first; *current < count; ++*current) {
    const std::string bad = Damaged(good, *current, cuts);
    alarm(kSecondsACase);
    if (const int verdict = ImportAndPlan(bad, onnx)) _exit(verdict);
  }
  _exit(kGood);
}

std::string Verdict(int status) {
  if (WIFSIGNALED(status)) {
    const int signal = WTERMSIG(status);
    return signal == SIGALRM ? "hung" : std::string("died of ") + strsignal(signal);
  }
  switch (WEXITSTATUS(status)) {
    case kBadPlan:
      return "gave a plan that the validator refuses";
    case kWrongError:
      return "threw an Error that is neither kBadInput nor kUnsupported";
    case kOtherException:
      return "threw what is no Error";
    default:
      return "exited with " + std::to_string(WEXITSTATUS(status));
  }
}

// How many cases went wrong. After one that did, goes on behind it.
int TryFile(const fs::path& path, int cuts, int flips, int* current) {
  std::ostringstream text;
  text << std::ifstream(path, std::ios::binary).rdbuf();
  const std::string good = text.str();
  if (good.empty()) return 0;
  int wrong = 0;
  for (int first = 0; first < cuts + flips && wrong < 5; first = *current + 1) {
    std::fflush(nullptr);
    const pid_t child = fork();
    if (child == 0) RunCases(good, path.extension() == ".onnx", first, cuts + flips, cuts, current);
    int status = 0;
    waitpid(child, &status, 0);
    if (WIFEXITED(status) && WEXITSTATUS(status) == kGood) break;
    ++wrong;
    std::printf("%s, case %d (%s): %s\n", path.c_str(), *current, *current < cuts ? "cut" : "byte changed",
                Verdict(status).c_str());
  }
  return wrong;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 4) {
    std::fprintf(stderr, "usage: %s MODELS CUTS FLIPS\n", argv[0]);
    return 2;
  }
  const int cuts = std::atoi(argv[2]);
  const int flips = std::atoi(argv[3]);
  void* shared = mmap(nullptr, sizeof(int), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  if (shared == MAP_FAILED) return 1;
  std::vector<fs::path> models;
  for (const auto& entry : fs::recursive_directory_iterator(argv[1])) {
    const std::string suffix = entry.path().extension().string();
    if (suffix == ".onnx" || suffix == ".tflite") models.push_back(entry.path());
  }
  std::sort(models.begin(), models.end());
  int wrong = 0;
  for (const fs::path& model : models) wrong += TryFile(model, cuts, flips, static_cast<int*>(shared));
  std::printf("%zu models, %d damaged copies each: %d went wrong\n", models.size(), cuts + flips, wrong);
  return wrong > 0 || models.empty() ? 1 : 0;
}
