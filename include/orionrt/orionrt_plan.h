/* The run-time half of OrionRT, for what has no C++ and no heap: reads a binary plan (orionrt plan MODEL -o plan.bin;
 * docs/binary.md) where it lies, in flash or in memory. A C99 or C++11 compiler is all that this file needs: copy it.
 *
 *   orionrt_image plan;
 *   orionrt_image_arena arena = {memory, sizeof memory};
 *   if (orionrt_image_open(&plan, file, bytes) != ORIONRT_IMAGE_OK) ...   the file, checked whole, once
 *   if (plan.graph_id != MY_GRAPH_ID) ...                                 it is of another graph
 *   if (orionrt_image_bind(&plan, &arena, 1) != ORIONRT_IMAGE_OK) ...     the arenas, checked once
 *   for (step = 0; step < orionrt_image_count(&plan, ORIONRT_IMAGE_ORDER); ++step)
 *     run(orionrt_image_at(&plan, ORIONRT_IMAGE_ORDER, step, ORIONRT_IMAGE_ID));   in this order and no other
 *   x = orionrt_image_tensor(&plan, 3);                                   one bound check, one add
 *
 * 1. The file is read byte by byte: it needs no alignment, and the machine no byte order.
 * 2. The caller's file and arenas outlive the image. Nothing is allocated. A const image serves any number of threads.
 * 3. Positions count from 0, ids are the graph's, sizes are bytes. What there is not is NULL, or all bits set.
 * 4. The checksum finds accidents; it is no authentication. Whoever writes a file can write offsets that lie within
 *    the arenas and are wrong for the graph: `orionrt check` finds them, where the plan is made. */
#ifndef ORIONRT_PLAN_H_
#define ORIONRT_PLAN_H_

#include <stddef.h>
#include <stdint.h>

#define ORIONRT_IMAGE_MAJOR 1u /* files of any other major number are refused, of any minor one read */
#define ORIONRT_IMAGE_NONE                                                                   \
  0xFFFFFFFFu /* no such position or id; as a space: in no arena, the bytes are the caller's \
               */

typedef enum orionrt_image_status {
  ORIONRT_IMAGE_OK = 0,
  ORIONRT_IMAGE_NO_PLAN,    /* the first bytes are not those of a binary plan */
  ORIONRT_IMAGE_VERSION,    /* another major version */
  ORIONRT_IMAGE_CUT,        /* shorter or longer than it says */
  ORIONRT_IMAGE_DAMAGED,    /* the checksum differs */
  ORIONRT_IMAGE_MALFORMED,  /* a count, an id, a range or an offset is not what the format allows */
  ORIONRT_IMAGE_ARENAS,     /* bind: fewer arenas than spaces */
  ORIONRT_IMAGE_TOO_SMALL,  /* bind: an arena has fewer bytes than its space needs, or wraps around */
  ORIONRT_IMAGE_MISALIGNED, /* bind: the base of an arena is not aligned as its space asks */
  ORIONRT_IMAGE_NO_BODY     /* body: that op has none of that name */
} orionrt_image_status;

/* Kinds of section. Every graph has its part of the first six. */
typedef enum orionrt_image_kind {
  ORIONRT_IMAGE_ORDER = 1,  /* ids of all ops, as they run */
  ORIONRT_IMAGE_VANISHED,   /* ids of ops with nothing left to do, which may be left out, in that order */
  ORIONRT_IMAGE_IN_PLACE,   /* who writes over what it reads, in that order */
  ORIONRT_IMAGE_LAUNCHES,   /* streams and waits, one a step; none where the plan is for one stream */
  ORIONRT_IMAGE_TENSORS,    /* places, ascending by id of the tensor */
  ORIONRT_IMAGE_WORKSPACES, /* places, ascending by id of the op */
  ORIONRT_IMAGE_GRAPHS,
  ORIONRT_IMAGE_SPACES,
  ORIONRT_IMAGE_WAITS,
  ORIONRT_IMAGE_TEXT,
  ORIONRT_IMAGE_KINDS
} orionrt_image_kind;

/* Fields of records, in words of four bytes. */
typedef enum orionrt_image_field {
  ORIONRT_IMAGE_ID = 0, /* the first word, of most */
  ORIONRT_IMAGE_SPACE,  /* of tensors, workspaces: a position, or ORIONRT_IMAGE_NONE */
  ORIONRT_IMAGE_OFFSET, /* the same; eight bytes, like the next three */
  ORIONRT_IMAGE_BYTES = 4,
  ORIONRT_IMAGE_REQUIRED = 2,  /* of spaces: bytes that the arena must have, exactly */
  ORIONRT_IMAGE_ALIGNMENT = 4, /* of spaces: of the arena's first byte, a power of two */
  ORIONRT_IMAGE_OUTPUT = 1,    /* of in-place uses: op ORIONRT_IMAGE_ID writes this output over the input; ids */
  ORIONRT_IMAGE_INPUT,
  ORIONRT_IMAGE_STREAM = 0 /* of launches */
} orionrt_image_field;

