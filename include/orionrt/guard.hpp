// Finding the culprit: what a TensorPool checks while ops run when PoolOptions::guard asks for it. docs/runtime.md.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "orionrt/export.hpp"

namespace orionrt {

enum class GuardFault {
  kDead,       // touched, or asked for, a tensor whose life has ended
  kUnborn,     // ... or whose life has not begun
  kUnlisted,   // ... or that is alive, but is neither input nor output of the op
  kReadOnly,   // wrote to an input
  kOverrun,    // touched bytes past the end of a tensor
  kStray,      // touched bytes where no tensor lies
  kOrder,      // an op out of the planned order, or of another graph
  kUnordered,  // of several streams: a wait that was not reported, or what no reported order keeps apart
};

// One violation. Ids are those of the graph, -1 where there is none.
struct GuardReport {
  GuardFault fault = GuardFault::kStray;
  int op = -1;        // that ran; -1: none did, the caller is at fault, or one of `candidates`
  int tensor = -1;    // that was touched, or overrun
  int other = -1;     // kDead: the tensor that takes its bytes in the plan; kOverrun: the one that lies behind;
                      // kUnordered: the one whose bytes are taken too early
  int other_op = -1;  // kUnordered: the op that should have been waited for
  std::vector<int> candidates = {};  // the ops that ran then, where several did and any may be at fault
  std::int64_t first = 0;            // first byte at fault: from the start of `tensor`, or of the region (kStray)
  std::int64_t bytes = 0;  // from the first byte that changed to the last; 0 when asked for, 1 when caught in the act
  std::string message;  // op 17 "Conv_3" read tensor 12 "relu_2", dead since step 15, overwritten by tensor 30 "conv_4"
};

// A graph on several streams (orionrt/streams.hpp): ops begin and end while others run, and the engine reports events
// and waits as they happen (TensorPool::Record, Wait). What then holds:
// - Order: every wait that the graph names, and every use and every reuse of bytes in the plan, is judged by the order
//   that was reported, whether or not it went well this time.
// - Contents: a byte is compared while no op that is open may write it; several open ops are all named as candidates.
// - Fills and canaries: 0xFB when a tensor's first op begins, 0xDE when the last that uses it has ended, and never on
//   bytes of what is alive. With canaries or the quarantine every buffer has bytes of its own (as with no_reuse).
// - `pages` is refused (kUnsupported) and `poison` does nothing: what they close others may be using. To find reads,
//   run the ops one after another, from a graph on one stream.
//
// Switches of the guard; they work together. Guarded runs may allocate and are slow: when an op begins and when it ends
// all bytes of the plan are compared with a copy of them (with `pages`, those in reach only), so the guard takes the
// region's size once more from the heap. Where canaries or the quarantine are on, tensors lie by a plan of the guard's
// own, which needs a larger arena: RequiredBytes of graph, plan and options, or `guard_bytes()`, tell how large.
struct GuardOptions {
  // Every tensor its own bytes: a stale pointer never meets a live tensor. Refused (kUnsupported), like `pages`, where
  // some must share: views, and what Transform has made lie in others.
  bool no_reuse = false;
  bool fill = true;               // a tensor's bytes are overwritten when it is born (0xFB) and when it dies (0xDE)
  std::size_t canary_bytes = 64;  // 0xCA behind every tensor; up to 2^30
  // For so many ops after its death nothing else lies in a tensor's bytes, so that what a pointer kept too long writes
  // is told from what the op writes; up to the end of the run. Not those that tensors of one buffer share. The arena
  // is then about 1.9 times the plan (docs/runtime.md); 0: none.
  int quarantine_ops = 4;
  bool contents = true;  // every byte that the op has no right to write stays as it is; false: canaries only
  // While an op runs only its inputs (readable) and outputs can be touched at all: each tensor lies on its own pages,
  // with one behind it that nothing may touch. Implies no_reuse. POSIX; refused (kUnsupported) elsewhere.
  bool pages = false;
  bool poison = true;  // the same by AddressSanitizer, where the library is compiled with it; no effect otherwise
  // Called with every violation, from the thread at fault, not under a lock; it must not call the pool, nor throw. With
  // `pages` it may be called from a signal handler. When it returns, execution goes on. Empty: prints to stderr and
  // aborts.
  std::function<void(const GuardReport&)> report;
};

}  // namespace orionrt
