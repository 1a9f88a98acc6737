/* Models and files in C, with the conventions of orionrt.h. Each function is in the component that its comment names;
 * link that, beside the core. Readers take whole files from memory: `source` is what messages call the bytes, and NULL
 * there "the buffer". Nothing in a file is trusted. */
#ifndef ORIONRT_IO_H_
#define ORIONRT_IO_H_

#include "orionrt/orionrt.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct orionrt_dim { /* --dim NAME=SIZE of the command; "*" sets all that are unset. Does not grow */
  const char* name;
  int64_t size;
} orionrt_dim;

typedef struct orionrt_input { /* --input NAME=1x3x224x224, --shape NAME=1x10x4. Does not grow */
  const char* name;
  const int64_t* shape;
  size_t rank;
} orionrt_input;

typedef struct orionrt_op_rules orionrt_op_rules;

typedef struct orionrt_load_options {
  size_t struct_size;
  const orionrt_dim* dims;
  size_t dim_count;
  const orionrt_input* inputs;
  size_t input_count;
  const char* data_folder;     /* where small constants outside an ONNX file are looked for; NULL: they are not */
  int32_t no_fold;             /* 1: ops of constants alone stay */
  int32_t fold_shapes;         /* 1: ops of known shapes go, too */
  const orionrt_input* shapes; /* --shape: of tensors that ops make, before all that follows from the model */
  size_t shape_count;
  const char* const* external; /* --external: "inputs", "outputs", or names of tensors whose bytes the caller holds */
  size_t external_count;
  const char* const* in_place_types; /* --assume-in-place: types of ops that may write over an input */
  size_t in_place_type_count;
  const orionrt_op_rules* op_rules; /* --op-rules: what ops of one's own make of their inputs; NULL: none. ONNX alone */
  const char* extra_data_folder;    /* --data-folder: where external data lies, or its links lead; NULL: nowhere else */
  int32_t trust_shapes;             /* 1: what the file declares of a tensor goes before what follows from its op */
} orionrt_load_options;

/* Component io. A graph in JSON, schema orionrt.graph/1. */
ORIONRT_C_API orionrt_status orionrt_graph_read_json(const char* text, size_t bytes, const char* source,
                                                     orionrt_graph** graph);
/* Component io. A problem in CSV, as MiniMalloc reads it, or in JSON, schema orionrt.problem/1. Offsets that the file
 * has are fixed. */
ORIONRT_C_API orionrt_status orionrt_problem_read_csv(const char* text, size_t bytes, const char* source,
                                                      orionrt_problem** problem);
ORIONRT_C_API orionrt_status orionrt_problem_read_json(const char* text, size_t bytes, const char* source,
                                                       orionrt_problem** problem);
/* Component io. The assignment of a plan in JSON, schema orionrt.plan/1, that was made of a graph. */
ORIONRT_C_API orionrt_status orionrt_assignment_read_json(const char* text, size_t bytes, const char* source,
                                                          orionrt_assignment** assignment);
/* Component io. The inverses, as JSON of those schemas, into a buffer of the caller's; with `buffer` NULL and
 * `capacity` 0 only *bytes is set: how many there are. No zero ends the text. A graph is written without its table of
 * spaces; one with bodies of control-flow ops is ORIONRT_UNSUPPORTED. A plan is written with all that it was made of:
 * lifetimes, the certificate and, of a graph, the assignment, which orionrt_assignment_read_json and every command
 * read. */
ORIONRT_C_API orionrt_status orionrt_graph_write_json(const orionrt_graph* graph, char* buffer, size_t capacity,
                                                      size_t* bytes);
ORIONRT_C_API orionrt_status orionrt_problem_write_json(const orionrt_problem* problem, char* buffer, size_t capacity,
                                                        size_t* bytes);
ORIONRT_C_API orionrt_status orionrt_plan_write_json(const orionrt_plan* plan, char* buffer, size_t capacity,
                                                     size_t* bytes);
/* Component io. Rules in JSON, schema orionrt.op_rules/1, for any number of models; what their texts say of shapes is
 * checked when a model is read. Messages call them by `source`, NULL there "the rules". */
ORIONRT_C_API orionrt_status orionrt_op_rules_read_json(const char* text, size_t bytes, const char* source,
                                                        orionrt_op_rules** rules);
ORIONRT_C_API void orionrt_op_rules_destroy(orionrt_op_rules* rules);
/* Component onnx. A model, with the bodies of its control-flow ops; ids are positions in the file. */
ORIONRT_C_API orionrt_status orionrt_graph_read_onnx(const void* model, size_t bytes, const char* source,
                                                     const orionrt_load_options* options, orionrt_graph** graph);
/* Component tflite. The same. */
ORIONRT_C_API orionrt_status orionrt_graph_read_tflite(const void* model, size_t bytes, const char* source,
                                                       const orionrt_load_options* options, orionrt_graph** graph);

#ifdef __cplusplus
}
#endif

#endif /* ORIONRT_IO_H_ */
