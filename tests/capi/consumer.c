/* The C API as a program in C99 has it: every function, and what it refuses. */
#include <orionrt_plan.h>

#include "check.h"

static int observed = 0;

static int Stop(void* user, const orionrt_progress* progress) {
  observed += *(int*)user;
  return progress->struct_size == 0; /* which it is not */
}

static void TestVersion(void) {
  CHECK(orionrt_version_number() ==
        ORIONRT_VERSION_MAJOR * 1000000 + ORIONRT_VERSION_MINOR * 1000 + ORIONRT_VERSION_PATCH);
  CHECK(strchr(orionrt_version(), '.') != NULL);
  CHECK(strcmp(orionrt_status_name(ORIONRT_BAD_INPUT), "bad_input") == 0);
  CHECK(strcmp(orionrt_status_name(ORIONRT_NO), "no") == 0 && strcmp(orionrt_status_name(ORIONRT_OK), "ok") == 0);
  CHECK(orionrt_status_name((orionrt_status)77) == NULL);
}

static void TestProblem(void) {
  const int64_t lower[] = {0, 1, 2}, upper[] = {2, 3, 4}, size[] = {4096, 1024, 2048};
  const int64_t alignments[] = {64, 0, 64}, uses[] = {1, 2, 3};
  const int64_t clashing[] = {0, 0, 0}, apart[] = {0, 4096, 0};
  int64_t offsets[3] = {-1, -1, -1}, peak = -1;
  int32_t spaces[3] = {-1, -1, -1};
  orionrt_problem* problem = NULL;
  orionrt_plan* plan = NULL;
  orionrt_plan_figures figures = {.struct_size = sizeof figures};
  CHECK(orionrt_problem_create(3, 0, lower, upper, size, &problem) == ORIONRT_OK);
  CHECK(orionrt_problem_set_alignments(problem, alignments, 3) == ORIONRT_OK);
  CHECK(orionrt_problem_set_uses(problem, uses, 3) == ORIONRT_OK);
  CHECK(orionrt_problem_plan(problem, NULL, &plan) == ORIONRT_OK);
  CHECK(orionrt_plan_get_figures(plan, &figures) == ORIONRT_OK);
  CHECK(figures.buffer_count == 3 && figures.space_count == 1 && figures.proven_optimal == 1);
  CHECK(figures.peak_bytes == 5120 && figures.lower_bound_bytes == 5120);
  CHECK(figures.bound_kind == ORIONRT_BOUND_LIVE_BYTES && figures.interrupted == 0);
  CHECK(strncmp(orionrt_plan_policy(plan), "auto", 4) == 0);
  CHECK(orionrt_plan_offsets(plan, offsets, 3) == ORIONRT_OK && orionrt_plan_spaces(plan, spaces, 3) == ORIONRT_OK);
  CHECK(orionrt_plan_peaks(plan, &peak, 1) == ORIONRT_OK && peak == 5120 && spaces[2] == 0);
  CHECK(orionrt_problem_check(problem, offsets, NULL, 3) == ORIONRT_OK);
  CHECK(orionrt_problem_check(problem, apart, spaces, 3) == ORIONRT_OK);
  REFUSED(ORIONRT_NO, "share", orionrt_problem_check(problem, clashing, NULL, 3));
  REFUSED(ORIONRT_MISUSE, "has room for 2, and there are 3", orionrt_plan_offsets(plan, offsets, 2));
  REFUSED(ORIONRT_MISUSE, "the problem has 3 buffers", orionrt_problem_check(problem, offsets, NULL, 2));
  orionrt_plan_destroy(plan);
  orionrt_problem_destroy(problem);
}