typedef struct orionrt_image_rows { /* records one after another */
  const uint8_t* first;
  uint32_t count, stride; /* stride: bytes from one to the next */
} orionrt_image_rows;

typedef struct orionrt_image_arena { /* one a space, in the order of the file */
  void* base;
  size_t bytes;
} orionrt_image_arena;

/* One graph of a file: the whole, or the body of a control-flow op. Made and read by the functions below. */
typedef struct orionrt_image {
  uint64_t graph_id;                            /* orionrt::GraphId of the graph that it is for */
  uint32_t graph;                               /* its number in the file; 0: the whole */
  uint32_t served;                              /* tensors that have an address: none before bind */
  orionrt_image_rows all[ORIONRT_IMAGE_KINDS];  /* of the file */
  orionrt_image_rows own[ORIONRT_IMAGE_GRAPHS]; /* of this graph, the first six kinds */
  const orionrt_image_arena* arenas;
} orionrt_image;

static inline uint32_t orionrt_image_u32(const uint8_t* at) {
  return (uint32_t)at[0] | ((uint32_t)at[1] << 8) | ((uint32_t)at[2] << 16) | ((uint32_t)at[3] << 24);
}
static inline uint64_t orionrt_image_u64(const uint8_t* at) {
  return (uint64_t)orionrt_image_u32(at) | ((uint64_t)orionrt_image_u32(at + 4) << 32);
}

/* FNV-1a, 32 bits. */
static inline uint32_t orionrt_image_sum(const uint8_t* at, size_t bytes) {
  uint32_t sum = 0x811C9DC5u;
  for (; bytes > 0; --bytes, ++at) sum = (sum ^ *at) * 0x01000193u;
  return sum;
}

/* The record at a position that there is. */
static inline const uint8_t* orionrt_image_row(const orionrt_image_rows* rows, uint32_t position) {
  return rows->first + (size_t)position * rows->stride;
}

/* The number at the beginning of a record. */
static inline uint32_t orionrt_image_number(const orionrt_image_rows* rows, uint32_t position) {
  return position < rows->count ? orionrt_image_u32(orionrt_image_row(rows, position)) : ORIONRT_IMAGE_NONE;
}

/* Those of `rows` that two numbers name, a first position and a count; whether there are as many. */
static inline int orionrt_image_slice(const orionrt_image_rows* rows, const uint8_t* at, orionrt_image_rows* part) {
  const uint32_t first = orionrt_image_u32(at), count = orionrt_image_u32(at + 4);
  if (first > rows->count || count > rows->count - first) return 0;
  *part = *rows;
  part->first = orionrt_image_row(rows, first);
  part->count = count;
  return 1;
}

/* The sections of a file. A kind that is not known is passed over, one that is missing is empty; a record that is
 * longer than here has fields of a later version behind those of this one. */
static inline int orionrt_image_sections(const uint8_t* file, size_t bytes, orionrt_image_rows* all) {
  static const uint8_t least[ORIONRT_IMAGE_KINDS] = {0, 4, 4, 12, 12, 24, 24, 88, 24, 4, 1};
  const uint32_t count = orionrt_image_u32(file + 20);
  const orionrt_image_rows none = {file, 0, 0};
  uint32_t i;
  for (i = 0; i < ORIONRT_IMAGE_KINDS; ++i) all[i] = none;
  if (count > (bytes - 24) / 16) return 0;
  for (i = 0; i < count; ++i) {
    const uint8_t* const at = file + 24 + 16 * (size_t)i;
    const uint32_t kind = orionrt_image_u32(at), begin = orionrt_image_u32(at + 12);
    const orionrt_image_rows rows = {file + (begin < bytes ? begin : 0), orionrt_image_u32(at + 8),
                                     orionrt_image_u32(at + 4)};
    if (begin > bytes || rows.stride == 0 || rows.count > (bytes - begin) / rows.stride) return 0;
    if (kind == 0 || kind >= ORIONRT_IMAGE_KINDS) continue;
    if (all[kind].stride != 0 || rows.stride < least[kind]) return 0;
    all[kind] = rows;
  }
  return all[ORIONRT_IMAGE_TEXT].stride <= 1;
}

