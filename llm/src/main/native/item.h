/* Attention of some rows of one sequence to one key/value head. */
#ifndef PHX_ITEM_H
#define PHX_ITEM_H

#include "attention.h"

#include <math.h>

#include "partition.h"

#define ROWS 32      /* queries of one item */
#define WHOLE (-1)   /* all partitions */

/* Consecutive rows of one span and key/value head: a row is a query of one of the heads that share
 * the key/value head; heads of a token follow each other. */
struct item {
  const struct phx_span *span;
  int head;
  int first_row, num_rows;
  int partition; /* the only one, or WHOLE */
  float *result; /* where a lone partition's state goes: ROWS largest scores, ROWS sums, values */
};

/* Softmax so far: over the largest score, the sum of exponentials and the sum of values that these
 * weigh. */
struct state {
  float largest[ROWS], sum[ROWS];
  float *values; /* [ROWS, padded head size] */
};

static int rows_per_token(const struct phx_attention *a) { return a->heads / a->kv.kv_heads; }

/* Tokens that row `row` sees. */
static int visible(const struct phx_attention *a, const struct item *item, int row) {
  int token = (item->first_row + row) / rows_per_token(a);
  return item->span->context - item->span->num_queries + token + 1;
}

/* Index of the tile that holds a position, over the whole sequence. */
static int tile_of(const struct phx_attention *a, int position) {
  int block_size = a->kv.block_size;
  return position / block_size * phx_tiles(block_size) + position % block_size / TILE;
}

static int partitions_of(const struct phx_attention *a, int tokens) {
  return tile_of(a, tokens - 1) / PARTITION_TILES + 1;
}

static void find_tiles(const struct phx_attention *a, const struct item *item, int partition,
                       struct part *part) {
  const int32_t *table = a->tables + item->span->table;
  int tiles_per_block = phx_tiles(a->kv.block_size);
  int first = partition * PARTITION_TILES;
  int last = tile_of(a, visible(a, item, item->num_rows - 1) - 1);
  part->tiles = less(PARTITION_TILES, last - first + 1);
  for (int i = 0; i < part->tiles; i++) {
    int block = (first + i) / tiles_per_block;
    int tile = (first + i) % tiles_per_block;
    long offset = phx_tile_offset(&a->kv, table[block], item->head, tile);
    part->first[i] = block * a->kv.block_size + tile * TILE;
    part->tokens[i] = less(TILE, a->kv.block_size - tile * TILE);
    part->keys[i] = a->kv.keys + offset;
    part->values[i] = a->kv.values + offset;
  }
  part->keys[part->tiles] = part->values[0];
  part->values[part->tiles] = part->values[part->tiles - 1];
}

/* Merges the largest scores and sums of ROWS rows of a partition into the state, and says by what
 * the values of each are scaled. */
static void merge_sums(struct state *state, const float *largest, const float *sum, float *kept,
                       float *added) {
  for (int r = 0; r < ROWS; r += WIDTH) {
    lanes old = lanes_load(state->largest + r);
    lanes new = lanes_load(largest + r);
    lanes both = lanes_max(old, new);
    lanes subtracted = lanes_max(both, lanes_set(-3e38f)); /* finite: rows may have seen nothing */
    lanes keep = lanes_exp(lanes_sub(old, subtracted));
    lanes add = lanes_exp(lanes_sub(new, subtracted));
    lanes total = lanes_mul(lanes_load(state->sum + r), keep);
    lanes_store(state->sum + r, lanes_fma(lanes_load(sum + r), add, total));
    lanes_store(state->largest + r, both);
    lanes_store(kept + r, keep);
    lanes_store(added + r, add);
  }
}

/* Calls call(n, first) for the rows of an item, in groups of 8 or at most 4. */
#define FOR_ROWS(count, call)                               \
  for (int first = 0, n; first < (count); first += n) {     \
    n = (count) - first >= 8 ? 8 : less(4, (count) - first); \
    switch (n) {                                            \
      case 1: call(1, first); break;                        \
      case 2: call(2, first); break;                        \
      case 3: call(3, first); break;                        \
      case 4: call(4, first); break;                        \
      default: call(8, first); break;                       \
    }                                                       \
  }