static void TestOptions(void) {
  const int64_t lower[] = {0, 0}, upper[] = {1, 1}, size[] = {100, 100};
  int one = 1;
  orionrt_problem* problem = NULL;
  orionrt_plan* plan = NULL;
  orionrt_plan_options options = {.struct_size = sizeof options};
  struct {
    orionrt_plan_options known;
    int64_t later;
  } later = {.known = {.struct_size = sizeof later}};
  orionrt_plan_figures figures = {.struct_size = sizeof figures};
  CHECK(orionrt_problem_create(2, 1, lower, upper, size, &problem) == ORIONRT_OK);
  options.capacity = 150;
  REFUSED(ORIONRT_INFEASIBLE, "150", orionrt_problem_plan(problem, &options, &plan));
  CHECK(plan == NULL);
  options.capacity = 0;
  options.policy = "no_such";
  REFUSED(ORIONRT_MISUSE, "no_such", orionrt_problem_plan(problem, &options, &plan));
  options.policy = "first_fit";
  options.effort = 9;
  REFUSED(ORIONRT_MISUSE, "effort", orionrt_problem_plan(problem, &options, &plan));
  options.effort = ORIONRT_EFFORT_FAST;
  options.time_limit_seconds = -1;
  REFUSED(ORIONRT_MISUSE, "time_limit_seconds", orionrt_problem_plan(problem, &options, &plan));
  options.time_limit_seconds = 0;
  options.struct_size = 0;
  REFUSED(ORIONRT_MISUSE, "struct_size", orionrt_problem_plan(problem, &options, &plan));
  options.struct_size = offsetof(orionrt_plan_options, effort); /* of an older version: without what is behind */
  options.effort = 9;
  CHECK(orionrt_problem_plan(problem, &options, &plan) == ORIONRT_OK);
  orionrt_plan_destroy(plan);
  CHECK(orionrt_problem_plan(problem, &later.known, &plan) == ORIONRT_OK);
  orionrt_plan_destroy(plan);
  later.later = 1;
  REFUSED(ORIONRT_UNSUPPORTED, "later OrionRT", orionrt_problem_plan(problem, &later.known, &plan));
  later.known.struct_size = sizeof later.known;
  later.known.observer = Stop;
  later.known.user = &one;
  CHECK(orionrt_problem_plan(problem, &later.known, &plan) == ORIONRT_OK);
  CHECK(observed > 0 && orionrt_plan_get_figures(plan, &figures) == ORIONRT_OK && figures.peak_bytes == 200);
  figures.struct_size = offsetof(orionrt_plan_figures, peak_bytes);
  figures.peak_bytes = -7;
  CHECK(orionrt_plan_get_figures(plan, &figures) == ORIONRT_OK && figures.peak_bytes == -7);
  orionrt_plan_destroy(plan);
  orionrt_problem_destroy(problem);
}

static void TestSpaces(void) {
  const int64_t lower[] = {0, 0}, upper[] = {1, 1}, size[] = {100, 100}, far_out[] = {INT64_MAX - 50, INT64_MAX - 9};
  const int64_t fixed[] = {-1, 300};
  const int32_t second = 1, odd = 5;
  int64_t offsets[2], peaks[2];
  int32_t spaces[2];
  orionrt_space sram = {.struct_size = sizeof sram, .name = "sram", .capacity = 128};
  orionrt_space dram = {.struct_size = sizeof dram, .name = "dram"};
  orionrt_problem* problem = NULL;
  orionrt_plan* plan = NULL;
  CHECK(orionrt_problem_create(2, 0, lower, upper, size, &problem) == ORIONRT_OK);
  CHECK(orionrt_problem_add_space(problem, &sram) == ORIONRT_OK);
  CHECK(orionrt_problem_add_space(problem, &dram) == ORIONRT_OK);
  REFUSED(ORIONRT_MISUSE, "the space is NULL", orionrt_problem_add_space(problem, NULL));
  CHECK(orionrt_problem_allow_spaces(problem, 1, &second, 1) == ORIONRT_OK);
  CHECK(orionrt_problem_set_fixed_offsets(problem, fixed, 2) == ORIONRT_OK);
  CHECK(orionrt_problem_plan(problem, NULL, &plan) == ORIONRT_OK);
  CHECK(orionrt_plan_spaces(plan, spaces, 2) == ORIONRT_OK && spaces[0] == 0 && spaces[1] == 1);
  CHECK(orionrt_plan_offsets(plan, offsets, 2) == ORIONRT_OK && offsets[1] == 300);
  CHECK(orionrt_plan_peaks(plan, peaks, 2) == ORIONRT_OK && peaks[0] == 100 && peaks[1] == 400);
  CHECK(orionrt_problem_check(problem, offsets, spaces, 2) == ORIONRT_OK);
  spaces[1] = 0;
  REFUSED(ORIONRT_NO, "buffer", orionrt_problem_check(problem, offsets, spaces, 2));
  spaces[1] = 99;
  REFUSED(ORIONRT_NO, "buffer", orionrt_problem_check(problem, offsets, spaces, 2));
  spaces[1] = 1;
  REFUSED(ORIONRT_NO, "buffer", orionrt_problem_check(problem, far_out, spaces, 2));
  REFUSED(ORIONRT_MISUSE, "no buffer 2", orionrt_problem_allow_spaces(problem, 2, &second, 1));
  spaces[0] = 1; /* elsewhere than where it would best: dearer, and right */
  CHECK(orionrt_problem_check(problem, offsets, spaces, 2) == ORIONRT_OK);
  CHECK(orionrt_problem_allow_spaces(problem, 0, &odd, 1) == ORIONRT_OK);
  orionrt_plan_destroy(plan);
  REFUSED(ORIONRT_BAD_INPUT, "buffer 0", orionrt_problem_plan(problem, NULL, &plan));
  orionrt_problem_destroy(problem);
}