/* Makes the image that of graph number `graph`; whether its parts lie within their sections. */
static inline int orionrt_image_take(orionrt_image* image, uint32_t graph) {
  const uint8_t* const at = orionrt_image_row(&image->all[ORIONRT_IMAGE_GRAPHS], graph);
  orionrt_image_rows text;
  uint32_t kind;
  for (kind = ORIONRT_IMAGE_ORDER; kind <= ORIONRT_IMAGE_WORKSPACES; ++kind) {
    if (!orionrt_image_slice(&image->all[kind], at + 32 + 8 * (size_t)kind, &image->own[kind])) return 0;
  }
  image->graph = graph;
  image->graph_id = orionrt_image_u64(at + 16);
  image->served = image->arenas != NULL ? image->own[ORIONRT_IMAGE_TENSORS].count : 0;
  return orionrt_image_slice(&image->all[ORIONRT_IMAGE_TEXT], at + 8, &text) &&
         orionrt_image_slice(&image->all[ORIONRT_IMAGE_TEXT], at + 32, &text);
}

/* Whether what must be ids are: below 2^31. */
static inline int orionrt_image_are_ids(const orionrt_image_rows* all) {
  static const uint8_t ids[ORIONRT_IMAGE_KINDS] = {0, 1, 1, 3, 1, 1, 1, 0, 0, 1, 0}; /* at the head of a record */
  uint32_t kind, i, k;
  for (kind = 1; kind < ORIONRT_IMAGE_KINDS; ++kind) {
    for (i = 0; i < all[kind].count; ++i) {
      for (k = 0; k < ids[kind]; ++k)
        if (orionrt_image_u32(orionrt_image_row(&all[kind], i) + 4 * (size_t)k) > 0x7FFFFFFFu) return 0;
    }
  }
  return 1;
}

/* Whether places of one graph ascend by id, and each ends within what its space needs. */
static inline int orionrt_image_are_places(const orionrt_image_rows* rows, const orionrt_image_rows* spaces) {
  uint32_t i;
  for (i = 0; i < rows->count; ++i) {
    const uint8_t* const at = orionrt_image_row(rows, i);
    const uint32_t space = orionrt_image_u32(at + 4);
    const uint64_t offset = orionrt_image_u64(at + 8), bytes = orionrt_image_u64(at + 16);
    const int held = space != ORIONRT_IMAGE_NONE;
    uint64_t needs;
    if (i > 0 && orionrt_image_number(rows, i - 1) >= orionrt_image_number(rows, i)) return 0;
    if (held && space >= spaces->count) return 0;
    needs = held ? orionrt_image_u64(orionrt_image_row(spaces, space) + 8) : (uint64_t)INT64_MAX;
    if (offset > needs || bytes > needs - offset) return 0;
  }
  return 1;
}

/* Whether names and waits lie within their sections, and spaces ask for what can be. */
static inline int orionrt_image_are_spaces(const orionrt_image_rows* all) {
  const orionrt_image_rows *const spaces = &all[ORIONRT_IMAGE_SPACES], *const launches = &all[ORIONRT_IMAGE_LAUNCHES];
  orionrt_image_rows part;
  uint32_t i;
  for (i = 0; i < spaces->count; ++i) {
    const uint8_t* const at = orionrt_image_row(spaces, i);
    const uint64_t required = orionrt_image_u64(at + 8), alignment = orionrt_image_u64(at + 16);
    if (!orionrt_image_slice(&all[ORIONRT_IMAGE_TEXT], at, &part) || required > (uint64_t)INT64_MAX) return 0;
    if (alignment == 0 || alignment > (uint64_t)INT64_MAX || (alignment & (alignment - 1)) != 0) return 0;
  }
  for (i = 0; i < launches->count; ++i) {
    if (!orionrt_image_slice(&all[ORIONRT_IMAGE_WAITS], orionrt_image_row(launches, i) + 4, &part)) return 0;
  }
  return spaces->count > 0;
}

/* Whether the graphs' parts of every section follow one another from its first record to its last, so that each is
 * looked at once; bodies stand behind what they are bodies of. Leaves the image at graph 0. */
