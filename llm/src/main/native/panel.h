/* The loops around a product's innermost one, for a source that has defined before:
 *
 *   MR, NR    the largest tile: rows of x and of w whose products are summed at the same time
 *   STEP      columns that sum_steps takes at a time
 *   BLOCK     columns of a tile, a multiple of STEP: a tile's rows of x stay in the nearest cache
 *   element   what a packed row of x consists of */
#ifndef PHX_PANEL_H
#define PHX_PANEL_H

#include "linear.h"
#include "simd.h"

/* Columns after which more of the weights to come is asked for. */
#define CHUNK (8 * STEP)

/* So many rows of x pass one tile's rows of w after the other, which come from memory meanwhile. More
 * rows take so long that it is better to read many rows of w from the second cache again and again. */
#define FEW 16

/* Weights that come next: some columns of some rows, asked for in the order in which they lie. */
struct ahead {
  const char *place;
  int64_t width; /* bytes of a row that are wanted */
  int64_t jump;  /* bytes from there to the next row's */
  int64_t left;  /* bytes of the row at hand */
  int64_t lines; /* still to come */
  int64_t share; /* lines to ask for at a time */
};

/* Adds the products of columns k .. end - 1, a multiple of STEP, for `rows` rows of x and NR of w. */
INLINE void sum_steps(enum phx_type type, int rows, const element *x, int64_t x_stride,
                      const char *const w[NR], int64_t k, int64_t end, vf sums[MR][NR]);

INLINE int64_t size_of(enum phx_type type) { return type == PHX_F32 ? 4 : 2; }

/* Points to `columns` columns of NR rows. */
static void aim(struct ahead *ahead, const phx_matrix *matrix, int64_t row, int64_t block,
                int64_t columns) {
  int64_t size = size_of(matrix->type);
  int64_t left = matrix->columns - block;
  row = row + NR <= matrix->rows ? row : 0;
  const phx_segment *segment = phx_segment_at(matrix, &row);
  ahead->place = segment->base + (row * segment->stride + block) * size;
  ahead->width = ahead->left = (left < columns ? left : columns) * size;
  ahead->jump = segment->stride * size - ahead->width;
  ahead->lines = NR * ahead->width / 64;
}

/* A share of them. */
INLINE void ask(struct ahead *ahead) {
  int64_t lines = ahead->lines < ahead->share ? ahead->lines : ahead->share;
  ahead->lines -= lines;
  for (; lines > 0; lines--) {
    _mm_prefetch(ahead->place, _MM_HINT_T0);
    ahead->place += 64;
    ahead->left -= 64;
    if (ahead->left <= 0) {
      ahead->place += ahead->jump;
      ahead->left = ahead->width;
    }
  }
}

INLINE const element *row_of_x(const phx_linear *job, int64_t m) {
  return (const element *)job->x + m * job->x_stride;
}

/* The last columns, fewer than a step, come from a copy with zeros beyond. */
INLINE void sum_rest(enum phx_type type, int rows, const element *x, int64_t x_stride,
                     const char *const w[NR], int64_t k, int64_t columns, vf sums[MR][NR]) {
  size_t size = (size_t)size_of(type);
  char copies[NR][STEP * sizeof(float)] = {{0}};
  const char *rest[NR];
  for (int n = 0; n < NR; n++) {
    memcpy(copies[n], w[n] + (size_t)k * size, (size_t)(columns - k) * size);
    rest[n] = copies[n];
  }
  sum_steps(type, rows, x + k, x_stride, rest, 0, STEP, sums);
}

/* Outputs of a tile over the columns of one block, added to what the blocks before gave. Of the
 * tile's rows of w the first `used` are wanted. */