/* Two streams: buffers 0 and 1 are over before one another in no order; 2 begins when both are. */
static void TestClocks(void) {
  const int64_t lower[] = {0, 0, 0, 0, 1, 1}, upper[] = {1, 0, 0, 1, 2, 2}, size[] = {64, 64, 128};
  orionrt_problem* problem = NULL;
  orionrt_plan* plan = NULL;
  orionrt_plan_figures figures = {.struct_size = sizeof figures};
  CHECK(orionrt_problem_create(3, 2, lower, upper, size, &problem) == ORIONRT_OK);
  CHECK(orionrt_problem_plan(problem, NULL, &plan) == ORIONRT_OK);
  CHECK(orionrt_plan_get_figures(plan, &figures) == ORIONRT_OK && figures.peak_bytes == 128);
  orionrt_plan_destroy(plan);
  orionrt_problem_destroy(problem);
  REFUSED(ORIONRT_MISUSE, "streams", orionrt_problem_create(3, 65, lower, upper, size, &problem));
  CHECK(problem == NULL);
}

/* Buffer 0 is a staircase: bytes 0-63 in steps 0-1, bytes 64-127 in steps 2-3. Buffer 1 fits into the gap. */
static void TestPartsAndApart(void) {
  const int64_t lower[] = {0, 0, 0}, upper[] = {4, 2, 1}, size[] = {128, 64, 64};
  const int32_t owners[] = {0, 0}, nobody[] = {0, 7};
  const int64_t part_lower[] = {0, 2}, part_upper[] = {2, 4}, begin[] = {0, 64}, end[] = {64, 128};
  const int64_t lower_clocks[] = {0, 0, 0, 0}, upper_clocks[] = {1, 0, 1, 1}, sizes[] = {64, 64};
  const int64_t part_end[] = {1, 0};
  orionrt_plan_figures figures = {.struct_size = sizeof figures};
  orionrt_problem* problem = NULL;
  orionrt_plan* plan = NULL;
  CHECK(orionrt_problem_create(2, 0, lower, upper, size, &problem) == ORIONRT_OK);
  CHECK(orionrt_problem_plan(problem, NULL, &plan) == ORIONRT_OK);
  CHECK(orionrt_plan_get_figures(plan, &figures) == ORIONRT_OK && figures.peak_bytes == 192);
  orionrt_plan_destroy(plan);
  CHECK(orionrt_problem_set_parts(problem, owners, part_lower, part_upper, begin, end, 2) == ORIONRT_OK);
  REFUSED(ORIONRT_BAD_INPUT, "no buffer",
          orionrt_problem_set_parts(problem, nobody, part_lower, part_upper, begin, end, 2));
  REFUSED(ORIONRT_BAD_INPUT, "outside",
          orionrt_problem_set_parts(problem, owners, part_lower, part_upper, end, begin, 1));
  REFUSED(ORIONRT_MISUSE, "begin is NULL",
          orionrt_problem_set_parts(problem, owners, part_lower, part_upper, NULL, end, 2));
  CHECK(orionrt_problem_plan(problem, NULL, &plan) == ORIONRT_OK);
  CHECK(orionrt_plan_get_figures(plan, &figures) == ORIONRT_OK && figures.peak_bytes == 128);
  orionrt_plan_destroy(plan);
  CHECK(orionrt_problem_keep_apart(problem, 1, 0) == ORIONRT_OK);
  REFUSED(ORIONRT_MISUSE, "no pair", orionrt_problem_keep_apart(problem, 1, 1));
  REFUSED(ORIONRT_MISUSE, "no pair", orionrt_problem_keep_apart(problem, 0, 2));
  CHECK(orionrt_problem_plan(problem, NULL, &plan) == ORIONRT_OK);
  CHECK(orionrt_plan_get_figures(plan, &figures) == ORIONRT_OK && figures.peak_bytes == 192);
  orionrt_plan_destroy(plan);
  orionrt_problem_destroy(problem);

  CHECK(orionrt_problem_create(2, 2, lower_clocks, upper_clocks, sizes, &problem) == ORIONRT_OK);
  CHECK(orionrt_problem_set_parts(problem, owners, lower_clocks, part_end, begin, end, 1) == ORIONRT_OK);
  REFUSED(ORIONRT_BAD_INPUT, "outside",
          orionrt_problem_set_parts(problem, owners, lower_clocks, upper_clocks + 2, begin, end, 1));
  orionrt_problem_destroy(problem);
}

