/* orionrt_io.h as a program in C99 has it: io_consumer GRAPH.json [MODEL.onnx]. */
#include <orionrt_io.h>
#include <stddef.h>

#include "check.h"

static char text[1 << 22];

static size_t Read(const char* path) {
  FILE* const file = fopen(path, "rb");
  size_t bytes;
  CHECK(file != NULL);
  bytes = fread(text, 1, sizeof text, file);
  fclose(file);
  return bytes;
}

static void Assign(const orionrt_graph* graph) {
  orionrt_assignment* made = NULL;
  CHECK(orionrt_graph_assign(graph, NULL, &made, NULL) == ORIONRT_OK);
  CHECK(orionrt_assignment_check(made, graph) == ORIONRT_OK);
  orionrt_assignment_destroy(made);
}

static void TestJson(const char* path) {
  const size_t bytes = Read(path);
  orionrt_graph* graph = NULL;
  orionrt_problem* problem = NULL;
  orionrt_assignment* assignment = NULL;
  CHECK(orionrt_graph_read_json(text, bytes, path, &graph) == ORIONRT_OK);
  Assign(graph);
  orionrt_graph_destroy(graph);
  REFUSED(ORIONRT_BAD_INPUT, path, orionrt_problem_read_json(text, bytes, path, &problem));
  REFUSED(ORIONRT_BAD_INPUT, "the buffer", orionrt_assignment_read_json(text, bytes, NULL, &assignment));
  REFUSED(ORIONRT_MISUSE, "NULL", orionrt_graph_read_json(NULL, 4, path, &graph));
  CHECK(graph == NULL && problem == NULL && assignment == NULL);
}

/* What was written is read again, and written as before. */
static void TestWriting(const char* path) {
  static char first[1 << 20], second[1 << 20];
  const size_t bytes = Read(path);
  size_t length = 0, again = 0;
  orionrt_graph* graph = NULL;
  orionrt_problem* problem = NULL;
  orionrt_assignment *made = NULL, *read = NULL;
  orionrt_plan* plan = NULL;
  const int64_t lower[] = {0, 0}, upper[] = {2, 3}, size[] = {64, 128}, begin[] = {0}, end[] = {32};
  const int32_t owner[] = {1};
  CHECK(orionrt_graph_read_json(text, bytes, path, &graph) == ORIONRT_OK);
  CHECK(orionrt_graph_write_json(graph, NULL, 0, &length) == ORIONRT_OK && length > 0);
  REFUSED(ORIONRT_MISUSE, "room", orionrt_graph_write_json(graph, first, length - 1, &length));
  CHECK(orionrt_graph_write_json(graph, first, sizeof first, &length) == ORIONRT_OK);
  orionrt_graph_destroy(graph);
  CHECK(orionrt_graph_read_json(first, length, "again", &graph) == ORIONRT_OK);
  CHECK(orionrt_graph_write_json(graph, second, sizeof second, &again) == ORIONRT_OK);
  CHECK(again == length && memcmp(first, second, length) == 0);

  CHECK(orionrt_graph_assign(graph, NULL, &made, &plan) == ORIONRT_OK);
  CHECK(orionrt_plan_write_json(plan, first, sizeof first, &length) == ORIONRT_OK);
  CHECK(orionrt_assignment_read_json(first, length, "plan", &read) == ORIONRT_OK);
  CHECK(orionrt_assignment_check(read, graph) == ORIONRT_OK);
  CHECK(orionrt_assignment_write(made, first, sizeof first, &length) == ORIONRT_OK);
  CHECK(orionrt_assignment_write(read, second, sizeof second, &again) == ORIONRT_OK);
  CHECK(again == length && memcmp(first, second, length) == 0);
  orionrt_assignment_destroy(read);
  orionrt_assignment_destroy(made);
  orionrt_plan_destroy(plan);
  orionrt_graph_destroy(graph);

  CHECK(orionrt_problem_create(2, 0, lower, upper, size, &problem) == ORIONRT_OK);
  CHECK(orionrt_problem_set_parts(problem, owner, lower, upper, begin, end, 1) == ORIONRT_OK);
  CHECK(orionrt_problem_keep_apart(problem, 0, 1) == ORIONRT_OK);
  CHECK(orionrt_problem_write_json(problem, first, sizeof first, &length) == ORIONRT_OK);
  orionrt_problem_destroy(problem);
  CHECK(orionrt_problem_read_json(first, length, "problem", &problem) == ORIONRT_OK);
  CHECK(orionrt_problem_write_json(problem, second, sizeof second, &length) == ORIONRT_OK); /* with its source */
  orionrt_problem_destroy(problem);
  CHECK(orionrt_problem_read_json(second, length, "problem", &problem) == ORIONRT_OK);
  CHECK(orionrt_problem_write_json(problem, first, sizeof first, &again) == ORIONRT_OK);
  CHECK(again == length && memcmp(first, second, length) == 0 && strstr(first, "\"apart\"") != NULL);
  CHECK(strstr(first, "\"parts\"") != NULL);
  CHECK(orionrt_problem_plan(problem, NULL, &plan) == ORIONRT_OK);
  CHECK(orionrt_plan_write_json(plan, first, sizeof first, &length) == ORIONRT_OK);
  REFUSED(ORIONRT_BAD_INPUT, "lifetimes alone", orionrt_assignment_read_json(first, length, "plan", &read));
  orionrt_plan_destroy(plan);
  orionrt_problem_destroy(problem);
  REFUSED(ORIONRT_MISUSE, "NULL", orionrt_graph_write_json(NULL, first, sizeof first, &length));
  REFUSED(ORIONRT_MISUSE, "NULL", orionrt_problem_write_json(NULL, first, sizeof first, &length));
  REFUSED(ORIONRT_MISUSE, "NULL", orionrt_plan_write_json(NULL, first, sizeof first, &length));
}

