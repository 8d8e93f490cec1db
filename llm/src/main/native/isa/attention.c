#ifndef __AVX512VNNI__ /* the same as without */

#include "attention.h"

#include "item.h"

#define SMALL 400000 /* products that one thread makes sooner than it would share them */

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