static void TestNull(void) {
  const int64_t one[] = {1}, two[] = {2};
  orionrt_problem* problem = NULL;
  orionrt_plan* plan = NULL;
  orionrt_graph* graph = NULL;
  orionrt_assignment* assignment = NULL;
  orionrt_pool* pool = NULL;
  size_t bytes = 7;
  uint64_t id = 0;
  REFUSED(ORIONRT_MISUSE, "NULL", orionrt_problem_create(1, 0, one, two, one, NULL));
  REFUSED(ORIONRT_MISUSE, "upper is NULL", orionrt_problem_create(1, 0, one, NULL, one, &problem));
  REFUSED(ORIONRT_BAD_INPUT, "buffer 0", orionrt_problem_create(1, 0, two, one, one, &problem));
  REFUSED(ORIONRT_MISUSE, "NULL", orionrt_problem_set_uses(NULL, one, 1));
  REFUSED(ORIONRT_MISUSE, "NULL", orionrt_problem_plan(NULL, NULL, &plan));
  REFUSED(ORIONRT_MISUSE, "NULL", orionrt_plan_get_figures(NULL, NULL));
  REFUSED(ORIONRT_MISUSE, "NULL", orionrt_graph_assign(NULL, NULL, &assignment, &plan));
  REFUSED(ORIONRT_MISUSE, "NULL", orionrt_graph_id(NULL, &id));
  REFUSED(ORIONRT_MISUSE, "NULL", orionrt_graph_add_op(NULL, NULL));
  REFUSED(ORIONRT_MISUSE, "NULL", orionrt_assignment_get_figures(NULL, NULL));
  REFUSED(ORIONRT_MISUSE, "NULL", orionrt_assignment_write(NULL, NULL, 0, &bytes));
  REFUSED(ORIONRT_MISUSE, "NULL", orionrt_assignment_read(NULL, 8, &assignment));
  REFUSED(ORIONRT_BAD_INPUT, "no binary plan", orionrt_assignment_read(NULL, 0, &assignment));
  REFUSED(ORIONRT_MISUSE, "NULL", orionrt_pool_create(NULL, NULL, NULL, 0, &pool));
  CHECK(orionrt_pool_tensor(NULL, 0, &bytes) == NULL && bytes == 0);
  CHECK(orionrt_pool_workspace(NULL, 0, NULL) == NULL && orionrt_plan_policy(NULL) == NULL);
  CHECK(orionrt_pool_body_tensor(NULL, 0, NULL, 0, NULL) == NULL);
  CHECK(orionrt_graph_create(&graph) == ORIONRT_OK);
  REFUSED(ORIONRT_MISUSE, "the tensor is NULL", orionrt_graph_add_tensor(graph, NULL));
  orionrt_problem_destroy(NULL);
  orionrt_plan_destroy(NULL);
  orionrt_graph_destroy(graph);
  orionrt_graph_destroy(NULL);
  orionrt_assignment_destroy(NULL);
  orionrt_pool_destroy(NULL);
}

static void AddTensor(orionrt_graph* graph, int32_t id, uint64_t bytes, uint32_t roles) {
  orionrt_tensor tensor = {.struct_size = sizeof tensor, .id = id, .bytes = bytes, .roles = roles, .name = "t"};
  CHECK(orionrt_graph_add_tensor(graph, &tensor) == ORIONRT_OK);
}

/* 0 -> op 10 -> 1 -> op 11, in place -> 2 -> op 12 -> 3; op 11 needs scratch. */
static orionrt_graph* MakeGraph(void) {
  const int32_t ids[] = {0, 1, 2, 3};
  const orionrt_alias alias = {.kind = ORIONRT_ALIAS_SAME_INDEX};
  orionrt_graph* graph = NULL;
  int32_t i;
  CHECK(orionrt_graph_create(&graph) == ORIONRT_OK);
  for (i = 0; i < 4; ++i) AddTensor(graph, i, 256, i == 0 ? ORIONRT_ROLE_INPUT : i == 3 ? ORIONRT_ROLE_OUTPUT : 0);
  for (i = 0; i < 3; ++i) {
    orionrt_op op = {.struct_size = sizeof op, .id = 10 + i, .type = "Op"};
    op.inputs = &ids[i];
    op.outputs = &ids[i + 1];
    op.input_count = op.output_count = 1;
    op.aliases = &alias;
    op.alias_count = i == 1 ? 1 : 0;
    op.workspace_bytes = i == 1 ? 100 : 0;
    CHECK(orionrt_graph_add_op(graph, &op) == ORIONRT_OK);
  }
  CHECK(orionrt_graph_check(graph) == ORIONRT_OK);
  return graph;
}

