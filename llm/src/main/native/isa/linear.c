/* y = x . w as dot products along the columns: a tile of MR rows of x and NR rows of w has one
 * vector of sums for each of its outputs. Rows of w are read where they lie; two vectors' worth of
 * their elements at a time, of 16-bit ones with a single load. */

/* As many outputs as the registers hold. */
#ifdef __AVX512F__
#define MR 6
#else
#define MR 3
#endif
#define NR 4
#define STEP (2 * LANES)
#define BLOCK 1024
typedef float element;

#include "../panel.h"

int64_t PHX_VARIANT(phx_linear_stride)(int64_t columns) {
  return (columns + STEP - 1) / STEP * STEP;
}

/* Of bfloat16 weights a step has first the even elements, then the odd ones, which takes one
 * instruction each. */
static void pack_even_odd(float *to, const float *from, int64_t columns) {
  int64_t k = 0;
  for (; k + STEP <= columns; k += STEP) {
    for (int i = 0; i < LANES; i++) {
      to[k + i] = from[k + 2 * i];
      to[k + LANES + i] = from[k + 2 * i + 1];
    }
  }
  for (int64_t i = k; i < columns; i++) {
    to[k + (i - k) / 2 + (i % 2) * LANES] = from[i];
  }
}

void PHX_VARIANT(phx_linear_pack)(void *arg, int task) {
  phx_linear *job = arg;
  int64_t columns = job->matrix->columns;
  float *to = (float *)job->x + task * job->x_stride;
  const float *from = job->source + task * columns;
  if (job->x_stride > columns) {
    memset(to + job->x_stride - STEP, 0, STEP * sizeof(float));
  }
  if (job->matrix->type == PHX_BF16) {
    pack_even_odd(to, from, columns);
  } else {
    memcpy(to, from, (size_t)columns * sizeof(float));
  }
}

/* Loads a step of weights at element k. */
INLINE void load_step(enum phx_type type, const char *row, int64_t k, vf *first, vf *second) {
  if (type == PHX_F32) {
    *first = vf_load((const float *)row + k);
    *second = vf_load((const float *)row + k + LANES);
  } else if (type == PHX_F16) {
    *first = vf_load_f16((const uint16_t *)row + k);
    *second = vf_load_f16((const uint16_t *)row + k + LANES);
  } else {
    vf_load_bf16_pairs((const uint16_t *)row + k, first, second);
  }
}

INLINE void sum_steps(enum phx_type type, int rows, const element *x, int64_t x_stride,
                      const char *const w[NR], int64_t k, int64_t end, vf sums[MR][NR]) {
  for (; k < end; k += STEP) {
#pragma GCC unroll 8
    for (int n = 0; n < NR; n++) {
      vf first, second;
      load_step(type, w[n], k, &first, &second);
#pragma GCC unroll 8
      for (int m = 0; m < rows; m++) {
        sums[m][n] = vf_fma(vf_load(x + m * x_stride + k), first, sums[m][n]);
      }
#pragma GCC unroll 8
      for (int m = 0; m < rows; m++) {
        sums[m][n] = vf_fma(vf_load(x + m * x_stride + k + LANES), second, sums[m][n]);
      }
    }
  }
}

static __attribute__((noinline)) void panel_f32(const phx_linear *job, int64_t n, int64_t last) {
  panel_of(PHX_F32, job, n, last);
}
static __attribute__((noinline)) void panel_f16(const phx_linear *job, int64_t n, int64_t last) {
  panel_of(PHX_F16, job, n, last);
}
static __attribute__((noinline)) void panel_bf16(const phx_linear *job, int64_t n, int64_t last) {
  panel_of(PHX_BF16, job, n, last);
}

void PHX_VARIANT(phx_linear_panel)(void *arg, int task) {
  const phx_linear *job = arg;
  int64_t first = first_row(job, task);
  int64_t last = last_row(job, task);
  switch (job->matrix->type) {
    case PHX_F32: panel_f32(job, first, last); break;
    case PHX_F16: panel_f16(job, first, last); break;
    default: panel_bf16(job, first, last); break;
  }
}