static void TestCsv(void) {
  static const char csv[] = "id,lower,upper,size,offset\na,0,3,4096,\nb,2,5,1024,8192\n";
  orionrt_problem* problem = NULL;
  orionrt_plan* plan = NULL;
  int64_t offsets[2];
  CHECK(orionrt_problem_read_csv(csv, sizeof csv - 1, "a.csv", &problem) == ORIONRT_OK);
  CHECK(orionrt_problem_plan(problem, NULL, &plan) == ORIONRT_OK);
  CHECK(orionrt_plan_offsets(plan, offsets, 2) == ORIONRT_OK && offsets[0] == 0 && offsets[1] == 8192);
  orionrt_plan_destroy(plan);
  orionrt_problem_destroy(problem);
}

#ifdef TEST_ONNX
static void TestOnnx(const char* path) {
  const orionrt_dim dim = {"*", 1};
  orionrt_load_options options = {.struct_size = sizeof options, .dims = &dim, .dim_count = 1};
  const size_t bytes = Read(path);
  orionrt_graph* graph = NULL;
  CHECK(orionrt_graph_read_onnx(text, bytes, path, &options, &graph) == ORIONRT_OK);
  Assign(graph);
  orionrt_graph_destroy(graph);
  REFUSED(ORIONRT_BAD_INPUT, path, orionrt_graph_read_onnx(text, 50, path, NULL, &graph));
}

/* An op of one's own, "Own", on x [n,4]: x -> Own -> y. */
static const unsigned char own_op[] = {8,   8,   58, 48, 10, 11, 10,  1,  120, 18, 1,  121, 34, 3,  79,
                                       119, 110, 18, 0,  90, 20, 10,  1,  120, 18, 15, 10,  13, 8,  1,
                                       18,  9,   10, 3,  18, 1,  110, 10, 2,   8,  4,  98,  9,  10, 1,
                                       121, 18,  4,  10, 2,  8,  1,   66, 4,   10, 0,  16,  17};

static uint64_t BytesOf(const orionrt_graph* graph, int32_t id, int32_t* space) {
  orionrt_assignment* made = NULL;
  orionrt_place places[2];
  CHECK(orionrt_graph_assign(graph, NULL, &made, NULL) == ORIONRT_OK);
  CHECK(orionrt_assignment_tensors(made, places, 2) == ORIONRT_OK && places[id].id == id);
  orionrt_assignment_destroy(made);
  *space = places[id].space;
  return (uint64_t)places[id].bytes;
}

