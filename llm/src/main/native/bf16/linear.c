/* y = x . w with bfloat16 weights and rows of x that are rounded to bfloat16, as isa/linear.c does
 * it but with products of pairs, which run twice as fast. Sums stay floats. */
#include "../linear.h"

#include "../simd.h"

#define MR 6
#define NR 4

/* See isa/linear.c. */
#define FEW_NR 2
#define STEP 32

static const uint16_t *row_of_x(const phx_linear *job, int64_t m) {
  return (const uint16_t *)job->x + m * job->x_stride;
}

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

/* Columns k .. end - 1 of `rows` rows of x and `count` of w; the last step may be a part of one. */
INLINE void sum_block(int rows, int count, const uint16_t *x, int64_t x_stride,
                      const uint16_t *const w[NR], const char *ahead, int64_t k, int64_t end,
                      __m512 sums[MR][NR]) {
  for (; k < end; k += STEP) {
    if (ahead != NULL) {
      for (int n = 0; n < count; n++, ahead += 64) {
        _mm_prefetch(ahead, _MM_HINT_T0);
      }
    }
    __mmask32 mask = end - k >= STEP ? 0xffffffffu : (1u << (end - k)) - 1;
#pragma GCC unroll 8
    for (int n = 0; n < count; n++) {
      __m512bh weights = (__m512bh)_mm512_maskz_loadu_epi16(mask, w[n] + k);
#pragma GCC unroll 8
      for (int m = 0; m < rows; m++) {
        __m512bh pairs = (__m512bh)_mm512_loadu_si512(x + m * x_stride + k);
        sums[m][n] = _mm512_dpbf16_ps(sums[m][n], pairs, weights);
      }
    }
  }
}

static const char *next_block(const phx_matrix *matrix, int64_t n, int i, int count, int64_t k) {
  if (count != FEW_NR) {
    return phx_row(matrix, n + count + i < matrix->rows ? n + count + i : 0) + k * 2;
  }
  int64_t next = k + (matrix->columns > PHX_BLOCK ? 2 : 1) * PHX_BLOCK;
  int64_t row = next < matrix->columns ? n + i : n + FEW_NR + i;
  int64_t column = next < matrix->columns ? next : (next - matrix->columns) / PHX_BLOCK * PHX_BLOCK;
  return phx_row(matrix, row < matrix->rows ? row : 0) + column * 2;
}

INLINE void sum_block_ahead(int rows, int count, const phx_linear *job, const uint16_t *x,
                            const uint16_t *const w[NR], int64_t n, int64_t k, int64_t end,
                            __m512 sums[MR][NR]) {
  int64_t share = (end - k) / STEP / count * STEP;
  int64_t block = k;
  for (int i = 0; i < count; i++) {
    const char *ahead = next_block(job->matrix, n, i, count, block);
    int64_t to = i < count - 1 ? k + share : end;
    sum_block(rows, count, x, job->x_stride, w, ahead, k, to, sums);
    k = to;
  }
}

INLINE void tile(int rows, int count, const phx_linear *job, int64_t m, int64_t n, int64_t block,
                 int used) {
  const phx_matrix *matrix = job->matrix;
  const uint16_t *w[NR];
  for (int i = 0; i < count; i++) {
    w[i] = (const uint16_t *)phx_row(matrix, n + (i < used ? i : 0));
  }
  int64_t end = block + PHX_BLOCK < matrix->columns ? block + PHX_BLOCK : matrix->columns;
  __m512 sums[MR][NR];
#pragma GCC unroll 8
  for (int i = 0; i < rows; i++) {
#pragma GCC unroll 8
    for (int j = 0; j < NR; j++) {
      sums[i][j] = vf_zero();
    }
  }
  if (m == 0) {
    sum_block_ahead(rows, count, job, row_of_x(job, m), w, n, block, end, sums);
  } else {
    sum_block(rows, count, row_of_x(job, m), job->x_stride, w, NULL, block, end, sums);
  }
#pragma GCC unroll 8
  for (int i = 0; i < rows; i++) {
    float *y = job->y + (m + i) * matrix->rows + n;
    float totals[NR];
    _mm_storeu_ps(totals, vf_sum4(sums[i][0], sums[i][1], sums[i][2], sums[i][3]));
    for (int j = 0; j < used; j++) {
      float before = block > 0 ? y[j] : matrix->bias != NULL ? matrix->bias[n + j] : 0;
      y[j] = before + totals[j];
    }
  }
}

INLINE void tiles(int rows, int count, const phx_linear *job, int64_t m, int64_t first,
                  int64_t last, int64_t block) {
  for (int64_t n = first; n < last; n += count) {
    tile(rows, count, job, m, n, block, last - n < count ? (int)(last - n) : count);
  }
}

INLINE void few_rows(int rows, const phx_linear *job, int64_t first, int64_t last) {
  for (int64_t n = first; n < last; n += FEW_NR) {
    for (int64_t block = 0; block == 0 || block < job->matrix->columns; block += PHX_BLOCK) {
      tile(rows, FEW_NR, job, 0, n, block, last - n < FEW_NR ? (int)(last - n) : FEW_NR);
    }
  }
}

static void many_rows(const phx_linear *job, int64_t first, int64_t last) {
  for (int64_t block = 0; block == 0 || block < job->matrix->columns; block += PHX_BLOCK) {
    int64_t m = 0;
    for (; job->m - m >= MR; m += MR) {
      tiles(MR, NR, job, m, first, last, block);
    }
    switch (job->m - m) {
      case 5: tiles(5, NR, job, m, first, last, block); break;
      case 4: tiles(4, NR, job, m, first, last, block); break;
      case 3: tiles(3, NR, job, m, first, last, block); break;
      case 2: tiles(2, NR, job, m, first, last, block); break;
      case 1: tiles(1, NR, job, m, first, last, block); break;
    }
  }
}

void phx_linear_rounded_panel_avx512bf16(void *arg, int task) {
  const phx_linear *job = arg;
  int64_t first = task * job->panel;
  int64_t last = first + job->panel < job->matrix->rows ? first + job->panel : job->matrix->rows;
  switch (job->m) {
    case 1: few_rows(1, job, first, last); break;
    case 2: few_rows(2, job, first, last); break;
    default: many_rows(job, first, last); break;
  }
}
