// The C API through its own calls: a graph, its spaces and options are drawn from the bytes, or a problem; whatever
// they are, calls fail with a status and a message, or what they made is judged, written, read and served.
#include <cstring>
#include <vector>

#include "orionrt/orionrt.h"
#include "target.hpp"

using namespace orionrt::fuzz;

namespace {

// Draws numbers until the bytes are used up, then zeros.
class Draws {
 public:
  Draws(const std::uint8_t* data, std::size_t size) : data_(data), size_(size) {}
  bool more() const { return size_ > 0; }
  int Byte() {
    if (size_ == 0) return 0;
    --size_;
    return *data_++;
  }
  std::int32_t Id() { return Byte() % 12 - (Byte() == 0 ? 1 : 0); }
  std::vector<std::int32_t> Ids() {
    std::vector<std::int32_t> ids;
    for (int count = Byte() % 4; count > 0; --count) ids.push_back(Id());
    return ids;
  }
  std::uint64_t Bytes() {
    const int byte = Byte();
    if (byte < 250) return static_cast<std::uint64_t>(byte) * 8;
    return ~std::uint64_t{0} >> (byte - 250) * 10;
  }

 private:
  const std::uint8_t* data_;
  std::size_t size_;
};

bool Works(orionrt_status status) {
  if (status == ORIONRT_OK) return true;
  Require(orionrt_status_name(status) != nullptr, "a status has no name");
  Require(status != ORIONRT_INTERNAL, orionrt_last_error());
  Require(orionrt_last_error()[0] != '\0', "a call fails without a word");
  return false;
}

void AddTensor(orionrt_graph* graph, Draws& draws) {
  static const char* const names[] = {"sram", "dram", "none"};
  orionrt_tensor tensor = {};
  tensor.struct_size = sizeof tensor;
  tensor.id = draws.Id();
  tensor.bytes = draws.Bytes();
  tensor.roles = static_cast<std::uint32_t>(draws.Byte() % 17);
  tensor.alignment = draws.Byte() % 4 == 0 ? draws.Bytes() : 0;
  tensor.is_view = draws.Byte() % 5 == 0 ? 1 : 0;
  tensor.view_of = draws.Id();
  tensor.view_offset = draws.Bytes();
  tensor.spaces = names;
  tensor.space_count = draws.Byte() % 8 == 0 ? static_cast<std::size_t>(draws.Byte() % 4) : 0;
  (void)Works(orionrt_graph_add_tensor(graph, &tensor));
}

void AddOp(orionrt_graph* graph, Draws& draws) {
  const std::vector<std::int32_t> inputs = draws.Ids(), outputs = draws.Ids();
  const std::vector<std::int32_t> waits = draws.Byte() % 4 == 0 ? draws.Ids() : std::vector<std::int32_t>();
  const orionrt_alias alias = {draws.Byte() % 7, draws.Byte() % 3, draws.Byte() % 3, draws.Bytes()};
  orionrt_op op = {};
  op.struct_size = sizeof op;
  op.id = draws.Id();
  op.inputs = inputs.data();
  op.input_count = inputs.size();
  op.outputs = outputs.data();
  op.output_count = outputs.size();
  op.aliases = &alias;
  op.alias_count = draws.Byte() % 2 == 0 ? 1 : 0;
  op.waits = waits.data();
  op.wait_count = waits.size();
  op.stream = draws.Byte() % 8 == 0 ? draws.Id() : 0;
  op.workspace_bytes = draws.Byte() % 4 == 0 ? draws.Bytes() : 0;
  (void)Works(orionrt_graph_add_op(graph, &op));
}

void AddSpace(orionrt_graph* graph, Draws& draws) {
  orionrt_space space = {};
  space.struct_size = sizeof space;
  space.name = draws.Byte() % 2 == 0 ? "sram" : "dram";
  space.capacity = static_cast<std::int64_t>(draws.Bytes());
  space.alignment = draws.Byte();
  space.granularity = draws.Byte();
  (void)Works(orionrt_graph_add_space(graph, &space));
}

void Serve(const orionrt_graph* graph, const orionrt_assignment* assignment) {
  orionrt_assignment_figures figures = {};
  figures.struct_size = sizeof figures;
  Require(Works(orionrt_assignment_get_figures(assignment, &figures)), "an assignment has no figures");
  std::vector<orionrt_need> needs(figures.space_count);
  std::vector<orionrt_place> places(figures.tensor_count);
  Require(Works(orionrt_assignment_needs(assignment, needs.data(), needs.size())), "an assignment has no needs");
  Require(Works(orionrt_assignment_tensors(assignment, places.data(), places.size())), "an assignment has no places");
  for (const orionrt_need& need : needs) {
    if (need.required_bytes > 1 << 20 || need.base_alignment > 1 << 20) return;
  }
  orionrt_pool* pool = nullptr;
  std::vector<char> held(1 << 12);
  orionrt_pool_options options = {};
  options.struct_size = sizeof options;
  options.scratch_bytes = 100;
  Require(Works(orionrt_pool_create_with(assignment, graph, nullptr, 0, &options, &pool)), "an assignment has no pool");
  for (const orionrt_place& place : places) {
    std::size_t bytes = 0;
    if (place.space == ORIONRT_EXTERNAL && place.bytes <= 1 << 12) {
      (void)Works(orionrt_pool_bind(pool, place.id, held.data()));  // but for views
    }
    char* const at = static_cast<char*>(orionrt_pool_tensor(pool, place.id, &bytes));
    if (bytes > 0) at[0] = at[bytes - 1] = 1;
  }
  void* const scratch = orionrt_pool_scratch(pool, 0, 100);
  if (scratch != nullptr) {
    std::memset(scratch, 2, 100);
    Require(Works(orionrt_pool_free_scratch(pool, 0, scratch, 100)), "scratch cannot be given back");
  } else {
    Require(needs.empty(), "there is no scratch");
  }
  orionrt_pool_destroy(pool);
}

// Ops in the stated order, each writing all that it may write: the guard finds nothing.
void RunGuarded(const std::vector<std::int32_t>& order, orionrt_pool* pool) {
  for (const std::int32_t op : order) {
    orionrt_pool_begin_op(pool, op);
    std::size_t bytes = 0;
    void* const workspace = orionrt_pool_workspace(pool, op, &bytes);
    if (workspace != nullptr) std::memset(workspace, 3, bytes);
    orionrt_pool_end_op(pool, op);
  }
  orionrt_pool_end_run(pool);
}

void Guard(const orionrt_graph* graph, const orionrt_assignment* assignment) {
  orionrt_assignment_figures figures = {};
  figures.struct_size = sizeof figures;
  Require(Works(orionrt_assignment_get_figures(assignment, &figures)), "an assignment has no figures");
  std::vector<orionrt_need> needs(figures.space_count);
  Require(Works(orionrt_assignment_needs(assignment, needs.data(), needs.size())), "an assignment has no needs");
  for (const orionrt_need& need : needs) {
    if (need.required_bytes > 1 << 16 || need.base_alignment > 1 << 16) return;
  }
  std::vector<std::int32_t> order(figures.op_count);
  Require(Works(orionrt_assignment_order(assignment, order.data(), order.size())), "an assignment has no order");
  orionrt_pool_options options = {};
  options.struct_size = sizeof options;
  options.guard = 1;
  options.observer = [](void*, const orionrt_guard_report* report) { Require(false, report->message); };
  orionrt_pool* pool = nullptr;
  if (!Works(orionrt_pool_create_with(assignment, graph, nullptr, 0, &options, &pool))) return;
  if (figures.has_streams == 0) RunGuarded(order, pool);
  orionrt_pool_destroy(pool);
}

void Judge(const orionrt_graph* graph, const orionrt_assignment* made) {
  Require(Works(orionrt_assignment_check(made, graph)), "what was assigned is not right");
  std::size_t bytes = 0;
  Require(Works(orionrt_assignment_write(made, nullptr, 0, &bytes)), "an assignment cannot be written");
  std::vector<char> file(bytes);
  Require(Works(orionrt_assignment_write(made, file.data(), bytes, &bytes)), "an assignment cannot be written");
  orionrt_assignment* read = nullptr;
  Require(Works(orionrt_assignment_read(file.data(), bytes, &read)), "an assignment cannot be read again");
  Require(Works(orionrt_assignment_check(read, graph)), "what was read again is not right");
  Serve(graph, read);
  Guard(graph, read);
  orionrt_assignment_destroy(read);
}

// The same graph on two streams, where it has none of its own.
void Stream(const orionrt_graph* graph, const orionrt_plan_options& options) {
  orionrt_graph* streamed = nullptr;
  orionrt_stream_figures figures = {};
  figures.struct_size = sizeof figures;
  if (!Works(orionrt_graph_on_streams(graph, 2, &streamed, &figures))) return;
  Require(figures.streams >= 1 && figures.streams <= 2 && figures.longest_chain >= figures.least_chain,
          "streams have odd figures");
  std::size_t added = 0;
  Require(Works(orionrt_graph_imply_waits(streamed, &added)) && added == 0, "a streamed graph lacks waits");
  orionrt_assignment* made = nullptr;
  if (Works(orionrt_graph_assign(streamed, &options, &made, nullptr))) Judge(streamed, made);
  orionrt_assignment_destroy(made);
  orionrt_graph_destroy(streamed);
}

std::int64_t Number(Draws& draws) { return static_cast<std::int64_t>(draws.Bytes() / 8) - (draws.Byte() == 0 ? 1 : 0); }

// A problem of a few buffers with parts, pairs and clocks, planned, and its plan judged.
void PlanProblem(Draws& draws) {
  const auto count = static_cast<std::size_t>(draws.Byte() % 8);
  const std::int32_t streams = draws.Byte() % 4;
  const std::size_t numbers = count * static_cast<std::size_t>(streams > 1 ? streams : 1);
  std::vector<std::int64_t> lower, upper, size;
  for (std::size_t i = 0; i < numbers; ++i) {
    lower.push_back(Number(draws) % 16);
    upper.push_back(lower.back() + Number(draws) % 16);
  }
  for (std::size_t i = 0; i < count; ++i) size.push_back(Number(draws));
  orionrt_problem* problem = nullptr;
  if (!Works(orionrt_problem_create(count, streams, lower.data(), upper.data(), size.data(), &problem))) return;
  std::vector<std::int32_t> owners;
  std::vector<std::int64_t> part_lower, part_upper, begin, end;
  for (std::size_t i = 0; i < count && draws.Byte() % 2 == 0; ++i) {
    owners.push_back(static_cast<std::int32_t>(i) + (draws.Byte() == 0 ? 1 : 0));
    begin.push_back(Number(draws));
    end.push_back(begin.back() + Number(draws));
    for (std::size_t k = 0; k < numbers / count; ++k) {
      part_lower.push_back(lower[i * (numbers / count) + k] + draws.Byte() % 3);
      part_upper.push_back(upper[i * (numbers / count) + k] - draws.Byte() % 3);
    }
  }
  (void)Works(orionrt_problem_set_parts(problem, owners.data(), part_lower.data(), part_upper.data(), begin.data(),
                                        end.data(), owners.size()));
  if (draws.Byte() % 2 == 0) {
    const auto buffer = static_cast<std::size_t>(draws.Byte() % 8), other = static_cast<std::size_t>(draws.Byte() % 8);
    (void)Works(orionrt_problem_keep_apart(problem, buffer, other));
  }
  orionrt_plan_options options = {};
  options.struct_size = sizeof options;
  options.effort = ORIONRT_EFFORT_FAST;
  orionrt_plan* plan = nullptr;
  if (Works(orionrt_problem_plan(problem, &options, &plan))) {
    std::vector<std::int64_t> offsets(count);
    Require(Works(orionrt_plan_offsets(plan, offsets.data(), count)), "a plan has no offsets");
    Require(Works(orionrt_problem_check(problem, offsets.data(), nullptr, count)), "what was planned is not right");
  }
  orionrt_plan_destroy(plan);
  orionrt_problem_destroy(problem);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size > 4096) return 0;
  Draws draws(data, size);
  if (size > 0 && data[0] % 4 == 3) {
    (void)draws.Byte();
    PlanProblem(draws);
    return 0;
  }
  orionrt_graph* graph = nullptr;
  Require(Works(orionrt_graph_create(&graph)), "no graph");
  orionrt_plan_options options = {};
  options.struct_size = sizeof options;
  options.policy = "greedy_by_size";
  options.transforms = static_cast<std::uint32_t>(draws.Byte() % 17);
  options.alignment = draws.Byte() % 4 == 0 ? static_cast<std::int64_t>(draws.Bytes()) : 0;
  options.effort = draws.Byte() % 4;
  while (draws.more()) {
    const int what = draws.Byte();
    if (what % 16 == 0) {
      AddSpace(graph, draws);
    } else if (what % 2 == 0) {
      AddTensor(graph, draws);
    } else {
      AddOp(graph, draws);
    }
  }
  orionrt_assignment* made = nullptr;
  orionrt_plan* plan = nullptr;
  if (Works(orionrt_graph_assign(graph, &options, &made, &plan))) {
    Judge(graph, made);
    Stream(graph, options);
  }
  orionrt_plan_destroy(plan);
  orionrt_assignment_destroy(made);
  orionrt_graph_destroy(graph);
  return 0;
}
