/* OrionRT in C (C99): memory plans for static graphs, and pools that serve them. docs/c.md is a walk through it.
 *
 *   lifetimes ──orionrt_problem──▶ orionrt_plan               where each buffer lies, and how good that is
 *   ops, tensors ──orionrt_graph──▶ orionrt_assignment ──bytes──▶ orionrt_assignment ──orionrt_pool──▶ pointers
 *
 * Conventions:
 *  1. Handles are opaque. What a call creates is the caller's, to be given to the _destroy of its kind once; NULL is
 *     fine there. Destroying a handle voids the strings and pointers that were had from it; no handle needs another
 *     that it was made from to stay.
 *  2. Calls that can fail return an orionrt_status, ORIONRT_OK (0) for success. What was wrong, in one line with
 *     place and remedy, is orionrt_last_error() of the same thread. On failure outputs are as they were before, but for
 *     handles, which are NULL.
 *  3. Arrays that a call reads are copied, and may go when it returns. Arrays that it fills are the caller's, with
 *     their length in elements: one that is too short is ORIONRT_MISUSE, and nothing is written. How long they must
 *     be the counts of the _figures say.
 *  4. Structs of options and of figures begin with struct_size, which the caller sets to sizeof the struct: a library
 *     of another version knows by it which fields there are. All other fields may be zero, which is the default:
 *     `orionrt_plan_options options = {.struct_size = sizeof options};`. A pointer to options may be NULL.
 *  5. Sizes, offsets and alignments are bytes; alignments are powers of two, 0 meaning 1 or the default. Ids are not
 *     negative. Strings are UTF-8, end in 0, and are copied.
 *  6. One handle may be read by several threads at once: calls that take it const. Calls that take it otherwise need it
 *     for themselves. Handles share nothing. Without a guard orionrt_pool_tensor and its like take no lock and no
 * memory.
 *  7. Where a pointer must not be NULL and is, the call returns ORIONRT_MISUSE and says which. Nothing is thrown
 *     through this interface. Time is counted in work, not seconds, unless a time limit is asked for: the same input
 *     gives the same bytes everywhere. */
#ifndef ORIONRT_H_
#define ORIONRT_H_

#include <stddef.h>
#include <stdint.h>

#define ORIONRT_VERSION_MAJOR 0
#define ORIONRT_VERSION_MINOR 1
#define ORIONRT_VERSION_PATCH 0

/* As in C++ (orionrt/config.hpp): the shared library, and who links it, define ORIONRT_SHARED. */
#if defined(ORIONRT_SHARED) && !defined(_WIN32)
#define ORIONRT_C_API __attribute__((visibility("default")))
#else
#define ORIONRT_C_API
#endif

