/* y = x . w with bfloat16 weights and rows of x that are rounded to bfloat16, as isa/linear.c does
 * it but with products of pairs, which run twice as fast. Sums stay floats. */
#include <stdint.h>

#define MR 6
#define NR 4
#define STEP 32
#define BLOCK 2048
typedef uint16_t element;

#include "../panel.h"

void phx_linear_round_avx512bf16(void *arg, int task) {
  phx_linear *job = arg;
  int64_t columns = job->matrix->columns;
  const float *from = job->source + task * columns;
  uint16_t *to = (uint16_t *)row_of_x(job, task);
  for (int64_t k = 0; k < job->x_stride; k += LANES) {
    int64_t left = columns - k;
    __m512 x = left >= LANES ? _mm512_loadu_ps(from + k)
               : left > 0    ? vf_load_n(from + k, (int)left)
                             : vf_zero();
    _mm256_storeu_si256((__m256i *)(to + k), (__m256i)_mm512_cvtneps_pbh(x));
  }
}

INLINE void sum_steps(enum phx_type type, int rows, const element *x, int64_t x_stride,
                      const char *const w[NR], int64_t k, int64_t end, vf sums[MR][NR]) {
  for (; k < end; k += STEP) {
#pragma GCC unroll 8
    for (int n = 0; n < NR; n++) {
      __m512bh weights = (__m512bh)_mm512_loadu_si512(w[n] + k * size_of(type));
#pragma GCC unroll 8
      for (int m = 0; m < rows; m++) {
        __m512bh pairs = (__m512bh)_mm512_loadu_si512(x + m * x_stride + k);
        sums[m][n] = _mm512_dpbf16_ps(sums[m][n], pairs, weights);
      }
    }
  }
}

void phx_linear_rounded_panel_avx512bf16(void *arg, int task) {
  panel_of(PHX_BF16, arg, first_row(arg, task), last_row(arg, task));
}
