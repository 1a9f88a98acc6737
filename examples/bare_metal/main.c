/* An int8 network on a machine without a system: its plan is a constant, its memory an array, and all of OrionRT that
 * runs is orionrt_plan.h. No heap, no library.
 *
 *   orionrt plan model.json --all --alignment 1 -o plan.bin        once, where there is a system
 *   od -An -v -tu1 plan.bin | sed 's/  *\([0-9][0-9]*\)/\1,/g' > plan.inc
 *   cc -std=c99 -I../../include main.c                             the image, which has the plan inside
 *
 * main() is for trying it here: it runs the network in the plan's bytes, then with an array of its own for every
 * tensor, and compares. */
#include <orionrt_plan.h>
#include <stdio.h>

static const uint8_t plan_file[] = {
#include "plan.inc"
};

#define GRAPH_ID 0x764650CCCFD21CF4u /* of model.json: "graph_id" of its plan in JSON */
#define TENSORS 7
static int8_t arena[128]; /* the seven tensors have 394 bytes */

static int8_t Saturated(int32_t value) { return (int8_t)(value > 127 ? 127 : value < -128 ? -128 : value); }

/* Weights would lie in flash; here a formula makes them. */
static void Dense(const int8_t* x, int8_t* y, int count, int salt) {
  int i, k;
  for (i = 0; i < count; ++i) {
    int32_t sum = 0;
    for (k = 0; k < 64; ++k) sum += x[k] * ((i * 31 + k * 17 + salt * 7) % 15 - 7);
    y[i] = Saturated(sum / 16);
  }
}

/* The kernels are told nothing of the plan: an output that lies on an input is computed at each place from that. */
static void Run(uint32_t op, int8_t* const* t) {
  int i;
  switch (op) {
    case 0:
      Dense(t[0], t[1], 64, 1);
      break;
    case 1:
      for (i = 0; i < 64; ++i) t[2][i] = (int8_t)(t[1][i] > 0 ? t[1][i] : 0);
      break;
    case 2:
      Dense(t[2], t[3], 64, 2);
      break;
    case 3:
      for (i = 0; i < 64; ++i) t[4][i] = Saturated(t[3][i] + t[2][i]);
      break;
    case 4:
      for (i = 0; i < 64; ++i) t[5][i] = t[4][i];
      break;
    case 5:
      Dense(t[5], t[6], 10, 3);
      break;
    default:
      break;
  }
}

/* In the order of the plan, without what has vanished: those ops' outputs lie where they should already. */
static int RunByPlan(const int8_t* input, int8_t* output) {
  const orionrt_image_arena memory = {arena, sizeof arena};
  orionrt_image plan;
  int8_t* tensors[TENSORS];
  uint32_t i, step, vanished = 0;
  if (orionrt_image_open(&plan, plan_file, sizeof plan_file) != ORIONRT_IMAGE_OK) return 0;
  if (plan.graph_id != GRAPH_ID || orionrt_image_count(&plan, ORIONRT_IMAGE_TENSORS) != TENSORS) return 0;
  if (orionrt_image_bind(&plan, &memory, 1) != ORIONRT_IMAGE_OK) return 0;
  for (i = 0; i < TENSORS; ++i) tensors[i] = (int8_t*)orionrt_image_tensor(&plan, i);
  for (i = 0; i < 64; ++i) tensors[0][i] = input[i];
  for (step = 0; step < orionrt_image_count(&plan, ORIONRT_IMAGE_ORDER); ++step) {
    const uint32_t op = orionrt_image_at(&plan, ORIONRT_IMAGE_ORDER, step, ORIONRT_IMAGE_ID);
    if (op == orionrt_image_at(&plan, ORIONRT_IMAGE_VANISHED, vanished, ORIONRT_IMAGE_ID)) {
      ++vanished;
    } else {
      Run(op, tensors);
    }
  }
  for (i = 0; i < 10; ++i) output[i] = tensors[6][i];
  return 1;
}

int main(void) {
  static int8_t apart[TENSORS][64];
  int8_t* tensors[TENSORS];
  int8_t planned[10];
  int i, good = 1;
  for (i = 0; i < TENSORS; ++i) tensors[i] = apart[i];
  for (i = 0; i < 64; ++i) apart[0][i] = (int8_t)(i * 37 % 100 - 50);
  if (!RunByPlan(apart[0], planned)) {
    puts("the plan is refused");
    return 1;
  }
  for (i = 0; i < 6; ++i) Run((uint32_t)i, tensors);
  for (i = 0; i < 10; ++i) {
    printf("%d%s", planned[i], i < 9 ? " " : "\n");
    good = good && planned[i] == apart[6][i];
  }
  puts(good ? "as without the plan" : "NOT as without the plan");
  return good ? 0 : 1;
}
