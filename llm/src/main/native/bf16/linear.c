/* y = x . w with bfloat16 weights and rows of x that are rounded to bfloat16, as isa/linear.c does
 * it but with products of pairs, which run twice as fast. Sums stay floats. */
#include <stdint.h>

#define FEW 8
#define COUNT(rows) ((rows) > 6 ? 3 : (rows) > 2 ? 4 : 1)
#define MR 4
#define NR 6
#define TALL 8
#define WIDE 6
#define STEP 32
#define BLOCK 2048
typedef uint16_t element;

#include "../panel.h"

void phx_linear_round_avx512bf16(void *arg, int task) {
  const phx_linear *job = arg;
  int64_t columns = job->matrix->columns;
  const float *from = job->source + task * columns;
  int64_t stride;
  uint16_t *to = packed_row(job, task, &stride);
  for (int64_t k = 0; k < job->x_stride; k += LANES) {
    int64_t left = columns - k;
    __m512 x = left >= LANES ? _mm512_loadu_ps(from + k)
               : left > 0    ? vf_load_n(from + k, (int)left)
                             : vf_zero();
    uint16_t *place = to + k / STEP * stride + k % STEP;
    _mm256_storeu_si256((__m256i *)place, (__m256i)_mm512_cvtneps_pbh(x));
  }
}

INLINE void sum_step(enum phx_type type, int rows, int count, const element *x,
                     const char *const w[WIDE], int64_t place, vf sums[TALL][WIDE]) {
  (void)type;
  __m512bh weights[WIDE];
#pragma GCC unroll 8
  for (int n = 0; n < count; n++) {
    weights[n] = (__m512bh)_mm512_loadu_si512(w[n] + place);
  }
#pragma GCC unroll 8
  for (int m = 0; m < rows; m++) {
    __m512bh pairs = (__m512bh)vf_load_once((const float *)(x + m * STEP));
#pragma GCC unroll 8
    for (int n = 0; n < count; n++) {
      sums[m][n] = _mm512_dpbf16_ps(sums[m][n], pairs, weights[n]);
    }
  }
}

void phx_linear_rounded_panel_avx512bf16(void *arg, int task) { panel_of(PHX_BF16, arg, task); }