static void CheckAssignment(const orionrt_assignment* assignment, const orionrt_graph* graph) {
  orionrt_assignment_figures figures = {.struct_size = sizeof figures};
  orionrt_place tensors[4], workspace;
  orionrt_in_place use;
  orionrt_need need;
  int32_t order[3], streams[3];
  size_t ends[3];
  uint64_t id = 0;
  CHECK(orionrt_assignment_get_figures(assignment, &figures) == ORIONRT_OK);
  CHECK(figures.tensor_count == 4 && figures.op_count == 3 && figures.workspace_count == 1);
  CHECK(figures.in_place_count == 1 && figures.vanished_count == 0 && figures.space_count == 1);
  CHECK(figures.has_streams == 0 && figures.wait_count == 0 && figures.body_count == 0);
  CHECK(orionrt_graph_id(graph, &id) == ORIONRT_OK && id == figures.graph_id);
  CHECK(orionrt_assignment_tensors(assignment, tensors, 4) == ORIONRT_OK);
  CHECK(tensors[3].id == 3 && tensors[3].bytes == 256 && tensors[1].offset == tensors[2].offset);
  CHECK(orionrt_assignment_workspaces(assignment, &workspace, 1) == ORIONRT_OK);
  CHECK(workspace.id == 11 && workspace.bytes == 100 && workspace.space == 0);
  CHECK(orionrt_assignment_in_place(assignment, &use, 1) == ORIONRT_OK);
  CHECK(use.op == 11 && use.output == 2 && use.input == 1);
  CHECK(orionrt_assignment_order(assignment, order, 3) == ORIONRT_OK && order[0] == 10 && order[2] == 12);
  CHECK(orionrt_assignment_vanished(assignment, NULL, 0) == ORIONRT_OK);
  CHECK(orionrt_assignment_streams(assignment, streams, ends, 3, NULL, 0) == ORIONRT_OK);
  CHECK(streams[2] == 0 && ends[2] == 0);
  CHECK(orionrt_assignment_needs(assignment, &need, 1) == ORIONRT_OK);
  CHECK(need.required_bytes == 512 && need.base_alignment == 64 && strcmp(need.name, "") == 0);
  CHECK(orionrt_assignment_check(assignment, graph) == ORIONRT_OK);
}

static void CheckPool(const orionrt_pool* pool, const unsigned char* base) {
  unsigned char* const first = orionrt_pool_tensor(pool, 1, NULL);
  size_t bytes = 0;
  CHECK(first != NULL && orionrt_pool_tensor(pool, 2, &bytes) == first && bytes == 256);
  CHECK(base == NULL || (first >= base && first + 256 <= base + 512));
  memset(first, 1, 256);
  CHECK(orionrt_pool_workspace(pool, 11, &bytes) != NULL && bytes == 100);
  CHECK(orionrt_pool_workspace(pool, 10, NULL) == NULL && orionrt_pool_tensor(pool, 4, NULL) == NULL);
  CHECK(orionrt_pool_body_tensor(pool, 10, "body", 0, NULL) == NULL);
}

static void TestGraph(void) {
  orionrt_plan_options options = {.struct_size = sizeof options, .transforms = ORIONRT_ALL_TRANSFORMS};
  orionrt_plan_figures figures = {.struct_size = sizeof figures};
  orionrt_graph *graph = MakeGraph(), *other = NULL;
  orionrt_assignment *made = NULL, *read = NULL;
  orionrt_plan* plan = NULL;
  orionrt_pool* pool = NULL;
  orionrt_image image;
  unsigned char* file;
  unsigned char* memory = malloc(1024);
  orionrt_buffer buffer = {NULL, 512};
  size_t bytes = 0;
  CHECK(memory != NULL);
  buffer.base = memory + 64 - (uintptr_t)memory % 64;
  CHECK(orionrt_graph_assign(graph, &options, &made, &plan) == ORIONRT_OK);
  CHECK(orionrt_plan_get_figures(plan, &figures) == ORIONRT_OK && figures.peak_bytes == 512);
  orionrt_plan_destroy(plan);
  CheckAssignment(made, graph);
  CHECK(orionrt_assignment_write(made, NULL, 0, &bytes) == ORIONRT_OK && bytes > 0);
  file = malloc(bytes);
  CHECK(file != NULL);
  REFUSED(ORIONRT_MISUSE, "room", orionrt_assignment_write(made, file, bytes - 1, &bytes));
  CHECK(orionrt_assignment_write(made, file, bytes, &bytes) == ORIONRT_OK);
  CHECK(orionrt_image_open(&image, file, bytes) == ORIONRT_IMAGE_OK);
  CHECK(orionrt_assignment_read(file, bytes, &read) == ORIONRT_OK);
  CheckAssignment(read, graph);
  file[bytes - 1] ^= 1;
  orionrt_assignment_destroy(made);
  REFUSED(ORIONRT_BAD_INPUT, "damaged", orionrt_assignment_read(file, bytes, &made));
  CHECK(made == NULL);

  CHECK(orionrt_pool_create(read, graph, NULL, 0, &pool) == ORIONRT_OK);
  CheckPool(pool, NULL);
  orionrt_pool_destroy(pool);
  CHECK(orionrt_pool_create(read, NULL, &buffer, 1, &pool) == ORIONRT_OK);
  CheckPool(pool, buffer.base);
  orionrt_pool_destroy(pool);
  buffer.bytes = 511;
  REFUSED(ORIONRT_INFEASIBLE, "512 bytes", orionrt_pool_create(read, graph, &buffer, 1, &pool));
  buffer.bytes = 512;
  buffer.base = (unsigned char*)buffer.base + 1;
  REFUSED(ORIONRT_MISUSE, "aligned to 64", orionrt_pool_create(read, graph, &buffer, 1, &pool));
  REFUSED(ORIONRT_MISUSE, "the plan has 1 spaces", orionrt_pool_create(read, graph, &buffer, 2, &pool));

  other = MakeGraph();
  AddTensor(other, 9, 8, ORIONRT_ROLE_STATE);
  REFUSED(ORIONRT_NO, "another graph", orionrt_assignment_check(read, other));
  REFUSED(ORIONRT_BAD_INPUT, "another graph", orionrt_pool_create(read, other, NULL, 0, &pool));
  AddTensor(other, 9, 8, 0);
  REFUSED(ORIONRT_BAD_INPUT, "9", orionrt_graph_check(other));
  REFUSED(ORIONRT_BAD_INPUT, "9", orionrt_graph_assign(other, NULL, &made, &plan));
  CHECK(made == NULL && plan == NULL);
  orionrt_graph_destroy(other);
  orionrt_assignment_destroy(read);
  orionrt_graph_destroy(graph);
  free(file);
  free(memory);
}