static inline int orionrt_image_are_graphs(orionrt_image* image) {
  const orionrt_image_rows *const all = image->all, *const own = image->own;
  const uint32_t count = all[ORIONRT_IMAGE_GRAPHS].count;
  uint32_t done[ORIONRT_IMAGE_GRAPHS] = {0}, i, kind;
  for (i = 0; i < count; ++i) {
    const uint8_t* const at = orionrt_image_row(&all[ORIONRT_IMAGE_GRAPHS], i);
    if (i == 0 ? orionrt_image_u32(at) != ORIONRT_IMAGE_NONE : orionrt_image_u32(at) >= i) return 0;
    if (orionrt_image_u32(at + 4) > 0x7FFFFFFFu || !orionrt_image_take(image, i)) return 0;
    for (kind = ORIONRT_IMAGE_ORDER; kind <= ORIONRT_IMAGE_WORKSPACES; ++kind) {
      if (orionrt_image_u32(at + 32 + 8 * (size_t)kind) != done[kind]) return 0;
      done[kind] += own[kind].count;
      if (kind == ORIONRT_IMAGE_LAUNCHES && own[kind].count > 0 && own[kind].count != own[1].count) return 0;
      if (i + 1 == count && done[kind] != all[kind].count) return 0;
      if (kind >= ORIONRT_IMAGE_TENSORS && !orionrt_image_are_places(&own[kind], &all[ORIONRT_IMAGE_SPACES])) return 0;
    }
  }
  return count > 0 && orionrt_image_take(image, 0);
}

/* Opens a file, checking all of it: every count is bounded by the file's length before it is used. O(bytes). Where the
 * answer is not ORIONRT_IMAGE_OK the image means nothing. */
static inline orionrt_image_status orionrt_image_open(orionrt_image* image, const void* file, size_t bytes) {
  const uint8_t* const at = (const uint8_t*)file;
  if (bytes < 8 || orionrt_image_u64(at) != 0x004E414C5054524Full) return ORIONRT_IMAGE_NO_PLAN; /* "ORTPLAN" */
  if (bytes < 24 || orionrt_image_u32(at + 16) != bytes) return ORIONRT_IMAGE_CUT;
  if ((orionrt_image_u32(at + 12) & 0xFFFFu) != ORIONRT_IMAGE_MAJOR) return ORIONRT_IMAGE_VERSION;
  if (orionrt_image_u32(at + 8) != orionrt_image_sum(at + 12, bytes - 12)) return ORIONRT_IMAGE_DAMAGED;
  image->arenas = NULL;
  if (!orionrt_image_sections(at, bytes, image->all)) return ORIONRT_IMAGE_MALFORMED;
  return orionrt_image_are_ids(image->all) && orionrt_image_are_spaces(image->all) && orionrt_image_are_graphs(image)
             ? ORIONRT_IMAGE_OK
             : ORIONRT_IMAGE_MALFORMED;
}

/* The records of a kind: the image's own, or those of the file. */
static inline const orionrt_image_rows* orionrt_image_of(const orionrt_image* image, orionrt_image_kind kind) {
  if (kind >= ORIONRT_IMAGE_ORDER && kind <= ORIONRT_IMAGE_WORKSPACES) return &image->own[kind];
  return &image->all[kind < ORIONRT_IMAGE_KINDS ? kind : 0];
}

static inline uint32_t orionrt_image_count(const orionrt_image* image, orionrt_image_kind kind) {
  return orionrt_image_of(image, kind)->count;
}

/* A field of a record, of four bytes or of eight. Vanished ops and uses in place are in the order of the steps: a
 * cursor walks along with them. Run one after another, in order, the steps need neither streams nor waits. */
static inline uint32_t orionrt_image_at(const orionrt_image* image, orionrt_image_kind kind, uint32_t position,
                                        orionrt_image_field field) {
  const orionrt_image_rows* const rows = orionrt_image_of(image, kind);
  if (position >= rows->count || (uint32_t)field >= rows->stride / 4) return ORIONRT_IMAGE_NONE;
  return orionrt_image_u32(orionrt_image_row(rows, position) + 4 * (size_t)field);
}

static inline uint64_t orionrt_image_wide(const orionrt_image* image, orionrt_image_kind kind, uint32_t position,
                                          orionrt_image_field field) {
  const uint32_t low = orionrt_image_at(image, kind, position, field);
  return low | (uint64_t)orionrt_image_at(image, kind, position, (orionrt_image_field)(field + 1)) << 32;
}

/* Gives the image an arena a space, which stays where it is: from here on tensors have addresses. An arena of which
 * more than SIZE_MAX bytes are asked is too small. */
