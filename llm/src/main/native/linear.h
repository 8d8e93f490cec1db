/* Products of float rows with a matrix whose elements stay where and as they are. */
#ifndef PHX_LINEAR_H
#define PHX_LINEAR_H

#include <stdint.h>

#include "cpu.h"

/* Types of weights; the numbers are those of WeightType in Java. */
enum phx_type { PHX_F32 = 0, PHX_F16 = 1, PHX_BF16 = 2 };

/* Some rows of a matrix: row r starts at base + r * stride elements. */
typedef struct {
  const char *base;
  int64_t rows;
  int64_t stride;
} phx_segment;

/* Rows of `columns` elements each, from one or more places; bias[rows] or NULL. */
typedef struct {
  enum phx_type type;
  int64_t rows;
  int64_t columns;
  const float *bias;
  int num_segments;
  phx_segment segments[];
} phx_matrix;

/* The most rows of x that a task multiplies: with a block of columns they fit the second cache. */
#define PHX_PASS_ROWS 128

/* y[m][n] = x[m] . matrix[n] + bias[n], cut into tasks of `panel` matrix rows and a pass of x each;
 * all panels of a pass follow each other. */
typedef struct {
  const phx_matrix *matrix;
  const float *x;      /* m * x_stride elements, as phx_linear_pack leaves them */
  int64_t m;
  int64_t x_stride;
  float *y;            /* [m][matrix rows] */
  int64_t panel;
  int64_t skip;        /* matrix rows of the tasks that other threads take meanwhile */
  const float *source; /* [m][columns], what phx_linear_pack reads */
} phx_linear;

/* Floats of a packed row of x. */
PHX_DECLARE(int64_t, phx_linear_stride, (int64_t columns));

/* Task: lays out one row of x for the matrix's type. */
PHX_DECLARE(void, phx_linear_pack, (void *linear, int task));

/* Task: computes one panel's outputs. An output's sums are made in an order that depends on the
 * matrix's columns alone. */
PHX_DECLARE(void, phx_linear_panel, (void *linear, int task));

/* Rounded variants, for bfloat16 weights and a processor that multiplies bfloat16 pairs. Tasks: as
 * phx_linear_pack and phx_linear_panel, but x is rounded to bfloat16 and x_stride counts those. */
void phx_linear_round_avx512bf16(void *linear, int task);
void phx_linear_rounded_panel_avx512bf16(void *linear, int task);

/* The place that holds row *n of the matrix, which becomes the row's number there. */
static inline const phx_segment *phx_segment_at(const phx_matrix *matrix, int64_t *n) {
  const phx_segment *segment = matrix->segments;
  while (*n >= segment->rows) {
    *n -= segment->rows;
    segment++;
  }
  return segment;
}

/* Where row n of the matrix starts. */
static inline const char *phx_row(const phx_matrix *matrix, int64_t n) {
  const phx_segment *segment = phx_segment_at(matrix, &n);
  return segment->base + n * segment->stride * (matrix->type == PHX_F32 ? 4 : 2);
}

#endif