/* Op 1 on stream 1 waits for op 0 on stream 0; tensor 1 is a view of tensor 0. */
static void TestStreamsAndViews(void) {
  const int32_t zero = 0, one = 1, two = 2;
  orionrt_op first = {.struct_size = sizeof first, .id = 0, .outputs = &zero, .output_count = 1};
  orionrt_op second = {.struct_size = sizeof second, .id = 1, .stream = 1};
  orionrt_op third = {.struct_size = sizeof third, .id = 2, .inputs = &zero, .input_count = 1};
  orionrt_tensor view = {.struct_size = sizeof view, .id = 2, .bytes = 8, .is_view = 1, .view_of = 0};
  orionrt_assignment_figures figures = {.struct_size = sizeof figures};
  orionrt_graph* graph = NULL;
  orionrt_assignment* made = NULL;
  int32_t streams[3], wait = -1;
  size_t ends[3];
  CHECK(orionrt_graph_create(&graph) == ORIONRT_OK);
  AddTensor(graph, 0, 64, 0);
  AddTensor(graph, 1, 64, ORIONRT_ROLE_OUTPUT);
  view.view_offset = 56;
  CHECK(orionrt_graph_add_tensor(graph, &view) == ORIONRT_OK);
  second.inputs = &two;
  second.outputs = &one;
  second.waits = &zero;
  second.input_count = second.output_count = second.wait_count = 1;
  CHECK(orionrt_graph_add_op(graph, &first) == ORIONRT_OK && orionrt_graph_add_op(graph, &second) == ORIONRT_OK);
  CHECK(orionrt_graph_add_op(graph, &third) == ORIONRT_OK);
  CHECK(orionrt_graph_assign(graph, NULL, &made, NULL) == ORIONRT_OK);
  CHECK(orionrt_assignment_get_figures(made, &figures) == ORIONRT_OK && figures.has_streams == 1);
  CHECK(orionrt_assignment_streams(made, streams, ends, 3, &wait, 1) == ORIONRT_OK);
  CHECK(streams[0] == 0 && streams[1] == 1 && wait == 0 && ends[0] == 0 && ends[1] == 1 && ends[2] == 1);
  REFUSED(ORIONRT_MISUSE, "waits", orionrt_assignment_streams(made, streams, ends, 3, &wait, 0));
  orionrt_assignment_destroy(made);
  view.roles = 16;
  REFUSED(ORIONRT_MISUSE, "roles", orionrt_graph_add_tensor(graph, &view));
  orionrt_graph_destroy(graph);
}