static void TestLoadOptions(void) {
  static const char json[] =
      "{\"schema\": \"orionrt.op_rules/1\", \"rules\": [{\"op\": \"Own\", \"inputs\": [\"x\"],"
      " \"outputs\": [{\"shape\": [\"2 * x[0]\", \"x[1]\"]}]}]}";
  static const char* const external[] = {"inputs"};
  static const char* const unknown[] = {"Nothing"};
  const orionrt_dim dim = {"n", 3};
  const int64_t shape[] = {5, 7};
  const orionrt_input given = {"y", shape, 2}, nameless = {NULL, shape, 2};
  orionrt_load_options options = {.struct_size = sizeof options, .dims = &dim, .dim_count = 1};
  orionrt_op_rules* rules = NULL;
  orionrt_graph* graph = NULL;
  int32_t space = 0;
  REFUSED(ORIONRT_BAD_INPUT, "the rules", orionrt_op_rules_read_json("{", 1, NULL, &rules));
  CHECK(rules == NULL);
  orionrt_op_rules_destroy(NULL);
  CHECK(orionrt_op_rules_read_json(json, sizeof json - 1, "rules.json", &rules) == ORIONRT_OK);
  REFUSED(ORIONRT_UNSUPPORTED, "Own", orionrt_graph_read_onnx(own_op, sizeof own_op, "own", &options, &graph));
  options.op_rules = rules;
  options.external = external;
  options.external_count = 1;
  CHECK(orionrt_graph_read_onnx(own_op, sizeof own_op, "own", &options, &graph) == ORIONRT_OK);
  orionrt_op_rules_destroy(rules); /* the graph has its own */
  CHECK(BytesOf(graph, 1, &space) == 2 * 3 * 4 * 4 && space != ORIONRT_EXTERNAL);
  CHECK(BytesOf(graph, 0, &space) == 3 * 4 * 4 && space == ORIONRT_EXTERNAL);
  orionrt_graph_destroy(graph);
  options.op_rules = NULL;
  options.shapes = &given;
  options.shape_count = 1;
  CHECK(orionrt_graph_read_onnx(own_op, sizeof own_op, "own", &options, &graph) == ORIONRT_OK);
  CHECK(BytesOf(graph, 1, &space) == 5 * 7 * 4);
  orionrt_graph_destroy(graph);
  options.in_place_types = unknown;
  options.in_place_type_count = 1;
  REFUSED(ORIONRT_BAD_INPUT, "Nothing", orionrt_graph_read_onnx(own_op, sizeof own_op, "own", &options, &graph));
  options.in_place_types = NULL;
  REFUSED(ORIONRT_MISUSE, "in_place_types", orionrt_graph_read_onnx(own_op, sizeof own_op, "own", &options, &graph));
  options.in_place_type_count = 0;
  options.shapes = &nameless;
  REFUSED(ORIONRT_MISUSE, "NULL", orionrt_graph_read_onnx(own_op, sizeof own_op, "own", &options, &graph));
  options.shapes = NULL;
  options.shape_count = 0;
  options.struct_size = offsetof(orionrt_load_options, shapes); /* of a program of before */
  options.external_count = 1u << 30;
  REFUSED(ORIONRT_UNSUPPORTED, "Own", orionrt_graph_read_onnx(own_op, sizeof own_op, "own", &options, &graph));
}
#endif

#ifdef TEST_TFLITE
static void TestTflite(void) {
  orionrt_graph* graph = NULL;
  REFUSED(ORIONRT_BAD_INPUT, "m.tflite", orionrt_graph_read_tflite("none", 4, "m.tflite", NULL, &graph));
}
#endif

int main(int argc, char** argv) {
  CHECK(argc == 3);
  TestJson(argv[1]);
  TestWriting(argv[1]);
  TestCsv();
#ifdef TEST_ONNX
  TestOnnx(argv[2]);
  TestLoadOptions();
#endif
#ifdef TEST_TFLITE
  TestTflite();
#endif
  return EXIT_SUCCESS;
}
