/* Attention of a step's queries to the keys and values in KV blocks. */
#ifndef PHX_ATTENTION_H
#define PHX_ATTENTION_H

#include "kv.h"
#include "pool.h"

/* Queries of one sequence, in a row. Java writes these as five numbers. */
struct phx_span {
  int32_t first_query;  /* row of the queries */
  int32_t first_output; /* row of the output */
  int32_t num_queries;
  int32_t context; /* tokens with keys and values; the last query is the last of them */
  int32_t table;   /* where the sequence's block numbers start */
};

/* One layer's heads and how its keys and values are stored. Java writes these as eight numbers. */
struct phx_layer {
  int64_t heads; /* a multiple of kv_heads */
  int64_t kv_heads, head_dim, block_size, storage;
  int64_t query_norm, key_norm; /* addresses of weights, or 0 */
  double epsilon;               /* of the norms */
};

struct phx_attention {
  struct phx_kv kv;
  const float *queries; /* [rows, heads of head_dim elements and maybe more] */
  long query_stride;    /* elements from a row of queries to the next */
  float *output;        /* [rows, heads * head_dim] */
  int heads;            /* a multiple of kv.kv_heads */
  const struct phx_span *spans;
  int num_spans;
  const int32_t *tables; /* block numbers of all sequences */
};

/* Attends each query to all tokens of its sequence up to itself.
 *
 * Scores, their exponentials and the weighted sum of values are computed for PARTITION positions of
 * the context at a time, counted from its start, and the partitions are merged in ascending order.
 * So the bits of a row depend on its own sequence alone: not on other rows, chunks or threads.
 *
 * Returns 0, or 1 if there is no memory. */
PHX_DECLARE(int, phx_attend, (phx_pool * pool, const struct phx_attention *attention));

#endif