/* Two branches from one tensor, joined by a third op: they go on two streams. */
static void TestOnStreams(void) {
  const int32_t ids[] = {0, 1, 2, 3};
  orionrt_op ops[] = {{.struct_size = sizeof *ops, .id = 0},
                      {.struct_size = sizeof *ops, .id = 1},
                      {.struct_size = sizeof *ops, .id = 2}};
  orionrt_stream_figures figures = {.struct_size = sizeof figures};
  orionrt_assignment_figures assigned = {.struct_size = sizeof assigned};
  orionrt_graph *graph = NULL, *streamed = NULL, *again = NULL;
  orionrt_assignment* made = NULL;
  size_t added = 9;
  int32_t i;
  CHECK(orionrt_graph_create(&graph) == ORIONRT_OK);
  for (i = 0; i < 4; ++i) AddTensor(graph, i, 64, 0);
  for (i = 0; i < 3; ++i) {
    ops[i].inputs = i == 2 ? ids + 1 : ids;
    ops[i].input_count = i == 2 ? 2 : 1;
    ops[i].outputs = ids + 1 + i;
    ops[i].output_count = 1;
    CHECK(orionrt_graph_add_op(graph, ops + i) == ORIONRT_OK);
  }
  REFUSED(ORIONRT_MISUSE, "streams", orionrt_graph_on_streams(graph, 0, &streamed, NULL));
  CHECK(streamed == NULL && orionrt_graph_on_streams(graph, 2, &streamed, &figures) == ORIONRT_OK);
  CHECK(figures.streams == 2 && figures.waits == 1 && figures.longest_chain == 2 && figures.least_chain == 2);
  REFUSED(ORIONRT_MISUSE, "streams", orionrt_graph_on_streams(streamed, 2, &again, NULL));
  CHECK(orionrt_graph_assign(streamed, NULL, &made, NULL) == ORIONRT_OK);
  CHECK(orionrt_assignment_get_figures(made, &assigned) == ORIONRT_OK);
  CHECK(assigned.has_streams == 1 && assigned.wait_count == 1);
  CHECK(orionrt_assignment_check(made, streamed) == ORIONRT_OK);
  orionrt_assignment_destroy(made);
  orionrt_graph_destroy(streamed);
  orionrt_graph_destroy(graph);

  CHECK(orionrt_graph_create(&graph) == ORIONRT_OK); /* the same by hand, the wait forgotten */
  for (i = 0; i < 4; ++i) AddTensor(graph, i, 64, 0);
  ops[1].stream = 1;
  for (i = 0; i < 3; ++i) CHECK(orionrt_graph_add_op(graph, ops + i) == ORIONRT_OK);
  REFUSED(ORIONRT_BAD_INPUT, "stream", orionrt_graph_check(graph));
  CHECK(orionrt_graph_imply_waits(graph, &added) == ORIONRT_OK && added == 1);
  CHECK(orionrt_graph_check(graph) == ORIONRT_OK);
  CHECK(orionrt_graph_imply_waits(graph, &added) == ORIONRT_OK && added == 0);
  orionrt_graph_destroy(graph);
  REFUSED(ORIONRT_MISUSE, "NULL", orionrt_graph_imply_waits(NULL, NULL));
}

static orionrt_guard_report found;
static int findings = 0;

static void Found(void* user, const orionrt_guard_report* report) {
  CHECK(user == &findings && report->struct_size == sizeof found && strlen(report->message) > 0);
  found = *report;
  ++findings;
}

static void TestGuard(void) {
  orionrt_pool_options options = {.struct_size = sizeof options, .guard = 1, .observer = Found, .user = &findings};
  orionrt_graph* graph = MakeGraph();
  orionrt_assignment* made = NULL;
  orionrt_pool* pool = NULL;
  unsigned char* kept;
  int32_t i;
  CHECK(orionrt_graph_assign(graph, NULL, &made, NULL) == ORIONRT_OK);
  REFUSED(ORIONRT_MISUSE, "the graph is NULL", orionrt_pool_create_with(made, NULL, NULL, 0, &options, &pool));
  CHECK(orionrt_pool_create_with(made, graph, NULL, 0, &options, &pool) == ORIONRT_OK);
  kept = orionrt_pool_tensor(pool, 0, NULL);
  for (i = 10; i < 13; ++i) {
    orionrt_pool_begin_op(pool, i);
    memset(orionrt_pool_tensor(pool, i - 9, NULL), i, 256);
    orionrt_pool_end_op(pool, i);
  }
  orionrt_pool_end_run(pool);
  CHECK(findings == 0);
  for (i = 10; i < 13; ++i) {
    orionrt_pool_begin_op(pool, i);
    if (i == 11) kept[5] = 1; /* tensor 0 was last read by op 10 */
    orionrt_pool_end_op(pool, i);
  }
  CHECK(findings == 1 && found.fault == ORIONRT_GUARD_DEAD && found.op == 11 && found.tensor == 0);
  CHECK(found.first == 5 && found.bytes == 1);
  orionrt_pool_end_run(pool);
  orionrt_pool_begin_op(pool, 12);
  CHECK(findings == 2 && found.fault == ORIONRT_GUARD_ORDER);
  orionrt_pool_record(pool, 12); /* of one stream: nothing */
  orionrt_pool_wait(pool, 0, 12);
  orionrt_pool_destroy(pool);
  orionrt_pool_begin_op(NULL, 1);
  orionrt_pool_end_op(NULL, 1);
  orionrt_pool_end_run(NULL);
  orionrt_pool_record(NULL, 1);
  orionrt_pool_wait(NULL, 0, 1);
  orionrt_assignment_destroy(made);
  orionrt_graph_destroy(graph);
}