/* One partition of one item. */
INLINE void attend_part(const int type, const struct phx_attention *a, const struct item *item,
                        const float *queries, int partition, struct state *state) {
  struct part part;
  float scores[ROWS * PARTITION], largest[ROWS], sum[ROWS], kept[ROWS], added[ROWS];
  int tokens[PARTITION_TILES];
  int padded = phx_padded(a->kv.head_dim);
  find_tiles(a, item, partition, &part);
  for (int t = 0; t < part.tiles; t++) {
    tokens[t] = seen(&part, t, visible(a, item, item->num_rows - 1));
  }
#define SCORE(n, r) \
  score_part(type, n, queries + (r) * MAX_DIM, a->kv.head_dim, &part, scores + (r) * PARTITION)
  FOR_ROWS(item->num_rows, SCORE)
#undef SCORE
  for (int r = 0; r < ROWS; r++) {
    largest[r] = sum[r] = 0.0f;
    if (r < item->num_rows) {
      soften(type, a->kv.head_dim, scores + r * PARTITION, &part, visible(a, item, r), &largest[r],
             &sum[r]);
    }
  }
  merge_sums(state, largest, sum, kept, added);
#define WEIGH(n, r)                                                                            \
  weigh_part(type, n, scores + (r) * PARTITION, &part, tokens, padded, kept + (r), added + (r), \
             state->values + (long)(r) * padded)
  FOR_ROWS(item->num_rows, WEIGH)
#undef WEIGH
}

static void clear(struct state *state, int rows, int padded) {
  for (int r = 0; r < ROWS; r++) {
    state->largest[r] = -INFINITY;
    state->sum[r] = 0.0f;
  }
  for (long i = 0; i < (long)rows * padded; i += WIDTH) {
    lanes_store(state->values + i, lanes_zero());
  }
}

/* Copies the item's queries, divided by the root of the head size. */
static void copy_queries(const struct phx_attention *a, const struct item *item, float *queries) {
  int heads = rows_per_token(a);
  int dim = a->kv.head_dim;
  lanes scale = lanes_set(1.0f / sqrtf((float)dim));
  for (int r = 0; r < item->num_rows; r++) {
    int row = item->first_row + r;
    int head = item->head * heads + row % heads;
    long token = item->span->first_query + row / heads;
    const float *query = a->queries + token * a->query_stride + (long)head * dim;
    for (int d = 0; d < dim; d += WIDTH) {
      lanes_store(queries + r * MAX_DIM + d, lanes_mul(lanes_load_n(query + d, dim - d), scale));
    }
  }
}

static void write_output(const struct phx_attention *a, const struct item *item,
                         const struct state *state) {
  int heads = rows_per_token(a);
  int dim = a->kv.head_dim;
  for (int r = 0; r < item->num_rows; r++) {
    int row = item->first_row + r;
    int head = item->head * heads + row % heads;
    long token = item->span->first_output + row / heads;
    float *output = a->output + (token * a->heads + head) * dim;
    const float *values = state->values + (long)r * phx_padded(dim);
    for (int d = 0; d < dim; d += WIDTH) {
      lanes mean = lanes_div(lanes_load(values + d), lanes_set(state->sum[r]));
      lanes_store_n(output + d, mean, dim - d);
    }
  }
}

static void write_sums(const struct item *item, const struct state *state) {
  for (int r = 0; r < ROWS; r++) {
    item->result[r] = state->largest[r];
    item->result[ROWS + r] = state->sum[r];
  }
}

INLINE void attend_item(const int type, const struct phx_attention *a, const struct item *item) {
  float queries[ROWS * MAX_DIM], values[ROWS * MAX_DIM];
  struct state state = {.values = item->partition == WHOLE ? values : item->result + 2 * ROWS};
  clear(&state, item->num_rows, phx_padded(a->kv.head_dim));
  copy_queries(a, item, queries);
  if (item->partition != WHOLE) {
    attend_part(type, a, item, queries, item->partition, &state);
    write_sums(item, &state);
    return;
  }
  int partitions = partitions_of(a, visible(a, item, item->num_rows - 1));
  for (int p = 0; p < partitions; p++) {
    attend_part(type, a, item, queries, p, &state);
  }
  write_output(a, item, &state);
}

#endif