#ifdef __cplusplus
extern "C" {
#endif

/* The numbers up to 6 are also the exit codes of the command. */
typedef enum orionrt_status {
  ORIONRT_OK = 0,
  ORIONRT_INTERNAL = 1,      /* a defect of OrionRT itself; please report it */
  ORIONRT_MISUSE = 2,        /* a NULL, a value out of its range, an array that is too short */
  ORIONRT_BAD_INPUT = 3,     /* a graph, a problem or a file that breaks a rule */
  ORIONRT_INFEASIBLE = 4,    /* proven: it does not fit the capacity or the memory */
  ORIONRT_LIMIT = 5,         /* a limit of effort or time came before the answer whether it fits */
  ORIONRT_NO = 6,            /* the answer of a _check is no; what is wrong is the last error */
  ORIONRT_OUT_OF_MEMORY = 7, /* the system refused memory */
  ORIONRT_UNSUPPORTED = 8    /* well formed, and beyond this version */
} orionrt_status;

typedef struct orionrt_problem orionrt_problem;       /* buffers with lifetimes and sizes */
typedef struct orionrt_plan orionrt_plan;             /* where they lie, and how good that is */
typedef struct orionrt_graph orionrt_graph;           /* ops in execution order, and tensors */
typedef struct orionrt_assignment orionrt_assignment; /* which bytes each tensor has, and in which order the ops run */
typedef struct orionrt_pool orionrt_pool;             /* memory, and the addresses of the tensors in it */

/* What was wrong with the last failed call of this thread; "" when none failed. Valid until the next one fails. */
ORIONRT_C_API const char* orionrt_last_error(void);
/* "bad_input" and so on: the words that Python's Error.code has, and "ok", "no". NULL for a number that is none. */
ORIONRT_C_API const char* orionrt_status_name(int status);
/* Of the library that runs, which may be another than the macros above are of: "0.1.0". */
ORIONRT_C_API const char* orionrt_version(void);
/* 1000000 major + 1000 minor + patch. */
ORIONRT_C_API uint32_t orionrt_version_number(void);

/* ---- Spaces: memories with addresses of their own, from 0 ------------------------------------------------------- */

typedef struct orionrt_space {
  size_t struct_size;
  const char* name;    /* unique; no blanks, commas, '|', '=', ':' */
  int64_t capacity;    /* 0: unlimited */
  int64_t alignment;   /* least of what lies here, and of the base */
  int64_t granularity; /* sizes are rounded up to a multiple of it here; a power of two, 0 meaning 1 */
  int64_t largest;     /* no buffer of a larger size lies here; 0: unlimited */
  int64_t cost;        /* of reading or writing one byte, in any unit; 0: the position of the space in the table */
} orionrt_space;

/* ---- How to plan ------------------------------------------------------------------------------------------------ */

/* How many counted steps a search may take. */
typedef enum orionrt_effort {
  ORIONRT_EFFORT_BALANCED = 0,
  ORIONRT_EFFORT_FAST = 1,
  ORIONRT_EFFORT_THOROUGH = 2
} orionrt_effort;

/* Bits of orionrt_plan_options.transforms: each does only what an op's aliases allow. */
enum {
  ORIONRT_VIEWS = 1,
  ORIONRT_COLOCATE = 2,
  ORIONRT_IN_PLACE = 4,
  ORIONRT_REORDER = 8,
  ORIONRT_ALL_TRANSFORMS = 15
};

typedef struct orionrt_progress {
  size_t struct_size;        /* set by the library */
  int64_t peak_bytes;        /* of the best plan so far; 0: there is none yet */
  int64_t lower_bound_bytes; /* no plan is lower; 0: not known yet */
  const char* stage;         /* what is being tried: "exact" */
  int64_t work, work_budget; /* entries looked at so far, and how many may be, about; 0: not known */
} orionrt_progress;

/* Told whenever the best plan or the bound moves, on the thread that plans; 0 stops: the best plan so far is the
 * result. It must not leave by longjmp or an exception. */
typedef int (*orionrt_observer)(void* user, const orionrt_progress* progress);

typedef struct orionrt_plan_options {
  size_t struct_size;
  const char* policy;        /* by name, as `orionrt compare` lists them; NULL: "auto" */
  int32_t effort;            /* orionrt_effort */
  int64_t capacity;          /* answers "does it fit"; 0: none */
  double time_limit_seconds; /* 0: none. With one, and with an observer that stops, results differ between machines */
  orionrt_observer observer; /* NULL: nobody is told */
  void* user;                /* handed to the observer */
  int64_t alignment;         /* of graphs, the least of every tensor: 0: 64 */
  uint32_t transforms;       /* of graphs: bits from above */
} orionrt_plan_options;

/* ---- Problem -> plan -------------------------------------------------------------------------------------------- */

/* A problem of `count` buffers. On one stream (`streams` 0 or 1) buffer i is alive in steps [lower[i], upper[i]). On
 * several, up to 64, a clock is one number a stream: those of buffer i are lower[i * streams] ..., and A is over before
 * B iff A's upper is at most B's lower on every stream. Sizes may be 0. The rules are those of orionrt/problem.hpp.
 * Fails with ORIONRT_BAD_INPUT that names the first buffer that breaks one. */
ORIONRT_C_API orionrt_status orionrt_problem_create(size_t count, int32_t streams, const int64_t* lower,
                                                    const int64_t* upper, const int64_t* size,
                                                    orionrt_problem** problem);
/* One alignment a buffer; the default is 1. `count` is that of the problem, here and below. */
ORIONRT_C_API orionrt_status orionrt_problem_set_alignments(orionrt_problem* problem, const int64_t* alignments,
                                                            size_t count);
/* Offsets that stand; -1: the planner's to choose. */
ORIONRT_C_API orionrt_status orionrt_problem_set_fixed_offsets(orionrt_problem* problem, const int64_t* offsets,
                                                               size_t count);
/* How often ops read or write each buffer: what a space costs is weighed by it. The default is once each. */
ORIONRT_C_API orionrt_status orionrt_problem_set_uses(orionrt_problem* problem, const int64_t* uses, size_t count);
/* Appends a space to the table, the best first. Without any there is one, without limits. */
ORIONRT_C_API orionrt_status orionrt_problem_add_space(orionrt_problem* problem, const orionrt_space* space);
/* The spaces that a buffer may live in, by their positions in the table, the best first; none: all. */
ORIONRT_C_API orionrt_status orionrt_problem_allow_spaces(orionrt_problem* problem, size_t buffer,
                                                          const int32_t* spaces, size_t space_count);
/* Buffers that are not alive as a whole. Part i is a rectangle of buffer buffers[i]: during steps [lower[i], upper[i])
 * it holds its own bytes [begin[i], end[i]), counted from its offset; a buffer of which no part is named is one
 * rectangle. On several streams `lower` and `upper` are clocks, as in orionrt_problem_create. Parts stand by buffer,
 * then by lower; those of one buffer share no byte at any time. Replaces the parts that there were. Fails with
 * ORIONRT_BAD_INPUT that names the buffer; the problem is then as before. */
ORIONRT_C_API orionrt_status orionrt_problem_set_parts(orionrt_problem* problem, const int32_t* buffers,
                                                       const int64_t* lower, const int64_t* upper, const int64_t* begin,
                                                       const int64_t* end, size_t count);
/* Two buffers, by their positions, that share no byte whatever their lives are. */
ORIONRT_C_API orionrt_status orionrt_problem_keep_apart(orionrt_problem* problem, size_t buffer, size_t other);
ORIONRT_C_API void orionrt_problem_destroy(orionrt_problem* problem);

/* Places every buffer. */
ORIONRT_C_API orionrt_status orionrt_problem_plan(const orionrt_problem* problem, const orionrt_plan_options* options,
                                                  orionrt_plan** plan);

typedef enum orionrt_bound_kind {
  ORIONRT_BOUND_LIVE_BYTES = 0,   /* the buffers alive at one step need that many bytes */
  ORIONRT_BOUND_FIXED_OFFSET = 1, /* a buffer with a fixed offset ends there */
  ORIONRT_BOUND_REFUTATION = 2,   /* a search over every placement found none below */
  ORIONRT_BOUND_BUFFER_SIZE = 3   /* a buffer has that size */
} orionrt_bound_kind;

typedef struct orionrt_plan_figures {
  size_t struct_size;
  size_t buffer_count;
  size_t space_count;        /* 1 where the problem has no table */
  int64_t peak_bytes;        /* max over buffers of offset + size, not rounded; with spaces the sum of their peaks */
  int64_t lower_bound_bytes; /* no plan has a lower peak */
  int32_t proven_optimal;    /* 1: the two are equal */
  int32_t bound_kind;        /* orionrt_bound_kind */
  int64_t spill_cost;        /* of buffers that lie elsewhere than where they would best */
  int32_t time_limited;      /* 1: a time limit shaped the result */
  int32_t interrupted;       /* 1: the observer stopped it */
} orionrt_plan_figures;

ORIONRT_C_API orionrt_status orionrt_plan_get_figures(const orionrt_plan* plan, orionrt_plan_figures* figures);
/* The policy that made it, "auto:exact"; NULL without a plan. */
ORIONRT_C_API const char* orionrt_plan_policy(const orionrt_plan* plan);
/* Per buffer its offset, from the first byte of its space. */
ORIONRT_C_API orionrt_status orionrt_plan_offsets(const orionrt_plan* plan, int64_t* offsets, size_t capacity);
/* Per buffer the position of its space. */
ORIONRT_C_API orionrt_status orionrt_plan_spaces(const orionrt_plan* plan, int32_t* spaces, size_t capacity);
/* Per space its peak. */
ORIONRT_C_API orionrt_status orionrt_plan_peaks(const orionrt_plan* plan, int64_t* peaks, size_t capacity);
ORIONRT_C_API void orionrt_plan_destroy(orionrt_plan* plan);

/* Judges offsets, whoever made them, by code that shares nothing with the planners: ORIONRT_OK, or ORIONRT_NO and what
 * collides. `spaces`: per buffer the position of its space; NULL: all in the first. O(n log n). */
ORIONRT_C_API orionrt_status orionrt_problem_check(const orionrt_problem* problem, const int64_t* offsets,
                                                   const int32_t* spaces, size_t count);

/* ---- Graph -> assignment ---------------------------------------------------------------------------------------- */

/* Bits of orionrt_tensor.roles: what holds a tensor alive beyond its uses. */
enum {
  ORIONRT_ROLE_INPUT = 1,   /* given from outside: alive from the first step. Implied when no op produces it */
  ORIONRT_ROLE_OUTPUT = 2,  /* read from outside: alive to the last step */
  ORIONRT_ROLE_STATE = 4,   /* kept from run to run: alive throughout */
  ORIONRT_ROLE_EXTERNAL = 8 /* its bytes are held by whoever runs the graph: no arena has them */
};

typedef struct orionrt_tensor {
  size_t struct_size;
  int32_t id; /* unique among tensors; dense ids are the fast path */
  uint32_t roles;
  uint64_t bytes;     /* 0 is legal: an address, and nothing at it */
  uint64_t alignment; /* 0: orionrt_plan_options.alignment */
  const char* name;   /* for people, like dtype; may be NULL */
  const char* dtype;
  const char* const* spaces; /* names of the spaces it may live in, the best first; none: any */
  size_t space_count;
  int32_t is_view; /* 1: it is the bytes of tensor view_of, from view_offset on */
  int32_t view_of;
  uint64_t view_offset;
} orionrt_tensor;

/* What the kernel of an op allows an output and an input to share; orionrt/graph.hpp has the rules. */
typedef enum orionrt_alias_kind {
  ORIONRT_ALIAS_VIEW = 0,                  /* the output is the input's bytes from `offset` on */
  ORIONRT_ALIAS_PIECE = 1,                 /* the input is the output's bytes from `offset` on */
  ORIONRT_ALIAS_SAME_INDEX = 2,            /* the output may lie on the input, byte on byte */
  ORIONRT_ALIAS_STREAMING = 3,             /* the input may begin `offset` bytes or more behind the output */
  ORIONRT_ALIAS_READS_FIRST = 4,           /* the output may lie anywhere on the input */
  ORIONRT_ALIAS_PART = ORIONRT_ALIAS_PIECE /* the word of before */
} orionrt_alias_kind;

typedef struct orionrt_alias { /* of the op's outputs[output] and inputs[input]; this struct does not grow */
  int32_t kind;                /* orionrt_alias_kind */
  int32_t output, input;
  uint64_t offset;
} orionrt_alias;

typedef struct orionrt_op {
  size_t struct_size;
  int32_t id;            /* unique among ops */
  int32_t stream;        /* where it runs; 0 where there is one */
  const int32_t* inputs; /* ids of tensors */
  size_t input_count;
  const int32_t* outputs;
  size_t output_count;
  uint64_t workspace_bytes; /* scratch that it needs while it runs */
  uint64_t workspace_alignment;
  const orionrt_alias* aliases; /* what may share bytes, in order of preference */
  size_t alias_count;
  const int32_t* after; /* ids of ops that run earlier in any order */
  size_t after_count;
  const int32_t* waits; /* ids of ops, of other streams, that have ended before it begins */
  size_t wait_count;
  int32_t has_effects; /* 1: it does more than write its outputs */
  const char* name;    /* for people, like type; may be NULL */
  const char* type;
} orionrt_op;

ORIONRT_C_API orionrt_status orionrt_graph_create(orionrt_graph** graph);
ORIONRT_C_API orionrt_status orionrt_graph_add_tensor(orionrt_graph* graph, const orionrt_tensor* tensor);
/* Ops are added in the order in which they run. What they name may come later. */
ORIONRT_C_API orionrt_status orionrt_graph_add_op(orionrt_graph* graph, const orionrt_op* op);
/* As for problems. */
ORIONRT_C_API orionrt_status orionrt_graph_add_space(orionrt_graph* graph, const orionrt_space* space);
/* Whether the graph keeps the rules of orionrt/graph.hpp: ORIONRT_BAD_INPUT that names op and tensor where not. The
 * calls below ask by themselves. */
ORIONRT_C_API orionrt_status orionrt_graph_check(const orionrt_graph* graph);
/* Identifies the graph whatever order its tensors and ops are listed in: what a pool compares with the plan's. */
ORIONRT_C_API orionrt_status orionrt_graph_id(const orionrt_graph* graph, uint64_t* id);
ORIONRT_C_API void orionrt_graph_destroy(orionrt_graph* graph);

typedef struct orionrt_stream_figures { /* chains count ops, as nobody knows here how long one takes */
  size_t struct_size;
  int32_t streams;       /* that have ops */
  int32_t waits;         /* of all ops */
  int32_t paths;         /* more streams than that do not help */
  int32_t longest_chain; /* of the graph on its streams: steps that a run takes if every op takes one */
  int32_t least_chain;   /* of its dependencies, which no number of streams makes shorter */
} orionrt_stream_figures;

/* Another graph of the same ops, their branches on at most `streams` streams (1 to 64), with the waits that they then
 * need and no other. `figures` may be NULL. Fails with ORIONRT_MISUSE for a graph that has streams of its own.
 * orionrt_assignment_streams says, once it is planned, where each op runs. */
ORIONRT_C_API orionrt_status orionrt_graph_on_streams(const orionrt_graph* graph, int32_t streams,
                                                      orionrt_graph** streamed, orionrt_stream_figures* figures);
/* Adds the waits that data needs and a graph on several streams lacks; `added`, which may be NULL, says how many. */
ORIONRT_C_API orionrt_status orionrt_graph_imply_waits(orionrt_graph* graph, size_t* added);

/* Plans the graph. `plan`, which may be NULL, takes the plan of its buffers, whose figures say how good it is. */
ORIONRT_C_API orionrt_status orionrt_graph_assign(const orionrt_graph* graph, const orionrt_plan_options* options,
                                                  orionrt_assignment** assignment, orionrt_plan** plan);

typedef struct orionrt_assignment_figures {
  size_t struct_size;
  uint64_t graph_id;
  size_t tensor_count, workspace_count, space_count;
  size_t op_count, vanished_count, in_place_count;
  size_t wait_count;   /* of all ops together */
  int32_t has_streams; /* 1: for several streams */
  size_t body_count;   /* of control-flow ops */
} orionrt_assignment_figures;

#define ORIONRT_EXTERNAL (-1) /* orionrt_place.space of a tensor whose bytes are the caller's: no arena has them */

/* These three do not grow. */
typedef struct orionrt_place {
  int32_t id; /* of the tensor, or of the op whose workspace it is */
  int32_t space;
  int64_t offset, bytes;
} orionrt_place;

typedef struct orionrt_in_place { /* ids: the op writes `output` over its `input` */
  int32_t op, output, input;
} orionrt_in_place;

typedef struct orionrt_need { /* of an arena */
  const char* name;           /* of the space, "" where there is no table; valid as long as the assignment */
  int64_t required_bytes;     /* exactly */
  int64_t base_alignment;     /* of its first byte */
} orionrt_need;

ORIONRT_C_API orionrt_status orionrt_assignment_get_figures(const orionrt_assignment* assignment,
                                                            orionrt_assignment_figures* figures);
/* Where each tensor lies, ascending by id. */
ORIONRT_C_API orionrt_status orionrt_assignment_tensors(const orionrt_assignment* assignment, orionrt_place* places,
                                                        size_t capacity);
ORIONRT_C_API orionrt_status orionrt_assignment_workspaces(const orionrt_assignment* assignment, orionrt_place* places,
                                                           size_t capacity);
/* Ids of all ops, as they must run; of those that have nothing left to do, and may be left out. */
ORIONRT_C_API orionrt_status orionrt_assignment_order(const orionrt_assignment* assignment, int32_t* op_ids,
                                                      size_t capacity);
ORIONRT_C_API orionrt_status orionrt_assignment_vanished(const orionrt_assignment* assignment, int32_t* op_ids,
                                                         size_t capacity);
/* Who writes over what it reads, in the order of the ops: their kernels must be told. */
ORIONRT_C_API orionrt_status orionrt_assignment_in_place(const orionrt_assignment* assignment, orionrt_in_place* uses,
                                                         size_t capacity);
/* On several streams, per op in that order its stream, and where its waits end: those of number i are the ids from
 * wait_ends[i - 1] (0 for the first) to wait_ends[i] of `waits`. Any of the three may be NULL. Without streams all is
 * 0. */
ORIONRT_C_API orionrt_status orionrt_assignment_streams(const orionrt_assignment* assignment, int32_t* streams,
                                                        size_t* wait_ends, size_t capacity, int32_t* waits,
                                                        size_t wait_capacity);
/* What each arena must have. */
ORIONRT_C_API orionrt_status orionrt_assignment_needs(const orionrt_assignment* assignment, orionrt_need* needs,
                                                      size_t capacity);
/* Judges it by the graph: ORIONRT_OK, or ORIONRT_NO and the op, the step, the tensors and the bytes. */
ORIONRT_C_API orionrt_status orionrt_assignment_check(const orionrt_assignment* assignment, const orionrt_graph* graph);

/* All of it in bytes, for orionrt_plan.h and orionrt_assignment_read; docs/binary.md. With `buffer` NULL and `capacity`
 * 0 only *bytes is set: how many there are. */
ORIONRT_C_API orionrt_status orionrt_assignment_write(const orionrt_assignment* assignment, void* buffer,
                                                      size_t capacity, size_t* bytes);
ORIONRT_C_API orionrt_status orionrt_assignment_read(const void* buffer, size_t bytes, orionrt_assignment** assignment);
ORIONRT_C_API void orionrt_assignment_destroy(orionrt_assignment* assignment);

/* ---- Assignment -> pool -> pointers ----------------------------------------------------------------------------- */

typedef struct orionrt_buffer { /* the caller's memory; does not grow */
  void* base;
  size_t bytes;
} orionrt_buffer;

/* What the guard of a pool finds. */
typedef enum orionrt_guard_fault {
  ORIONRT_GUARD_DEAD = 0,      /* touched, or asked for, a tensor whose life has ended */
  ORIONRT_GUARD_UNBORN = 1,    /* or whose life has not begun */
  ORIONRT_GUARD_UNLISTED = 2,  /* or that is alive, but is neither input nor output of the op */
  ORIONRT_GUARD_READ_ONLY = 3, /* wrote to an input */
  ORIONRT_GUARD_OVERRUN = 4,   /* touched bytes past the end of a tensor */
  ORIONRT_GUARD_STRAY = 5,     /* touched bytes where no tensor lies */
  ORIONRT_GUARD_ORDER = 6,     /* an op out of the planned order, or of another graph */
  ORIONRT_GUARD_UNORDERED = 7  /* of several streams: what no reported wait keeps apart */
} orionrt_guard_fault;

typedef struct orionrt_guard_report { /* ids; -1 where there is none */
  size_t struct_size;                 /* set by the library */
  int32_t fault;                      /* orionrt_guard_fault */
  int32_t op;                         /* that ran */
  int32_t tensor;                     /* that was touched, or overrun */
  int32_t other;                      /* dead: who takes its bytes; overrun: who lies behind */
  int32_t other_op;                   /* unordered: the op that should have been waited for */
  int64_t first, bytes; /* at fault: from the tensor's first byte on, or the region's where it is a stray */
  const char* message;  /* all of it in one line; valid during the call */
} orionrt_guard_report;

/* Told of every fault, from the thread at fault. It must not call the pool, nor leave by longjmp or an exception. */
typedef void (*orionrt_guard_observer)(void* user, const orionrt_guard_report* report);

typedef struct orionrt_pool_options {
  size_t struct_size;
  int64_t scratch_bytes; /* in each arena of the pool's own room for one orionrt_pool_scratch of that size */
  int32_t guard;         /* 1: finds the op that touches what it must not; slow, and for plans over one space */
  int32_t guard_pages;   /* 1: with the guard, while an op runs only its own tensors can be touched at all (POSIX) */
  orionrt_guard_observer observer; /* NULL: the first fault is printed to stderr, and the program aborts */
  void* user;                      /* handed to the observer */
} orionrt_pool_options;

/* A pool over `buffers`, one a space in the order of orionrt_assignment_needs, which stay the caller's and outlive the
 * pool; with none (NULL and 0) over host memory of its own, exactly as large as needed. Judges the assignment by the
 * graph first; with `graph` NULL it is trusted to be one of the caller's, only that its places lie within its spaces
 * is known, and there are neither guard nor scratch nor external tensors. Fails with ORIONRT_INFEASIBLE for a buffer
 * that is too small, ORIONRT_MISUSE for one that is not aligned as needed, ORIONRT_BAD_INPUT for another graph or a
 * plan that breaks it. Bodies of control-flow ops are served with the graph around them. */
ORIONRT_C_API orionrt_status orionrt_pool_create(const orionrt_assignment* assignment, const orionrt_graph* graph,
                                                 const orionrt_buffer* buffers, size_t buffer_count,
                                                 orionrt_pool** pool);
/* The same with options. A guard lays tensors out anew and needs more bytes: the last error says how many where a
 * buffer has too few. */
ORIONRT_C_API orionrt_status orionrt_pool_create_with(const orionrt_assignment* assignment, const orionrt_graph* graph,
                                                      const orionrt_buffer* buffers, size_t buffer_count,
                                                      const orionrt_pool_options* options, orionrt_pool** pool);
/* The address of a tensor, by id; NULL for one that there is not, and for one that is held elsewhere and not bound.
 * `bytes`, which may be NULL, takes its size. It is the tensor's while that is alive in the order of the assignment:
 * before and after others have it. */
ORIONRT_C_API void* orionrt_pool_tensor(const orionrt_pool* pool, int32_t tensor_id, size_t* bytes);
/* The scratch that an op, by id, may use while it runs; NULL where it asked for none. */
ORIONRT_C_API void* orionrt_pool_workspace(const orionrt_pool* pool, int32_t op_id, size_t* bytes);
/* A tensor of a body of a control-flow op, "then_branch" for example; its bytes are there while that op runs. */
ORIONRT_C_API void* orionrt_pool_body_tensor(const orionrt_pool* pool, int32_t op_id, const char* attribute,
                                             int32_t tensor_id, size_t* bytes);
/* Says where a tensor of ORIONRT_ROLE_EXTERNAL is, with all its views; `memory` NULL takes it back. Not while the graph
 * runs. ORIONRT_MISUSE for a tensor that is not external, or is a view. */
ORIONRT_C_API orionrt_status orionrt_pool_bind(orionrt_pool* pool, int32_t tensor_id, void* memory);

/* Memory beside the plan, of sizes that no plan knows, from what the plan leaves of the arena of a space; aligned to
 * `bytes` rounded up to a power of two, as far as the arena is. NULL where there is no place. Takes no heap memory. */
ORIONRT_C_API void* orionrt_pool_scratch(orionrt_pool* pool, int32_t space, size_t bytes);
/* Gives it back. ORIONRT_MISUSE for what is no scratch of that space with so many bytes. */
ORIONRT_C_API orionrt_status orionrt_pool_free_scratch(orionrt_pool* pool, int32_t space, void* scratch, size_t bytes);

/* Tell the guard where execution is; without one they do nothing. begin_op ends the op before on its stream; end_op
 * takes the id of the op that has ended; end_run comes before the next run's inputs are written. On several streams
 * record and wait report an event behind an op, and that a stream waits for it. One thread at a time reports. */
ORIONRT_C_API void orionrt_pool_begin_op(orionrt_pool* pool, int32_t op_id);
ORIONRT_C_API void orionrt_pool_end_op(orionrt_pool* pool, int32_t op_id);
ORIONRT_C_API void orionrt_pool_end_run(orionrt_pool* pool);
ORIONRT_C_API void orionrt_pool_record(orionrt_pool* pool, int32_t op_id);
ORIONRT_C_API void orionrt_pool_wait(orionrt_pool* pool, int32_t stream, int32_t op_id);
ORIONRT_C_API void orionrt_pool_destroy(orionrt_pool* pool);

#ifdef __cplusplus
}
#endif

#endif /* ORIONRT_H_ */