INLINE void tile(enum phx_type type, int rows, const phx_linear *job, int64_t m, int64_t n,
                 int64_t block, int used, struct ahead *ahead) {
  const phx_matrix *matrix = job->matrix;
  const char *w[NR];
  for (int i = 0; i < NR; i++) {
    w[i] = phx_row(matrix, n + (i < used ? i : 0));
  }
  const element *x = row_of_x(job, m);
  int64_t end = block + BLOCK < matrix->columns ? block + BLOCK : matrix->columns;
  int64_t whole = block + (end - block) / STEP * STEP;
  vf sums[MR][NR];
#pragma GCC unroll 8
  for (int i = 0; i < rows; i++) {
#pragma GCC unroll 8
    for (int j = 0; j < NR; j++) {
      sums[i][j] = vf_zero();
    }
  }
  for (int64_t k = block; k < whole; k += CHUNK) {
    ask(ahead);
    sum_steps(type, rows, x, job->x_stride, w, k, k + CHUNK < whole ? k + CHUNK : whole, sums);
  }
  if (whole < end) {
    sum_rest(type, rows, x, job->x_stride, w, whole, end, sums);
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

/* Some rows of x over one block of rows first .. last - 1 of w. */
INLINE void tiles(enum phx_type type, int rows, const phx_linear *job, int64_t m, int64_t first,
                  int64_t last, int64_t block, struct ahead *ahead) {
  for (int64_t n = first; n < last; n += NR) {
    if (m == 0 && job->m > FEW) {
      aim(ahead, job->matrix, n + NR < last ? n + NR : last + job->skip, block, BLOCK);
    }
    tile(type, rows, job, m, n, block, last - n < NR ? (int)(last - n) : NR, ahead);
  }
}

/* All rows of x, cut into `passes` nearly equal parts. */
INLINE void pass_rows(enum phx_type type, const phx_linear *job, int64_t passes, int64_t first,
                      int64_t last, int64_t block, struct ahead *ahead) {
  int64_t m = 0;
  for (int64_t pass = 0; pass < passes; pass++) {
    int64_t rows = (job->m - m + passes - pass - 1) / (passes - pass);
    switch (rows) {
#if MR == 6
      case 6: tiles(type, 6, job, m, first, last, block, ahead); break;
      case 5: tiles(type, 5, job, m, first, last, block, ahead); break;
      case 4: tiles(type, 4, job, m, first, last, block, ahead); break;
#endif
      case 3: tiles(type, 3, job, m, first, last, block, ahead); break;
      case 2: tiles(type, 2, job, m, first, last, block, ahead); break;
      default: tiles(type, 1, job, m, first, last, block, ahead); break;
    }
    m += rows;
  }
}

/* Few rows of x: those of w one tile after the other, and over all their columns. */
INLINE void few_rows(enum phx_type type, const phx_linear *job, int64_t passes, int64_t first,
                     int64_t last, struct ahead *ahead) {
  const int64_t columns = job->matrix->columns;
  for (int64_t n = first; n < last; n += NR) {
    int64_t end = n + NR < last ? n + NR : last;
    aim(ahead, job->matrix, end < last ? end : last + job->skip, 0, columns);
    for (int64_t block = 0; block == 0 || block < columns; block += BLOCK) {
      pass_rows(type, job, passes, n, end, block, ahead);
    }
  }
}

/* Outputs of rows first .. last - 1 of w. */
INLINE void panel_of(enum phx_type type, const phx_linear *job, int64_t first, int64_t last) {
  int64_t passes = (job->m + MR - 1) / MR;
  int64_t lines = NR * CHUNK * size_of(type) / 64;
  struct ahead ahead = {.share = job->m > FEW ? lines : (lines + passes - 1) / passes};
  if (job->m <= FEW) {
    few_rows(type, job, passes, first, last, &ahead);
    return;
  }
  for (int64_t block = 0; block == 0 || block < job->matrix->columns; block += BLOCK) {
    pass_rows(type, job, passes, first, last, block, &ahead);
  }
}

/* The rows of a task. */
INLINE int64_t first_row(const phx_linear *job, int task) { return task * job->panel; }
INLINE int64_t last_row(const phx_linear *job, int task) {
  int64_t last = (task + 1) * job->panel;
  return last < job->matrix->rows ? last : job->matrix->rows;
}

#endif
