/* Rows of a step, shared between the threads, and the norm of one. */
#ifndef PHX_ROWS_H
#define PHX_ROWS_H

#include "elementwise.h"

#include <math.h>

#include "lanes.h"

#define SMALL 32768 /* elements that one thread handles sooner than it would share them */

/* A range of rows for each task. */
struct rows {
  void (*fn)(const void *arg, long row);
  const void *arg;
  long rows, rows_per_task;
};

static void run_rows(void *arg, int task) {
  const struct rows *rows = arg;
  long first = task * rows->rows_per_task;
  long end = first + rows->rows_per_task < rows->rows ? first + rows->rows_per_task : rows->rows;
  for (long row = first; row < end; row++) {
    rows->fn(rows->arg, row);
  }
}

/* Calls fn for each row; `size` is the work of a row in elements. */
static void for_rows(phx_pool *pool, long rows, long size, void (*fn)(const void *, long),
                     const void *arg) {
  long rows_per_task = (SMALL / 2 + size - 1) / size;
  struct rows all = {fn, arg, rows, rows * size <= SMALL ? rows : rows_per_task};
  if (rows > 0) {
    phx_run(pool, (int)((rows + all.rows_per_task - 1) / all.rows_per_task), run_rows, &all);
  }
}

static float inverse_root_mean_square(const float *row, int size, float epsilon) {
  lanes squares = lanes_zero();
  for (int i = 0; i < size; i += WIDTH) {
    lanes x = lanes_load_n(row + i, size - i);
    squares = lanes_fma(x, x, squares);
  }
  return 1.0f / sqrtf(lanes_sum(squares) / (float)size + epsilon);
}

static void normalize(const struct phx_norm *norm, const float *row, float *output) {
  lanes factor = lanes_set(inverse_root_mean_square(row, norm->size, norm->epsilon));
  for (int i = 0; i < norm->size; i += WIDTH) {
    int n = norm->size - i;
    lanes scaled = lanes_mul(lanes_load_n(row + i, n), factor);
    lanes_store_n(output + i, lanes_mul(scaled, lanes_load_n(norm->weight + i, n)), n);
  }
}

#endif
