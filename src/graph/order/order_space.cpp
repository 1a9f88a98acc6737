#include "graph/order/order_space.hpp"

#include <algorithm>
#include <map>

#include "base/index.hpp"

namespace orionrt {
namespace {

void CloseRows(OrderRows<int>& rows, const std::vector<std::vector<int>>& lists) {
  for (const std::vector<int>& list : lists) {
    rows.items.insert(rows.items.end(), list.begin(), list.end());
    rows.Close();
  }
}

}  // namespace

OrderSpace::OrderSpace(const OrderModel& model, bool run_backwards)
    : ops(static_cast<int>(model.before.size())), words((ops + 63) / 64), backwards(run_backwards) {
  need.assign(At(ops), 0);
  growth.assign(At(ops), 0);
  claim_loss.assign(At(ops), 0);
  AddEdges(model);
  AddBuffers(model);
  AddClaims(model);
  if (backwards) AddLosses();
}

void OrderSpace::AddEdges(const OrderModel& model) {
  std::vector<std::vector<int>> ahead(At(ops));
  std::vector<std::vector<int>> later(At(ops));
  const auto add = [&](int first, int second) {
    if (backwards) std::swap(first, second);
    ahead[At(Place(second))].push_back(Place(first));
  };
  for (int op = 0; op < ops; ++op) {
    for (const int earlier : model.before[At(op)]) add(earlier, op);
  }
  for (const OrderBuffer& buffer : model.buffers) {
    for (const int user : buffer.users) {
      if (buffer.producer >= 0) add(buffer.producer, user);
    }
  }
  for (int op = 0; op < ops; ++op) {
    std::sort(ahead[At(op)].begin(), ahead[At(op)].end());
    ahead[At(op)].erase(std::unique(ahead[At(op)].begin(), ahead[At(op)].end()), ahead[At(op)].end());
    for (const int earlier : ahead[At(op)]) later[At(earlier)].push_back(op);
  }
  CloseRows(before, ahead);
  CloseRows(behind, later);
}

void OrderSpace::AddBuffers(const OrderModel& model) {
  // A claim may ask after a buffer that its op does not use.
  std::vector<char> asked(model.buffers.size(), 0);
  for (int op = 0; op < ops; ++op) {
    for (const OrderClaim& claim : model.claims[At(op)]) {
      for (const int buffer : claim.dying) {
        const std::vector<int>& readers = model.buffers[At(buffer)].users;
        asked[At(buffer)] |= static_cast<char>(!readers.empty() && readers != std::vector<int>{op});
      }
    }
  }
  shared_buffer_.assign(model.buffers.size(), -1);
  std::vector<std::vector<int>> used(At(ops));
  for (int op = 0; op < ops; ++op) need[At(Place(op))] += model.workspace[At(op)];
  for (std::size_t i = 0; i < model.buffers.size(); ++i) {
    const OrderBuffer& buffer = model.buffers[i];
    const bool given = buffer.producer < 0;
    const bool stays = buffer.kept || !buffer.users.empty();
    if (given && buffer.kept) start_bytes += buffer.bytes;
    if (given && !stays && !backwards) first_extra += buffer.bytes;
    if (given && stays && !buffer.kept && !backwards) start_bytes += buffer.bytes;
    if (!given && buffer.kept && backwards) start_bytes += buffer.bytes;
    if (!given && (!backwards || !stays)) need[At(Place(buffer.producer))] += buffer.bytes;
    if (!given && stays) growth[At(Place(buffer.producer))] += backwards ? -buffer.bytes : buffer.bytes;
    if (buffer.kept || buffer.users.empty()) continue;
    if (buffer.users.size() == 1 && asked[i] == 0) {
      const int user = Place(buffer.users[0]);
      need[At(user)] += backwards ? buffer.bytes : 0;
      growth[At(user)] += backwards ? buffer.bytes : -buffer.bytes;
      continue;
    }
    shared_buffer_[i] = static_cast<int>(shared.size());
    shared.push_back({buffer.bytes, static_cast<int>(shared.size())});
    for (const int user : buffer.users) {
      used[At(Place(user))].push_back(shared_buffer_[i]);
      users.items.push_back(Place(user));
    }
    users.Close();
  }
  CloseRows(shared_of, used);
}

void OrderSpace::AddClaims(const OrderModel& model) {
  for (int place = 0; place < ops; ++place) {
    const int op = Place(place);
    for (const OrderClaim& from : model.claims[At(op)]) {
      Claim claim{static_cast<int>(claim_buffers.size()), 0, from.output, from.input, from.saved_bytes};
      bool possible = true;
      for (const int buffer : from.dying) {
        possible = possible && !model.buffers[At(buffer)].kept;
        if (shared_buffer_[At(buffer)] >= 0) claim_buffers.push_back(shared_buffer_[At(buffer)]);
      }
      claim.last = static_cast<int>(claim_buffers.size());
      if (possible) claims.items.push_back(claim);
    }
    claims.Close();
  }
}

void OrderSpace::AddLosses() {
  for (int op = 0; op < ops; ++op) {
    std::map<int, std::int64_t> lost;  // user -> what its running earlier, backwards, takes from `op`
    for (const Claim& claim : claims[op]) {
      std::vector<int> others;
      for (int i = claim.first; i < claim.last; ++i) {
        for (const int user : users[shared[At(claim_buffers[At(i)])].users]) others.push_back(user);
      }
      std::sort(others.begin(), others.end());
      others.erase(std::unique(others.begin(), others.end()), others.end());
      for (const int user : others) lost[user] += claim.saved_bytes;
    }
    for (const auto& [user, bytes] : lost) {
      if (user != op) claim_loss[At(user)] = std::max(claim_loss[At(user)], bytes);
    }
  }
}

// The heaviest matching of outputs and inputs, by longest augmenting paths. O(claims^2 * outputs).
std::int64_t OrderSpace::Saved(const std::vector<const Claim*>& claims) {
  std::int64_t largest = 0;
  bool one_output = true;
  bool one_input = true;
  for (const Claim* claim : claims) {
    largest = std::max(largest, claim->saved_bytes);
    one_output = one_output && claim->output == claims[0]->output;
    one_input = one_input && claim->input == claims[0]->input;
  }
  if (one_output || one_input) return largest;
  std::map<int, const Claim*> by_output;
  std::map<int, const Claim*> by_input;
  std::int64_t total = 0;
  while (true) {
    // gain[input]: the most that a path from a free output to this input adds; `via`: its last claim.
    std::map<int, std::int64_t> gain;
    std::map<int, const Claim*> via;
    for (bool changed = true; changed;) {
      changed = false;
      for (const Claim* claim : claims) {
        const auto held = by_output.find(claim->output);
        std::int64_t sum = claim->saved_bytes;
        if (held != by_output.end()) {
          const auto reached = gain.find(held->second->input);
          if (held->second->input == claim->input || reached == gain.end()) continue;
          sum += reached->second - held->second->saved_bytes;
        }
        const auto known = gain.find(claim->input);
        if (known != gain.end() && known->second >= sum) continue;
        gain[claim->input] = sum;
        via[claim->input] = claim;
        changed = true;
      }
    }
    int best = -1;
    for (const auto& [input, bytes] : gain) {
      if (bytes > 0 && by_input.count(input) == 0 && (best < 0 || bytes > gain[best])) best = input;
    }
    if (best < 0) return total;
    total += gain[best];
    for (int input = best; input >= 0;) {
      const Claim* claim = via[input];
      const auto held = by_output.find(claim->output);
      const int freed = held == by_output.end() ? -1 : held->second->input;
      by_output[claim->output] = claim;
      by_input[input] = claim;
      input = freed;
    }
  }
}

std::vector<std::int64_t> BytesInOrder(const OrderSpace& space, const std::vector<int>& order) {
  std::vector<int> ran(space.shared.size(), 0);
  std::int64_t live = space.start_bytes;
  std::vector<std::int64_t> bytes;
  for (std::size_t i = 0; i < order.size(); ++i) {
    const int op = order[i];
    const auto uses = space.shared_of[op];
    const OrderStep step = space.StepWith(op, live, i == 0, [&](int buffer) {
      const bool own = std::binary_search(uses.begin(), uses.end(), buffer);
      return ran[At(buffer)] + (own ? 1 : 0) == static_cast<int>(space.users[space.shared[At(buffer)].users].size());
    });
    for (const int buffer : uses) ++ran[At(buffer)];
    bytes.push_back(step.at);
    live = step.after;
  }
  return bytes;
}

}  // namespace orionrt
