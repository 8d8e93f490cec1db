/* y = x . w as dot products along the columns: a tile of MR rows of x and NR rows of w has one
 * vector of sums for each of its outputs. Rows of w are read where they lie; two vectors' worth of
 * their elements at a time, of 16-bit ones with a single load. */

/* As many outputs as the registers hold beside a vector of x and those of w. */
#ifdef __AVX512F__
#define FEW 8
#define COUNT(rows) ((rows) > 6 ? 3 : (rows) > 1 ? 4 : 1)
#define MR 4
#define NR 6
#define TALL 8
#define WIDE 6
#else
#define FEW 3
#define COUNT(rows) ((rows) > 2 ? 3 : 4)
#define MR 3
#define NR 3
#define TALL 3
#define WIDE 4
#endif
#define STEP (2 * LANES)
#define BLOCK 1024
typedef float element;

#include "../panel.h"

int64_t PHX_VARIANT(phx_linear_stride)(int64_t columns) {
  return (columns + STEP - 1) / STEP * STEP;
}

/* Of bfloat16 weights a step has first the even elements, then the odd ones. */
static void pack_step(enum phx_type type, float *to, const float *from) {
  if (type != PHX_BF16) {
    memcpy(to, from, STEP * sizeof(float));
    return;
  }
  for (int i = 0; i < LANES; i++) {
    to[i] = from[2 * i];
    to[LANES + i] = from[2 * i + 1];
  }
}

void PHX_VARIANT(phx_linear_pack)(void *arg, int task) {
  const phx_linear *job = arg;
  int64_t columns = job->matrix->columns;
  const float *from = job->source + task * columns;
  int64_t stride;
  float *to = packed_row(job, task, &stride);
  int64_t k = 0;
  for (; k + STEP <= columns; k += STEP, to += stride) {
    pack_step(job->matrix->type, to, from + k);
  }
  if (k < columns) {
    float rest[STEP] = {0};
    memcpy(rest, from + k, (size_t)(columns - k) * sizeof(float));
    pack_step(job->matrix->type, to, rest);
  }
}

/* Half of a step of weights. */
INLINE vf load_half(enum phx_type type, const char *w, int half) {
  if (type == PHX_F32) {
    return vf_load((const float *)w + half * LANES);
  }
  if (type == PHX_F16) {
    return vf_load_f16((const uint16_t *)w + half * LANES);
  }
  return half == 0 ? vf_load_bf16_even((const uint16_t *)w) : vf_load_bf16_odd((const uint16_t *)w);
}

INLINE void sum_half(enum phx_type type, int rows, int count, const element *x,
                     const char *const w[WIDE], int64_t place, int half, vf sums[TALL][WIDE]) {
  vf weights[WIDE];
#pragma GCC unroll 8
  for (int n = 0; n < count; n++) {
    weights[n] = load_half(type, w[n] + place, half);
  }
#pragma GCC unroll 8
  for (int m = 0; m < rows; m++) {
    vf other = vf_load_once(x + m * STEP + half * LANES);
#pragma GCC unroll 8
    for (int n = 0; n < count; n++) {
      sums[m][n] = vf_fma(other, weights[n], sums[m][n]);
    }
  }
}

INLINE void sum_step(enum phx_type type, int rows, int count, const element *x,
                     const char *const w[WIDE], int64_t place, vf sums[TALL][WIDE]) {
  sum_half(type, rows, count, x, w, place, 0, sums);
  sum_half(type, rows, count, x, w, place, 1, sums);
}

static __attribute__((noinline)) void panel_f32(const phx_linear *job, int task) {
  panel_of(PHX_F32, job, task);
}
static __attribute__((noinline)) void panel_f16(const phx_linear *job, int task) {
  panel_of(PHX_F16, job, task);
}
static __attribute__((noinline)) void panel_bf16(const phx_linear *job, int task) {
  panel_of(PHX_BF16, job, task);
}

void PHX_VARIANT(phx_linear_panel)(void *arg, int task) {
  const phx_linear *job = arg;
  switch (job->matrix->type) {
    case PHX_F32: panel_f32(job, task); break;
    case PHX_F16: panel_f16(job, task); break;
    default: panel_bf16(job, task); break;
  }
}
