/* The way of the data in C: a graph built by calls, its plan, the plan's bytes, and a pool that serves them.
 *
 *   x ──▶ Scale ──▶ h ──▶ Relu, in place ──▶ y
 */
#include <orionrt.h>
#include <stdio.h>
#include <stdlib.h>

enum { kX, kH, kY, kCount = 256 };

static void Try(orionrt_status status) {
  if (status == ORIONRT_OK) return;
  fprintf(stderr, "c_api: %s: %s\n", orionrt_status_name(status), orionrt_last_error());
  exit(status);
}

static orionrt_graph* MakeGraph(void) {
  static const int32_t ids[] = {kX, kH, kY};
  static const uint32_t roles[] = {ORIONRT_ROLE_INPUT, 0, ORIONRT_ROLE_OUTPUT};
  static const char* const names[] = {"x", "h", "y"};
  static const char* const types[] = {"Scale", "Relu"};
  const orionrt_alias in_place = {.kind = ORIONRT_ALIAS_SAME_INDEX};
  orionrt_graph* graph;
  int i;
  Try(orionrt_graph_create(&graph));
  for (i = 0; i < 3; ++i) {
    orionrt_tensor tensor = {.struct_size = sizeof tensor, .id = ids[i], .bytes = kCount * sizeof(float)};
    tensor.name = names[i];
    tensor.roles = roles[i];
    Try(orionrt_graph_add_tensor(graph, &tensor));
  }
  for (i = 0; i < 2; ++i) {
    orionrt_op op = {.struct_size = sizeof op, .id = i, .type = types[i], .aliases = &in_place};
    op.inputs = &ids[i];
    op.outputs = &ids[i + 1];
    op.input_count = op.output_count = op.alias_count = 1;
    Try(orionrt_graph_add_op(graph, &op));
  }
  return graph;
}

/* What a file would hold. */
static void* Write(const orionrt_assignment* assignment, size_t* bytes) {
  void* file;
  Try(orionrt_assignment_write(assignment, NULL, 0, bytes));
  file = malloc(*bytes);
  if (file == NULL) exit(ORIONRT_OUT_OF_MEMORY);
  Try(orionrt_assignment_write(assignment, file, *bytes, bytes));
  return file;
}

static void Run(const orionrt_pool* pool) {
  float* const x = orionrt_pool_tensor(pool, kX, NULL);
  float* const h = orionrt_pool_tensor(pool, kH, NULL);
  float* const y = orionrt_pool_tensor(pool, kY, NULL);
  int i;
  for (i = 0; i < kCount; ++i) x[i] = (float)i - 100;
  for (i = 0; i < kCount; ++i) h[i] = 2 * x[i];
  for (i = 0; i < kCount; ++i) y[i] = h[i] > 0 ? h[i] : 0;
  printf("y[99] = %g, y[101] = %g\n", (double)y[99], (double)y[101]);
}

int main(void) {
  const orionrt_plan_options options = {.struct_size = sizeof options, .transforms = ORIONRT_ALL_TRANSFORMS};
  orionrt_plan_figures figures = {.struct_size = sizeof figures};
  orionrt_graph* const graph = MakeGraph();
  orionrt_assignment *made, *read;
  orionrt_plan* plan;
  orionrt_pool* pool;
  size_t bytes;
  void* file;
  Try(orionrt_graph_assign(graph, &options, &made, &plan));
  Try(orionrt_plan_get_figures(plan, &figures));
  printf("%lld bytes%s\n", (long long)figures.peak_bytes, figures.proven_optimal ? ", proven optimal" : "");
  file = Write(made, &bytes);

  /* Here, or on another machine that has the file. */
  Try(orionrt_assignment_read(file, bytes, &read));
  Try(orionrt_pool_create(read, graph, NULL, 0, &pool));
  Run(pool);

  orionrt_pool_destroy(pool);
  orionrt_assignment_destroy(read);
  orionrt_assignment_destroy(made);
  orionrt_plan_destroy(plan);
  orionrt_graph_destroy(graph);
  free(file);
  return 0;
}
