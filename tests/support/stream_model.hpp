// A slow twin of StreamScratch that is right by being simple. All that is told of streams is a graph, in which each
// node has the set of all nodes before it; every block of the memory has the releases that its next user must come
// behind.
#pragma once

#include <algorithm>
#include <cstdint>
#include <vector>

#include "orionrt/stream_scratch.hpp"

namespace orionrt::tests {

class StreamModel {
 public:
  StreamModel(int streams, int blocks)
      : last_(static_cast<std::size_t>(streams), -1),
        put_(last_.size(), 0),
        ended_(last_.size(), 0),
        tasks_(last_.size()),
        memory_(static_cast<std::size_t>(blocks)) {}

  // Something on a stream that comes behind all before it there, and behind the nodes of `others`.
  int Add(int stream, const std::vector<int>& others = {}) {
    const int node = static_cast<int>(nodes_.size());
    nodes_.push_back({stream, put_[stream], std::vector<bool>(nodes_.size(), false)});
    const auto after = [&](int other) {
      if (other < 0) return;
      const std::vector<bool>& more = nodes_[other].before;
      for (std::size_t i = 0; i < more.size(); ++i) {
        if (more[i]) nodes_[node].before[i] = true;
      }
      nodes_[node].before[other] = true;
    };
    after(last_[stream]);
    for (const int other : others) after(other);
    return last_[stream] = node;
  }
  bool IsBefore(int a, int b) const { return a == b || (a < b && nodes_[b].before[a]); }

  // Tasks run when they are told to, each after those before it and what its stream waits for.
  void Put(int stream, int waits_for = -1) { tasks_[stream].push_back(waits_for), ++put_[stream]; }
  bool CanEnd(int stream) const {
    if (ended_[stream] == put_[stream]) return false;
    const int waits_for = tasks_[stream][ended_[stream]];
    return waits_for < 0 || HasEnded(waits_for);
  }
  void End(int stream) { ++ended_[stream]; }
  bool HasEnded(int node) const {
    return node < synchronized_ || (asks_ && ended_[nodes_[node].stream] >= nodes_[node].put);
  }
  void set_asks() { asks_ = true; }
  void Synchronized() { synchronized_ = static_cast<int>(nodes_.size()); }

  bool MayTake(int block, int node) const {
    const Block& found = memory_[block];
    return !found.in_use && std::all_of(found.releases.begin(), found.releases.end(),
                                        [&](int release) { return IsBefore(release, node) || HasEnded(release); });
  }
  // By order of its own stream alone.
  bool MayTakeOwn(int block, int node) const {
    const Block& found = memory_[block];
    return !found.in_use && std::all_of(found.releases.begin(), found.releases.end(), [&](int release) {
      return nodes_[release].stream == nodes_[node].stream || HasEnded(release);
    });
  }
  template <typename May>
  static bool HasPlace(int blocks, int all, May may) {
    for (int at = 0; at + blocks <= all; at += blocks) {
      bool fits = true;
      for (int block = at; block < at + blocks; ++block) fits = fits && may(block);
      if (fits) return true;
    }
    return false;
  }
  bool HasPlace(int blocks, int node) const {
    return HasPlace(blocks, static_cast<int>(memory_.size()), [&](int block) { return MayTake(block, node); });
  }
  bool HasOwnPlace(int blocks, int node) const {
    return HasPlace(blocks, static_cast<int>(memory_.size()), [&](int block) { return MayTakeOwn(block, node); });
  }

  void Take(int at, int blocks) {
    for (int block = at; block < at + blocks; ++block) memory_[block].in_use = true;
  }
  // What comes behind a new release comes behind the older ones that this came behind.
  void Release(int at, int blocks, const std::vector<int>& releases) {
    for (int block = at; block < at + blocks; ++block) {
      Block& found = memory_[block];
      found.in_use = false;
      const auto is_behind = [&](int old) {
        return std::any_of(releases.begin(), releases.end(), [&](int release) { return IsBefore(old, release); });
      };
      found.releases.erase(std::remove_if(found.releases.begin(), found.releases.end(), is_behind),
                           found.releases.end());
      found.releases.insert(found.releases.end(), releases.begin(), releases.end());
    }
  }

 private:
  struct Node {
    int stream;
    std::size_t put;  // tasks on its stream before it
    std::vector<bool> before;
  };
  struct Block {
    bool in_use = false;
    std::vector<int> releases;
  };
  std::vector<int> last_;  // by stream, the node
  std::vector<std::size_t> put_, ended_;
  std::vector<std::vector<int>> tasks_;  // by stream, the node that each waits for, or -1
  std::vector<Block> memory_;
  std::vector<Node> nodes_;
  int synchronized_ = 0;  // nodes before this one have ended
  bool asks_ = false;
};

}  // namespace orionrt::tests
