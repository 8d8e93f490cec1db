#ifndef __AVX512VNNI__ /* the same as without */

#include "attention.h"

#include <math.h>

#include "partition.h"

#define ROWS 32      /* queries of one item */
#define WHOLE (-1)   /* all partitions */
#define SMALL 400000 /* products that one thread makes sooner than it would share them */

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

/* What the tasks of a call share. */
struct work {
  const struct phx_attention *attention;
  struct item *items;
  int num_items;
  int *groups; /* [num_groups + 1] where the items of the same rows start, one for each partition */
  int num_groups;
};

static void run_item(void *arg, int task) {
  const struct work *work = arg;
  const struct item *item = &work->items[task];
  switch (work->attention->kv.type) {
    case PHX_FLOAT16:
      attend_item(PHX_FLOAT16, work->attention, item);
      break;
    case PHX_BFLOAT16:
      attend_item(PHX_BFLOAT16, work->attention, item);
      break;
    case PHX_INT16:
      attend_item(PHX_INT16, work->attention, item);
      break;
    default:
      attend_item(PHX_FLOAT32, work->attention, item);
  }
}

/* Merges the partitions of one group in ascending order. */
static void merge_group(void *arg, int task) {
  const struct work *work = arg;
  const struct phx_attention *a = work->attention;
  float values[ROWS * MAX_DIM], kept[ROWS], added[ROWS];
  struct state state = {.values = values};
  int padded = phx_padded(a->kv.head_dim);
  const struct item *item = &work->items[work->groups[task]];
  clear(&state, item->num_rows, padded);
  for (int i = work->groups[task]; i < work->groups[task + 1]; i++, item++) {
    const float *partial = item->result + 2 * ROWS;
    merge_sums(&state, item->result, item->result + ROWS, kept, added);
    for (int r = 0; r < item->num_rows; r++) {
      for (int d = 0; d < padded; d += WIDTH) {
        float *place = values + (long)r * padded + d;
        lanes old = lanes_mul(lanes_load(place), lanes_set(kept[r]));
        lanes new = lanes_load(partial + (long)r * padded + d);
        lanes_store(place, lanes_fma(new, lanes_set(added[r]), old));
      }
    }
  }
  write_output(a, item - 1, &state);
}

/* Rows of each key/value head. */
static int rows_of(const struct phx_attention *a, const struct phx_span *span) {
  return span->num_queries * rows_per_token(a);
}

static int chunks_of(const struct phx_attention *a, const struct phx_span *span) {
  return (rows_of(a, span) + ROWS - 1) / ROWS;
}

/* About how many products a chunk of one head takes. */
static double chunk_cost(const struct phx_attention *a, const struct phx_span *span) {
  return 2.0 * less(ROWS, rows_of(a, span)) * span->context * a->kv.head_dim;
}

static double span_cost(const struct phx_attention *a, const struct phx_span *span) {
  return chunk_cost(a, span) * chunks_of(a, span) * a->kv.kv_heads;
}

/* Whether a chunk of the span would keep one thread busy after the others are done. */
static int splits(const struct phx_attention *a, const struct phx_span *span, double total,
                  int threads) {
  return threads > 1 && total > SMALL && span->context > PARTITION &&
         chunk_cost(a, span) * threads * 2 > total;
}

/* Adds the items of one chunk and head: one, or one for each partition, which then are a group. */
static void add_items(struct work *work, struct item item, int split) {
  if (!split) {
    item.partition = WHOLE;
    work->items[work->num_items++] = item;
    return;
  }
  const struct phx_attention *a = work->attention;
  int partitions = partitions_of(a, visible(a, &item, item.num_rows - 1));
  for (int p = 0; p < partitions; p++) {
    item.partition = p;
    work->items[work->num_items++] = item;
  }
  work->groups[++work->num_groups] = work->num_items;
}

/* Adds the items of a span, those with the longest context first. */
static void add_span(struct work *work, const struct phx_span *span, int split) {
  const struct phx_attention *a = work->attention;
  for (int chunk = chunks_of(a, span) - 1; chunk >= 0; chunk--) {
    int first = chunk * ROWS;
    struct item item = {.span = span,
                        .first_row = first,
                        .num_rows = less(ROWS, rows_of(a, span) - first)};
    for (item.head = 0; item.head < a->kv.kv_heads; item.head++) {
      add_items(work, item, split);
    }
  }
}

/* What a call needs at most. */
struct need {
  long items, split_items, chunks;
  long result_size; /* floats of a lone partition's state */
};

static struct need count(const struct phx_attention *a, double total, int threads) {
  struct need need = {0};
  int rows = 0;
  for (int s = 0; s < a->num_spans; s++) {
    const struct phx_span *span = a->spans + s;
    long chunks = (long)chunks_of(a, span) * a->kv.kv_heads;
    long items = chunks;
    if (splits(a, span, total, threads)) {
      items *= partitions_of(a, span->context);
      need.split_items += items;
      rows = rows_of(a, span) > rows ? less(ROWS, rows_of(a, span)) : rows;
    }
    need.items += items;
    need.chunks += chunks;
  }
  need.result_size = 2 * ROWS + (long)rows * phx_padded(a->kv.head_dim);
  return need;
}

static void run(phx_pool *pool, struct work *work, double total) {
  if (total <= SMALL) {
    for (int i = 0; i < work->num_items; i++) {
      run_item(work, i);
    }
    return;
  }
  phx_run(pool, work->num_items, run_item, work);
  if (work->num_groups > 0) {
    phx_run(pool, work->num_groups, merge_group, work);
  }
}

/* Adds the items of all spans, lone partitions first. */
static void add_spans(struct work *work, double total, int threads) {
  const struct phx_attention *a = work->attention;
  for (int split = 1; split >= 0; split--) {
    for (int s = 0; s < a->num_spans; s++) {
      if (splits(a, a->spans + s, total, threads) == split) {
        add_span(work, a->spans + s, split);
      }
    }
  }
}

int PHX_VARIANT(phx_attend)(phx_pool *pool, const struct phx_attention *a) {
  int threads = phx_threads(pool);
  double total = 0;
  for (int s = 0; s < a->num_spans; s++) {
    total += span_cost(a, a->spans + s);
  }
  struct need need = count(a, total, threads);
  size_t result_bytes = (size_t)(need.split_items * need.result_size) * sizeof(float);
  size_t item_bytes = (size_t)need.items * sizeof(struct item);
  char *scratch =
      phx_scratch(pool, result_bytes + item_bytes + (size_t)(need.chunks + 1) * sizeof(int));
  if (scratch == NULL) {
    return 1;
  }
  struct work work = {.attention = a,
                      .items = (struct item *)(scratch + result_bytes),
                      .groups = (int *)(scratch + result_bytes + item_bytes)};
  work.groups[0] = 0;
  add_spans(&work, total, threads);
  for (int i = 0; i < work.groups[work.num_groups]; i++) {
    work.items[i].result = (float *)scratch + i * need.result_size;
  }
  run(pool, &work, total);
  return 0;
}

#endif
