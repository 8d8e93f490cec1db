#include "linear.h"

#include <stdlib.h>

#include "export.h"
#include "pool.h"

/* Bytes of the weights that a task reads, and how many tasks each thread should find, so that
 * threads end together; rows of a task are a multiple of those that kernels take at once. With more
 * rows of x, whose blocks of columns come from the second cache, a task has more rows of w for them. */
#define PANEL_BYTES (400 * 1024)
#define TASKS_PER_THREAD 8
#define IN_ORDER_ROWS 4
#define SOME_COLUMNS 2048
#define ROWS_MULTIPLE 12

PHX_EXPORT(jlong, createMatrix)(PHX_JNI, jint type, jlong columns, jlong bias, jint segments) {
  phx_matrix *matrix = calloc(1, sizeof *matrix + (size_t)segments * sizeof(phx_segment));
  if (matrix != NULL) {
    matrix->type = (enum phx_type)type;
    matrix->columns = columns;
    matrix->bias = PHX_POINTER(const float, bias);
    matrix->num_segments = segments;
  }
  return (jlong)(uintptr_t)matrix;
}

PHX_EXPORT(void, setSegment)
(PHX_JNI, jlong matrix_address, jint index, jlong base, jlong rows, jlong stride) {
  phx_matrix *matrix = PHX_POINTER(phx_matrix, matrix_address);
  phx_segment *segment = &matrix->segments[index];
  matrix->rows += rows - segment->rows;
  *segment = (phx_segment){PHX_POINTER(const char, base), rows, stride};
}

PHX_EXPORT(void, freeMatrix)(PHX_JNI, jlong matrix) { free(PHX_POINTER(phx_matrix, matrix)); }

static int64_t panel_rows(const phx_matrix *matrix, int64_t m, int threads) {
  int64_t columns = matrix->columns;
  if (m > IN_ORDER_ROWS && columns > SOME_COLUMNS) {
    columns = SOME_COLUMNS;
  }
  int64_t fitting = PANEL_BYTES / (1 + columns * (matrix->type == PHX_F32 ? 4 : 2));
  int64_t fair = matrix->rows / (threads * TASKS_PER_THREAD);
  int64_t rows = (fitting < fair ? fitting : fair) / ROWS_MULTIPLE * ROWS_MULTIPLE;
  return rows < ROWS_MULTIPLE ? ROWS_MULTIPLE : rows;
}

typedef void (*task_type)(void *linear, int task);

/* Elements of packed rows have `size` bytes. */
static jint run(phx_pool *pool, phx_linear *linear, size_t size, task_type pack, task_type panel) {
  linear->x = phx_scratch(pool, (size_t)(linear->m * linear->x_stride) * size);
  if (linear->x == NULL) {
    return 1;
  }
  linear->panel = panel_rows(linear->matrix, linear->m, phx_threads(pool));
  linear->skip = (phx_threads(pool) - 1) * linear->panel;
  phx_run(pool, (int)linear->m, pack, linear);
  int64_t panels = (linear->matrix->rows + linear->panel - 1) / linear->panel;
  int64_t passes = (linear->m + PHX_PASS_ROWS - 1) / PHX_PASS_ROWS;
  phx_run(pool, (int)(panels * passes), panel, linear);
  return 0;
}

/* Returns 0, or 1 if there is no memory. */
PHX_EXPORT(jint, multiply)
(PHX_JNI, jlong pool_address, jlong matrix_address, jlong x, jlong m, jlong y) {
  phx_pool *pool = PHX_POINTER(phx_pool, pool_address);
  const phx_matrix *matrix = PHX_POINTER(const phx_matrix, matrix_address);
  enum phx_isa isa = phx_pool_isa(pool);
  phx_linear linear = {.matrix = matrix,
                       .source = PHX_POINTER(const float, x),
                       .m = m,
                       .y = PHX_POINTER(float, y),
                       .x_stride = PHX_PICK(isa, phx_linear_stride)(matrix->columns)};
  return run(pool, &linear, sizeof(float), PHX_PICK(isa, phx_linear_pack),
             PHX_PICK(isa, phx_linear_panel));
}

/* The same with x rounded to bfloat16. */
PHX_EXPORT(jint, multiplyRounded)
(PHX_JNI, jlong pool_address, jlong matrix_address, jlong x, jlong m, jlong y) {
  phx_pool *pool = PHX_POINTER(phx_pool, pool_address);
  const phx_matrix *matrix = PHX_POINTER(const phx_matrix, matrix_address);
  phx_linear linear = {.matrix = matrix,
                       .source = PHX_POINTER(const float, x),
                       .m = m,
                       .y = PHX_POINTER(float, y),
                       .x_stride = (matrix->columns + 31) / 32 * 32};
  return run(pool, &linear, sizeof(uint16_t), phx_linear_round_avx512bf16,
             phx_linear_rounded_panel_avx512bf16);
}
