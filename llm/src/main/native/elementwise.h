/* The operations between the matrices of a decoder. Rows do not depend on each other. */
#ifndef PHX_ELEMENTWISE_H
#define PHX_ELEMENTWISE_H

#include "kv.h"
#include "pool.h"

/* Division by the root mean square of a row, then a weight for each element. */
struct phx_norm {
  const float *weight; /* [size], or NULL for no norm */
  int size;
  float epsilon;
};

/* output = norm(input), rows of norm->size elements. If `residual` is not NULL, it is added to the
 * input first, and the input becomes the sum. */
PHX_DECLARE(void, phx_rms_norm,
            (phx_pool * pool, const struct phx_norm *norm, long rows, float *input,
             const float *residual, float *output));

/* output = silu(gate) * up of rows [gate, up] of 2 * size elements. */
PHX_DECLARE(void, phx_silu_and_mul,
            (phx_pool * pool, long rows, long size, const float *gate_and_up, float *output));

/* a += b. */
PHX_DECLARE(void, phx_add, (phx_pool * pool, long count, float *a, const float *b));

/* Rows of a table as float32. Numbers below `first` or from first + count on are not in this part
 * of the table, and give zeros. */
struct phx_table {
  const void *rows;
  enum phx_storage type;
  long first, count, size;
};

PHX_DECLARE(void, phx_look_up,
            (phx_pool * pool, const struct phx_table *table, const int32_t *numbers, long count,
             float *output));

/* The number of the first greatest element of each row. */
PHX_DECLARE(void, phx_argmax,
            (phx_pool * pool, long rows, long size, const float *values, int32_t *numbers));

/* cosines and sines [count, size] of each position times each frequency. */
PHX_DECLARE(void, phx_angles,
            (phx_pool * pool, long count, const int32_t *positions, int size,
             const float *frequencies, float *cosines, float *sines));

/* Queries, keys and values of a step's tokens on their way to the KV blocks. */
struct phx_projected {
  struct phx_kv kv;
  float *rows; /* [tokens, (heads + 2 kv_heads) * head_dim]: queries, then keys, then values */
  long tokens;
  int heads;
  struct phx_norm query_norm, key_norm;
  const float *cosines, *sines; /* [tokens, head_dim / 2] */
  const int32_t *slots;         /* [tokens] */
};

/* Normalizes and rotates queries where they lie; normalizes and rotates keys and writes them and the
 * values to the tokens' slots. */
PHX_DECLARE(void, phx_rotate_and_write, (phx_pool * pool, const struct phx_projected *projected));

#endif
