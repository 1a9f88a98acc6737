// What a TensorPool does while PoolOptions::guard is on.
//
// A copy of the region, taken whenever an op begins or ends, tells what changed in between: a byte that changed and was
// not the op's to write is a violation, and where it lies tells whose. Fills and canaries make changes visible; fences
// (pages, AddressSanitizer) add reads, and the act itself.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <mutex>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "orionrt/graph.hpp"
#include "orionrt/guard.hpp"
#include "orionrt/liveness.hpp"
#include "orionrt/plan.hpp"
#include "pool/fence.hpp"
#include "pool/guard_layout.hpp"

namespace orionrt {

// For one run at a time; looking up is for any thread. Keeps copies of all that it needs but the region itself.
class Guard {
 public:
  // `ordered`: the graph in the order of the plan, its tensors in the buffers of `bound`; `plan`: where these would lie
  // without a guard, which says who overwrites whom.
  Guard(const Graph& ordered, const BoundProblem& bound, const Plan& plan, const std::vector<int>& vanished_ids,
        GuardLayout layout, std::byte* region, const GuardOptions& options);

  // An op, by id, begins; what ran before ends. Nothing throws but the caller's own report.
  void BeginOp(int op_id);
  void EndOp(bool run);

  // Judges that a tensor, by index, is asked for now.
  void Ask(int tensor);

  std::int64_t metadata_bytes() const { return static_cast<std::int64_t>(sizeof *this + mirror_.size()); }

 private:
  enum class Use { kNone, kRead, kWrite };
  using Reports = std::vector<GuardReport>;

  // What lies at a byte of the region at the present step: [.., end) is all of the same kind.
  struct Owner {
    enum class Kind { kLive, kPast, kDead, kUnborn, kNobody };
    Kind kind = Kind::kNobody;
    int tensor = -1;
    std::int64_t end = 0;
  };
  // How a place was touched: "wrote" and so many bytes, "asked for"...
  struct Touch {
    std::string verb;
    std::int64_t at = 0;  // offset in the region
    std::int64_t bytes = 0;
  };

  void Settle(Reports& reports);
  void CompareRange(std::int64_t begin, std::int64_t end, Reports& reports);
  void StartRun();
  void MoveTo(int step);
  void PutCanary(int tensor);
  void Fill(std::int64_t begin, std::int64_t end, unsigned char pattern);
  void FillUnshared(int tensor, std::int64_t end, int step, bool born);
  void OpenAll();
  void OpenForUs();
  void Reach(int tensor, Access access);
  void Close();
  void Deliver(const Reports& reports) const;
  void CheckOrder(int step, Reports& reports) const;
  void OnFence(std::uintptr_t address, Access access);

  void FindSharing(const BoundProblem& bound, const std::vector<int>& vanished_ids);
  bool IsGiven(int tensor) const { return given_[static_cast<std::size_t>(tensor)]; }
  bool IsShown(int tensor) const { return shown_[static_cast<std::size_t>(tensor)]; }
  bool SharesWith(int tensor, int other) const {  // a buffer
    const int shared = sharing_of_[static_cast<std::size_t>(tensor)];
    return shared >= 0 && shared == sharing_of_[static_cast<std::size_t>(other)];
  }
  bool IsOver() const { return step_ >= last_real_; }  // nothing is left to do in this run
  bool IsAlive(int tensor, int step) const;
  bool IsOpenBetween(int tensor) const;
  Use UseOf(int tensor) const;  // by the op that runs
  const GuardPlace& Place(int tensor) const { return layout_.places[static_cast<std::size_t>(tensor)]; }
  // Workspaces of ops count as tensors, behind those of the graph: alive, and writable, while their op runs.
  int tensor_count() const { return static_cast<int>(lifetimes_.size()); }
  bool IsWorkspace(int tensor) const { return static_cast<std::size_t>(tensor) >= graph_.tensors().size(); }

  // guard_words.cpp: what happened, in a sentence.
  Owner OwnerOf(std::int64_t at) const;
  GuardReport Judge(const Touch& touch, const Owner& owner) const;
  GuardReport JudgeTensor(const Touch& touch, int tensor) const;
  GuardReport Start(GuardFault fault, int tensor) const;
  int IdOf(int tensor) const;
  std::string Subject() const;
  std::string Fate(int tensor, int* other) const;
  int OverwrittenBy(int tensor) const;
  int NextBehind(int tensor) const;
  int LatestDeadAt(std::int64_t at) const;
  std::string OpLabel(int step) const;
  std::string TensorLabel(int tensor) const;
  std::string Amount(const Touch& touch) const;

  Graph graph_;
  std::vector<Lifetime> lifetimes_;
  std::vector<std::pair<std::int64_t, std::int64_t>> planned_;  // per tensor its bytes [first, second) in the plan
  std::vector<bool> given_;                                     // per tensor: from outside
  std::vector<bool> shown_;                                     // per tensor: its bytes are another's, nobody writes it
  std::vector<bool> vanished_;                                  // per op; it may be left out
  std::vector<std::vector<int>> sharing_;                       // tensors that lie in one buffer, where several do
  std::vector<int> sharing_of_;                                 // per tensor the index of its own there, or -1
  int first_real_ = -1;  // of the ops that have not vanished; the last op if all have
  int last_real_ = -1;
  std::unordered_map<int, int> step_of_;  // by id of op
  GuardLayout layout_;
  GuardOptions options_;
  std::byte* region_;
  std::vector<std::byte> mirror_;
  std::vector<Access> reach_;  // per tensor, where not all is open
  bool all_open_ = true;
  std::atomic<bool> was_hit_{false};  // a page is open that reach_ does not know of
  int step_ = -1;                     // of the op that runs or ran last; -1 before the first
  bool in_op_ = false;                // false: between ops, or runs
  bool running_ = false;              // a run has begun and not ended
  std::mutex mutex_;
  Fence fence_;
};

}  // namespace orionrt
