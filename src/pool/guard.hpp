// What a TensorPool does while PoolOptions::guard is on.
//
// A copy of the region, taken whenever an op begins or ends, tells what changed in between: a byte that changed and was
// not the op's to write is a violation, and where it lies tells whose. Fills and canaries make changes visible; fences
// (pages, AddressSanitizer) add reads, and the act itself.
//
// Of a graph on several streams ops overlap: between two reports several may be open, and what one of them may write is
// not looked at until it ends. Who has begun and ended says what is alive, and the order that was reported who may lie
// over whom (guard_streams.cpp).
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "base/index.hpp"
#include "orionrt/graph.hpp"
#include "orionrt/lowering.hpp"
#include "orionrt/plan.hpp"
#include "orionrt/streams.hpp"
#include "orionrt/tensor_pool.hpp"
#include "pool/fence.hpp"
#include "pool/guard_clocks.hpp"
#include "pool/guard_layout.hpp"

namespace orionrt {

// For one run at a time; looking up is for any thread. Keeps copies of all that it needs but the region itself.
class Guard {
 public:
  // `ordered`: the graph in the order of the plan, its tensors in the buffers of `lowered`; `plan`: where these would
  // lie without a guard, which says who overwrites whom.
  Guard(const Graph& ordered, const Lowered& lowered, const Plan& plan, const std::vector<int>& vanished_ids,
        GuardLayout layout, std::byte* region, const GuardOptions& options);

  // An op, by id, begins; what ran before ends, on its stream. Nothing throws but the caller's own report.
  void BeginOp(int op_id);
  void EndOp(bool run);  // of several that are open the one that began last

  // Of several streams alone: nothing otherwise.
  void EndOne(int op_id);
  void Record(int op_id);
  void Wait(int stream, int op_id);

  // Judges that a tensor, by index, is asked for now.
  void Ask(int tensor);

  std::int64_t metadata_bytes() const { return static_cast<std::int64_t>(sizeof *this + mirror_.size()); }

 private:
  enum class Use { kNone, kRead, kWrite };
  enum class Life { kUnborn, kAlive, kDead };
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
  // Of a graph on several streams: what it says, and how far the run has come.
  struct Streams {
    explicit Streams(const Graph& graph) : clocks(graph.ops()), order(graph.ops()) {}
    GuardClocks clocks;                        // what was reported
    StreamOrder order;                         // what the graph says
    std::vector<int> first_op;                 // per tensor the op that begins its life; -1: given
    std::vector<std::vector<int>> users;       // per tensor the ops that use it, or a view of it
    std::vector<std::vector<int>> born, used;  // the same by op: tensors
    std::vector<bool> kept;                    // per tensor: alive to the end of the run
    std::vector<Life> lives;                   // per tensor; so are the next four
    std::vector<int> left;                     // users that have not ended
    std::vector<int> born_at, died_at;         // the count of `now` then
    std::vector<int> died_with;                // the op that ended its life
    int now = 0;                               // births and deaths so far
    int ops_left = 0;                          // of those that have not vanished
  };
  // On several streams, where any number of ops may be open, a run is between ops throughout.
  enum class Moment { kBetweenRuns, kBetweenOps, kInOp };
  static constexpr int kAllOps = -1;
  static constexpr int kNoOp = -2;

  // Ends `ending`, or the time between ops.
  void Settle(Reports& reports, int ending = kAllOps);
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
  void BeginInLine(int step, int op_id, Reports& reports);
  GuardReport Unplanned(int op_id) const;
  int StepOf(int op_id, Reports& reports) const;
  void OnFence(std::uintptr_t address, Access access);

  void FindSharing(const Lowered& lowered, const std::vector<int>& vanished_ids);
  bool IsGiven(int tensor) const { return given_[At(tensor)]; }
  bool IsShown(int tensor) const { return shown_[At(tensor)]; }
  bool SharesWith(int tensor, int other) const {  // a buffer
    const int shared = sharing_of_[At(tensor)];
    return shared >= 0 && shared == sharing_of_[At(other)];
  }
  // Nothing is left to do in this run.
  bool IsOver() const { return streams_ != nullptr ? streams_->ops_left == 0 : step_ >= last_real_; }
  bool InOp() const { return streams_ != nullptr ? !streams_->clocks.open().empty() : moment_ == Moment::kInOp; }
  bool IsRunning() const { return moment_ != Moment::kBetweenRuns; }
  bool IsAlive(int tensor, int step) const;
  bool IsAlive(int tensor) const {  // now
    return streams_ != nullptr ? LifeOf(tensor) == Life::kAlive : IsAlive(tensor, step_);
  }
  bool IsOpenBetween(int tensor) const;
  Use UseOf(int tensor) const;  // by whatever runs
  Use UseBy(int step, int tensor) const;
  const GuardPlace& Place(int tensor) const { return layout_.places[At(tensor)]; }
  // Workspaces of ops count as tensors, behind those of the graph: alive, and writable, while their op runs.
  int tensor_count() const { return static_cast<int>(lifetimes_.size()); }
  bool IsWorkspace(int tensor) const { return static_cast<std::size_t>(tensor) >= graph_.tensors().size(); }

  // guard_streams.cpp: runs on several streams.
  void FollowStreams();
  void StartLives();
  void BeginOnStream(int step, Reports& reports);
  void EndOnStream(int step, Reports& reports);
  void EndAllStreams(Reports& reports);
  void PassVanished(int step, Reports& reports);
  void Bear(int step);
  void Bury(int step);
  void CheckStreamOrder(int step, Reports& reports) const;
  void CheckWaits(int step, Reports& reports) const;
  void CheckReads(int step, Reports& reports) const;
  void CheckWrites(int step, Reports& reports) const;
  int UserNotOver(int tensor, int step, bool shares) const;
  Life LifeOf(int tensor) const { return streams_->lives[At(tensor)]; }

  // guard_words.cpp: what happened, in a sentence.
  Owner OwnerOf(std::int64_t at) const;
  GuardReport Judge(const Touch& touch, const Owner& owner) const;
  GuardReport JudgeTensor(const Touch& touch, int tensor) const;
  GuardReport Start(GuardFault fault, int tensor) const;
  int IdOf(int tensor) const;
  bool IsUnborn(int tensor) const;
  bool IsDead(int tensor) const;
  int BirthOf(int tensor) const;  // the step, or on several streams how many births and deaths came before
  int DeathOf(int tensor) const;
  std::string Subject() const;
  std::string Fate(int tensor, int* other) const;
  bool HasOverwritten(int other, int tensor) const;
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
  std::unique_ptr<Streams> streams_;      // where the graph names several
  GuardLayout layout_;
  GuardOptions options_;
  std::byte* region_;
  std::vector<std::byte> mirror_;
  std::vector<Access> reach_;  // per tensor, where not all is open
  bool all_open_ = true;
  std::atomic<bool> was_hit_{false};  // a page is open that reach_ does not know of
  int step_ = -1;                     // of the op that runs or ran last; -1 before the first
  Moment moment_ = Moment::kBetweenRuns;
  std::mutex mutex_;
  Fence fence_;
};

}  // namespace orionrt
