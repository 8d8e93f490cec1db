/* y = x . w as dot products along the columns: a tile of MR rows of x and NR rows of w has one
 * vector of sums for each of its outputs. Rows of w are read where they lie; two vectors' worth of
 * their elements at a time, of 16-bit ones with a single load. */
#include "../linear.h"

#include "../simd.h"

/* Outputs of a tile: as many as the registers hold. */
#ifdef __AVX512F__
#define MR 6
#else
#define MR 3
#endif
#define NR 4

/* With one or two rows of x, reading the weights takes longest. Then fewer rows of w are read at
 * once, which is nearer to one stream, and the next ones are asked for meanwhile. */
#define FEW_NR 2

/* Elements of a step. */
#define STEP (2 * LANES)

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

/* The sums of columns k .. end - 1, a multiple of STEP, for `rows` rows of x and `count` of w.
 * `ahead`: as many bytes that will be needed next, or NULL. */
INLINE void sum_block(enum phx_type type, int rows, int count, const float *x, int64_t x_stride,
                      const char *const w[NR], const char *ahead, int64_t k, int64_t end,
                      vf sums[MR][NR]) {
  const int step_bytes = STEP * (type == PHX_F32 ? 4 : 2);
  for (; k < end; k += STEP) {
    if (ahead != NULL) {
      for (int offset = 0; offset < step_bytes * count; offset += 64) {
        _mm_prefetch(ahead + offset, _MM_HINT_T0);
      }
      ahead += step_bytes * count;
    }
#pragma GCC unroll 8
    for (int n = 0; n < count; n++) {
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

/* The last columns, fewer than a step, come from a copy with zeros beyond. */
INLINE void sum_rest(enum phx_type type, int rows, int count, const float *x, int64_t x_stride,
                     const char *const w[NR], int64_t k, int64_t columns, vf sums[MR][NR]) {
  size_t size = type == PHX_F32 ? 4 : 2;
  char copies[NR][STEP * sizeof(float)] = {{0}};
  const char *rest[NR];
  for (int n = 0; n < count; n++) {
    memcpy(copies[n], w[n] + (size_t)k * size, (size_t)(columns - k) * size);
    rest[n] = copies[n];
  }
  sum_block(type, rows, count, x + k, x_stride, rest, NULL, 0, STEP, sums);
}

/* Where the weights of row n + i of w lie that are wanted after the block at k: with few rows of x
 * the block after its next, else the same block of a row of the next tile. */
static const char *next_block(const phx_matrix *matrix, int64_t n, int i, int count, int64_t k) {
  int64_t size = matrix->type == PHX_F32 ? 4 : 2;
  if (count != FEW_NR) {
    return phx_row(matrix, n + count + i < matrix->rows ? n + count + i : 0) + k * size;
  }
  int64_t next = k + (matrix->columns > PHX_BLOCK ? 2 : 1) * PHX_BLOCK;
  int64_t row = next < matrix->columns ? n + i : n + FEW_NR + i;
  int64_t column = next < matrix->columns ? next : (next - matrix->columns) / PHX_BLOCK * PHX_BLOCK;
  return phx_row(matrix, row < matrix->rows ? row : 0) + column * size;
}

/* The same with the weights to come asked for, one row's after the other's. */
INLINE void sum_block_ahead(enum phx_type type, int rows, int count, const phx_linear *job,
                            const float *x, const char *const w[NR], int64_t n, int64_t k,
                            int64_t end, vf sums[MR][NR]) {
  int64_t share = (end - k) / STEP / count * STEP;
  int64_t block = k;
  for (int i = 0; i < count; i++) {
    const char *ahead = next_block(job->matrix, n, i, count, block);
    int64_t to = i < count - 1 ? k + share : end;
    sum_block(type, rows, count, x, job->x_stride, w, ahead, k, to, sums);
    k = to;
  }
}

/* The outputs of a tile over the columns of one block, added to what the blocks before gave. The
 * tile has `count` rows of w, of which the first `used` are wanted. */
INLINE void tile(enum phx_type type, int rows, int count, const phx_linear *job, int64_t m,
                 int64_t n, int64_t block, int used) {
  const phx_matrix *matrix = job->matrix;
  const char *w[NR];
  for (int i = 0; i < count; i++) {
    w[i] = phx_row(matrix, n + (i < used ? i : 0));
  }
  const float *x = job->x + m * job->x_stride;
  int64_t end = block + PHX_BLOCK < matrix->columns ? block + PHX_BLOCK : matrix->columns;
  int64_t whole = block + (end - block) / STEP * STEP;
  vf sums[MR][NR];
#pragma GCC unroll 8
  for (int i = 0; i < rows; i++) {
#pragma GCC unroll 8
    for (int j = 0; j < NR; j++) {
      sums[i][j] = vf_zero();
    }
  }
  if (m == 0) {
    sum_block_ahead(type, rows, count, job, x, w, n, block, whole, sums);
  } else {
    sum_block(type, rows, count, x, job->x_stride, w, NULL, block, whole, sums);
  }
  if (whole < end) {
    sum_rest(type, rows, count, x, job->x_stride, w, whole, end, sums);
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

/* All tiles of some rows of x with the panel's rows of w. */
INLINE void tiles(enum phx_type type, int rows, int count, const phx_linear *job, int64_t m,
                  int64_t first, int64_t last, int64_t block) {
  for (int64_t n = first; n < last; n += count) {
    tile(type, rows, count, job, m, n, block, last - n < count ? (int)(last - n) : count);
  }
}

/* Rows of w are read to their ends, one pair after the other, as they lie in memory. */
INLINE void few_rows(enum phx_type type, int rows, const phx_linear *job, int64_t first,
                     int64_t last) {
  for (int64_t n = first; n < last; n += FEW_NR) {
    for (int64_t block = 0; block == 0 || block < job->matrix->columns; block += PHX_BLOCK) {
      int used = last - n < FEW_NR ? (int)(last - n) : FEW_NR;
      tile(type, rows, FEW_NR, job, 0, n, block, used);
    }
  }
}

/* A block of the panel's rows of w stays in the cache while all rows of x pass. */
INLINE void many_rows(enum phx_type type, const phx_linear *job, int64_t first, int64_t last) {
  for (int64_t block = 0; block == 0 || block < job->matrix->columns; block += PHX_BLOCK) {
    int64_t m = 0;
    for (; job->m - m >= MR; m += MR) {
      tiles(type, MR, NR, job, m, first, last, block);
    }
    switch (job->m - m) {
#if MR == 6
      case 5: tiles(type, 5, NR, job, m, first, last, block); break;
      case 4: tiles(type, 4, NR, job, m, first, last, block); break;
      case 3: tiles(type, 3, NR, job, m, first, last, block); break;
#endif
      case 2: tiles(type, 2, NR, job, m, first, last, block); break;
      case 1: tiles(type, 1, NR, job, m, first, last, block); break;
    }
  }
}

INLINE void panel(enum phx_type type, const phx_linear *job, int64_t first, int64_t last) {
  switch (job->m) {
    case 1: few_rows(type, 1, job, first, last); break;
    case 2: few_rows(type, 2, job, first, last); break;
    default: many_rows(type, job, first, last); break;
  }
}

static __attribute__((noinline)) void panel_f32(const phx_linear *job, int64_t n, int64_t last) {
  panel(PHX_F32, job, n, last);
}
static __attribute__((noinline)) void panel_f16(const phx_linear *job, int64_t n, int64_t last) {
  panel(PHX_F16, job, n, last);
}
static __attribute__((noinline)) void panel_bf16(const phx_linear *job, int64_t n, int64_t last) {
  panel(PHX_BF16, job, n, last);
}

void PHX_VARIANT(phx_linear_panel)(void *arg, int task) {
  const phx_linear *job = arg;
  int64_t first = task * job->panel;
  int64_t last = first + job->panel < job->matrix->rows ? first + job->panel : job->matrix->rows;
  switch (job->matrix->type) {
    case PHX_F32: panel_f32(job, first, last); break;
    case PHX_F16: panel_f16(job, first, last); break;
    default: panel_bf16(job, first, last); break;
  }
}