static inline orionrt_image_status orionrt_image_bind(orionrt_image* image, const orionrt_image_arena* arenas,
                                                      size_t count) {
  uint32_t i;
  image->arenas = NULL;
  image->served = 0;
  if (count < image->all[ORIONRT_IMAGE_SPACES].count) return ORIONRT_IMAGE_ARENAS;
  for (i = 0; i < image->all[ORIONRT_IMAGE_SPACES].count; ++i) {
    const uint64_t required = orionrt_image_wide(image, ORIONRT_IMAGE_SPACES, i, ORIONRT_IMAGE_REQUIRED);
    const uint64_t alignment = orionrt_image_wide(image, ORIONRT_IMAGE_SPACES, i, ORIONRT_IMAGE_ALIGNMENT);
    const uintptr_t base = (uintptr_t)arenas[i].base;
    if (required == 0) continue;
    if (base == 0 || required > arenas[i].bytes || required - 1 > UINTPTR_MAX - base) return ORIONRT_IMAGE_TOO_SMALL;
    if ((base & (alignment - 1)) != 0) return ORIONRT_IMAGE_MISALIGNED;
  }
  image->arenas = arenas;
  image->served = image->own[ORIONRT_IMAGE_TENSORS].count;
  return ORIONRT_IMAGE_OK;
}

/* A body of a control-flow op, "then_branch" for example, over the arenas that the image has. O(graphs). */
static inline orionrt_image_status orionrt_image_body(const orionrt_image* image, uint32_t op_id, const char* attribute,
                                                      orionrt_image* body) {
  const orionrt_image_rows* const graphs = &image->all[ORIONRT_IMAGE_GRAPHS];
  uint32_t i, k;
  for (i = image->graph + 1; i < graphs->count; ++i) {
    const uint8_t* const at = orionrt_image_row(graphs, i);
    const uint8_t* const name = image->all[ORIONRT_IMAGE_TEXT].first + orionrt_image_u32(at + 8);
    const uint32_t length = orionrt_image_u32(at + 12);
    if (orionrt_image_u32(at) != image->graph || orionrt_image_u32(at + 4) != op_id) continue;
    for (k = 0; k < length && attribute[k] != 0 && (uint8_t)attribute[k] == name[k];) ++k;
    if (k < length || attribute[k] != 0) continue;
    *body = *image;
    return orionrt_image_take(body, i) ? ORIONRT_IMAGE_OK : ORIONRT_IMAGE_MALFORMED;
  }
  return ORIONRT_IMAGE_NO_BODY;
}

/* The position of an id among tensors or workspaces: to be found once, where ids are not 0, 1, 2, ... O(log n). */
static inline uint32_t orionrt_image_find(const orionrt_image* image, orionrt_image_kind kind, uint32_t id) {
  const orionrt_image_rows* const rows = orionrt_image_of(image, kind);
  uint32_t low = 0, high = rows->count;
  while (low < high) {
    const uint32_t middle = low + (high - low) / 2;
    const int below = orionrt_image_number(rows, middle) < id;
    low = below ? middle + 1 : low;
    high = below ? high : middle;
  }
  return low < rows->count && orionrt_image_number(rows, low) == id ? low : ORIONRT_IMAGE_NONE;
}

/* The address that a place of a bound image names; NULL where that is external. */
static inline void* orionrt_image_address(const orionrt_image* image, const uint8_t* at) {
  const uint32_t space = orionrt_image_u32(at + 4);
  if (space == ORIONRT_IMAGE_NONE) return NULL;
  return (uint8_t*)image->arenas[space].base + (size_t)orionrt_image_u64(at + 8);
}

/* The address of the tensor at a position: its id, where ids are 0, 1, 2, ... */
static inline void* orionrt_image_tensor(const orionrt_image* image, uint32_t position) {
  if (position >= image->served) return NULL;
  return orionrt_image_address(image, orionrt_image_row(&image->own[ORIONRT_IMAGE_TENSORS], position));
}

/* The scratch that an op, by id, may use while it runs; NULL where it asked for none. O(log n). */
static inline void* orionrt_image_workspace(const orionrt_image* image, uint32_t op_id) {
  const uint32_t position = orionrt_image_find(image, ORIONRT_IMAGE_WORKSPACES, op_id);
  if (position == ORIONRT_IMAGE_NONE || image->arenas == NULL) return NULL;
  return orionrt_image_address(image, orionrt_image_row(&image->own[ORIONRT_IMAGE_WORKSPACES], position));
}

/* Ids of the ops that must have ended before the one at a step begins: number `wait` of them, from 0 on. */
static inline uint32_t orionrt_image_wait(const orionrt_image* image, uint32_t step, uint32_t wait) {
  const orionrt_image_rows* const launches = &image->own[ORIONRT_IMAGE_LAUNCHES];
  orionrt_image_rows own = {NULL, 0, 0};
  if (step >= launches->count) return ORIONRT_IMAGE_NONE;
  (void)orionrt_image_slice(&image->all[ORIONRT_IMAGE_WAITS], orionrt_image_row(launches, step) + 4, &own);
  return orionrt_image_number(&own, wait);
}

#endif /* ORIONRT_PLAN_H_ */