static void TestScratch(void) {
  orionrt_pool_options options = {.struct_size = sizeof options, .scratch_bytes = 5000};
  orionrt_graph* graph = MakeGraph();
  orionrt_assignment* made = NULL;
  orionrt_pool* pool = NULL;
  unsigned char* scratch;
  CHECK(orionrt_graph_assign(graph, NULL, &made, NULL) == ORIONRT_OK);
  CHECK(orionrt_pool_create_with(made, graph, NULL, 0, &options, &pool) == ORIONRT_OK);
  scratch = orionrt_pool_scratch(pool, 0, 5000);
  CHECK(scratch != NULL && (unsigned char*)orionrt_pool_tensor(pool, 3, NULL) < scratch);
  memset(scratch, 1, 5000);
  CHECK(orionrt_pool_scratch(pool, 0, 5000) == NULL && orionrt_pool_scratch(pool, 1, 8) == NULL);
  REFUSED(ORIONRT_MISUSE, "no scratch of space 0", orionrt_pool_free_scratch(pool, 0, scratch, 100));
  REFUSED(ORIONRT_MISUSE, "no scratch of space 1", orionrt_pool_free_scratch(pool, 1, scratch, 5000));
  REFUSED(ORIONRT_MISUSE, "no scratch", orionrt_pool_free_scratch(pool, 0, orionrt_pool_tensor(pool, 1, NULL), 256));
  CHECK(orionrt_pool_free_scratch(pool, 0, scratch, 5000) == ORIONRT_OK);
  REFUSED(ORIONRT_MISUSE, "no scratch", orionrt_pool_free_scratch(pool, 0, scratch, 5000));
  orionrt_pool_destroy(pool);
  options.scratch_bytes = -1;
  REFUSED(ORIONRT_MISUSE, "negative", orionrt_pool_create_with(made, graph, NULL, 0, &options, &pool));
  options.scratch_bytes = INT64_MAX;
  REFUSED(ORIONRT_INFEASIBLE, "address", orionrt_pool_create_with(made, graph, NULL, 0, &options, &pool));
  CHECK(orionrt_pool_create(made, NULL, NULL, 0, &pool) == ORIONRT_OK);
  CHECK(orionrt_pool_scratch(pool, 0, 8) == NULL && orionrt_pool_scratch(NULL, 0, 8) == NULL);
  REFUSED(ORIONRT_MISUSE, "without its graph", orionrt_pool_free_scratch(pool, 0, scratch, 8));
  orionrt_pool_destroy(pool);
  orionrt_assignment_destroy(made);
  orionrt_graph_destroy(graph);
}

/* What the caller holds: the input, of which tensor 2 is a piece. */
static void TestExternal(void) {
  const int32_t inputs[] = {0, 2}, one = 1;
  unsigned char given[64];
  orionrt_tensor piece = {.struct_size = sizeof piece, .id = 2, .bytes = 8, .is_view = 1, .view_offset = 56};
  orionrt_op op = {.struct_size = sizeof op, .inputs = inputs, .input_count = 2, .outputs = &one, .output_count = 1};
  orionrt_graph* graph = NULL;
  orionrt_assignment* made = NULL;
  orionrt_pool* pool = NULL;
  orionrt_place places[3];
  size_t bytes = 7;
  CHECK(orionrt_graph_create(&graph) == ORIONRT_OK);
  AddTensor(graph, 0, 64, ORIONRT_ROLE_INPUT | ORIONRT_ROLE_EXTERNAL);
  AddTensor(graph, 1, 64, ORIONRT_ROLE_OUTPUT);
  CHECK(orionrt_graph_add_tensor(graph, &piece) == ORIONRT_OK && orionrt_graph_add_op(graph, &op) == ORIONRT_OK);
  CHECK(orionrt_graph_assign(graph, NULL, &made, NULL) == ORIONRT_OK);
  CHECK(orionrt_assignment_tensors(made, places, 3) == ORIONRT_OK && places[0].space == ORIONRT_EXTERNAL);
  CHECK(orionrt_pool_create(made, graph, NULL, 0, &pool) == ORIONRT_OK);
  CHECK(orionrt_pool_tensor(pool, 0, &bytes) == NULL && bytes == 0);
  CHECK(orionrt_pool_bind(pool, 0, given) == ORIONRT_OK);
  CHECK(orionrt_pool_tensor(pool, 0, &bytes) == given && bytes == 64);
  CHECK(orionrt_pool_tensor(pool, 2, &bytes) == given + 56 && bytes == 8);
  REFUSED(ORIONRT_MISUSE, "tensor 1", orionrt_pool_bind(pool, 1, given));
  REFUSED(ORIONRT_MISUSE, "tensor 2", orionrt_pool_bind(pool, 2, given));
  CHECK(orionrt_pool_bind(pool, 0, NULL) == ORIONRT_OK && orionrt_pool_tensor(pool, 0, NULL) == NULL);
  orionrt_pool_destroy(pool);
  REFUSED(ORIONRT_MISUSE, "NULL", orionrt_pool_bind(NULL, 0, given));
  orionrt_assignment_destroy(made);
  orionrt_graph_destroy(graph);
}

int main(void) {
  TestVersion();
  TestProblem();
  TestOptions();
  TestSpaces();
  TestClocks();
  TestPartsAndApart();
  TestNull();
  TestGraph();
  TestStreamsAndViews();
  TestOnStreams();
  TestGuard();
  TestScratch();
  TestExternal();
  return EXIT_SUCCESS;
}
