/* Products of float rows with a matrix of 8-bit weights, with exact sums in 32-bit integers. */
#ifndef PHX_INT8_H
#define PHX_INT8_H

#include <stdint.h>

#include "cpu.h"
#include "linear.h"

/* Rows of the matrix that lie together: for every four columns, the four weights of each row. */
#define PHX_GROUP 32

/* A matrix in groups of rows, zeros beyond its edges. A weight w is kept as round(w / scale) + 128,
 * 1 .. 255, where a row's largest one is 127 x its scale. */
typedef struct {
  int64_t rows;
  int64_t columns;
  int64_t quads;       /* of columns, rounded up */
  const float *bias;   /* [rows] or NULL */
  float *scales;       /* [rows rounded up to a group] */
  uint8_t *weights;    /* [groups][quads][PHX_GROUP][4] */
} phx_int8_matrix;

typedef struct {
  phx_int8_matrix *to;
  const phx_matrix *from;
} phx_int8_packing;

/* y[m][n] = x[m] . matrix[n] + bias[n]. */
typedef struct {
  const phx_int8_matrix *matrix;
  const float *source;  /* [m][columns] */
  int64_t m;
  float *y;             /* [m][matrix rows]; holds integer sums until the last columns are added */
  char *x;              /* [m][x_bytes]: round(source / scale), -127 .. 127, in 8 or 16 bits */
  int64_t x_bytes;
  float *x_scales;      /* [m]: a row's largest magnitude / 127 */
  int32_t *offsets;     /* [m]: minus 128 x the sum of a row of x, for the 128 in each weight */
  int64_t task_groups;  /* groups of a task */
} phx_int8_product;

/* Task: packs one group of rows. */
PHX_DECLARE(void, phx_int8_pack, (void *packing, int task));

/* Bytes of a row of x. */
PHX_DECLARE(int64_t, phx_int8_x_bytes, (const phx_int8_matrix *matrix));

/* Task: rounds one row of x. */
PHX_DECLARE(void, phx_int8_round, (void *product, int task));

/* Task: computes the outputs of some groups. */
PHX_DECLARE(void, phx_int8_groups, (void *product, int task));

#endif
