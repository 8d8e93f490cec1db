/* Scores, softmax and weighted sums of one partition of a context, for some rows at a time. */
#ifndef PHX_PARTITION_H
#define PHX_PARTITION_H

#include <math.h>

#include "lanes.h"

#define PARTITION_TILES 16
#define PARTITION (PARTITION_TILES * TILE)
#define MANY 8       /* rows whose sums are in registers at the same time */
#define MAX_DIM 512  /* of a head, padded */

/* The tiles of one partition. */
struct part {
  int tiles;
  int first[PARTITION_TILES];  /* position of the tile's first token */
  int tokens[PARTITION_TILES]; /* that the tile can hold */
  const char *keys[PARTITION_TILES + 1], *values[PARTITION_TILES + 1];
};

INLINE int less(int a, int b) { return a < b ? a : b; }

/* Tokens of tile i below `visible_tokens`. */
INLINE int seen(const struct part *part, int i, int visible_tokens) {
  int tokens = less(part->tokens[i], visible_tokens - part->first[i]);
  return tokens < 0 ? 0 : tokens;
}

INLINE lanes load(const int type, const char *p, long index) {
  return lanes_load_as((enum phx_storage)type, p, index);
}

/* The factors of a tile's tokens. */
INLINE lanes factors(const char *tile, int head_dim) {
  return lanes_load((const float *)(tile + 2L * TILE * phx_padded(head_dim)));
}

/* Scores of `rows` queries and the tokens of `tiles` tiles, each summed up in the order of the
 * head's elements. */
INLINE void score_tiles(const int type, const int rows, const int tiles, const float *queries,
                        int head_dim, const char *const *keys, float *scores) {
  lanes sums[MANY][4];
#pragma GCC unroll 8
  for (int r = 0; r < rows; r++) {
#pragma GCC unroll 4
    for (int t = 0; t < tiles; t++) {
      sums[r][t] = lanes_zero();
    }
  }
  for (int d = 0; d < head_dim; d++) {
    lanes key[4];
#pragma GCC unroll 4
    for (int t = 0; t < tiles; t++) {
      key[t] = load(type, keys[t], (long)d * TILE);
    }
#pragma GCC unroll 8
    for (int r = 0; r < rows; r++) {
      lanes query = lanes_set(queries[r * MAX_DIM + d]);
#pragma GCC unroll 4
      for (int t = 0; t < tiles; t++) {
        sums[r][t] = lanes_fma(query, key[t], sums[r][t]);
      }
    }
  }
#pragma GCC unroll 8
  for (int r = 0; r < rows; r++) {
#pragma GCC unroll 4
    for (int t = 0; t < tiles; t++) {
      lanes score = sums[r][t];
      if (type == PHX_INT16) {
        score = lanes_mul(score, factors(keys[t], head_dim));
      }
      lanes_store(scores + r * PARTITION + t * TILE, score);
    }
  }
}

/* Asks for a tile that is needed soon. */
INLINE void prefetch(const char *tile, long bytes) {
  for (long i = 0; i < bytes; i += 64) {
    __builtin_prefetch(tile + i);
  }
}

INLINE void score_part(const int type, const int rows, const float *queries, int head_dim,
                       const struct part *part, float *scores) {
#ifdef __AVX512F__
  const int together = rows <= 4 ? 4 : 2;
#else
  const int together = rows <= 3 ? 2 : 1;
#endif
  long bytes = (long)TILE * phx_padded(head_dim) * phx_size((enum phx_storage)type);
  int t = 0;
  for (; t + together <= part->tiles; t += together) {
    for (int next = t + together; next < less(t + 2 * together, part->tiles + 1); next++) {
      prefetch(part->keys[next], bytes);
    }
    score_tiles(type, rows, together, queries, head_dim, part->keys + t, scores + t * TILE);
  }
  for (; t < part->tiles; t++) {
    prefetch(part->keys[t + 1], bytes);
    score_tiles(type, rows, 1, queries, head_dim, part->keys + t, scores + t * TILE);
  }
}

/* Adds `rows` weighted sums of `vectors` vectors of the part's values to the state's, in the order
 * of tokens; what was there is scaled by `kept`, what is added by `added`. */
INLINE void weigh_columns(const int type, const int rows, const int vectors, const float *weights,
                          const struct part *part, const int *tokens, int padded, int column,
                          const float *kept, const float *added, float *values) {
  lanes sums[MANY][4];
#pragma GCC unroll 8
  for (int r = 0; r < rows; r++) {
#pragma GCC unroll 4
    for (int v = 0; v < vectors; v++) {
      sums[r][v] = lanes_zero();
    }
  }
  for (int t = 0; t < part->tiles; t++) {
    prefetch(part->values[t + 1], (long)TILE * padded * phx_size((enum phx_storage)type));
    for (int i = 0; i < tokens[t]; i++) {
      lanes value[4];
#pragma GCC unroll 4
      for (int v = 0; v < vectors; v++) {
        value[v] = load(type, part->values[t], (long)i * padded + column + v * WIDTH);
      }
#pragma GCC unroll 8
      for (int r = 0; r < rows; r++) {
        lanes weight = lanes_set(weights[r * PARTITION + t * TILE + i]);
#pragma GCC unroll 4
        for (int v = 0; v < vectors; v++) {
          sums[r][v] = lanes_fma(weight, value[v], sums[r][v]);
        }
      }
    }
  }
#pragma GCC unroll 8
  for (int r = 0; r < rows; r++) {
#pragma GCC unroll 4
    for (int v = 0; v < vectors; v++) {
      float *place = values + (long)r * padded + column + v * WIDTH;
      lanes old = lanes_mul(lanes_load(place), lanes_set(kept[r]));
      lanes_store(place, lanes_fma(sums[r][v], lanes_set(added[r]), old));
    }
  }
}

INLINE void weigh_part(const int type, const int rows, const float *weights,
                       const struct part *part, const int *tokens, int padded, const float *kept,
                       const float *added, float *values) {
#ifdef __AVX512F__
  const int together = rows <= 4 ? 4 : 2;
#else
  const int together = rows <= 3 ? 2 : 1;
#endif
  int column = 0;
  for (; column + together * WIDTH <= padded; column += together * WIDTH) {
    weigh_columns(type, rows, together, weights, part, tokens, padded, column, kept, added, values);
  }
  for (; column < padded; column += WIDTH) {
    weigh_columns(type, rows, 1, weights, part, tokens, padded, column, kept, added, values);
  }
}

/* Turns the scores of one row into exponentials over the largest of them, 0 for tokens that the row
 * does not see, and these into weights of the values' numbers. */
INLINE void soften(const int type, int head_dim, float *scores, const struct part *part,
                   int visible_tokens, float *largest, float *sum) {
  const lanes nothing = lanes_set(-INFINITY);
  lanes greatest = nothing;
  for (int t = 0; t < part->tiles; t++) {
    lanes score = lanes_load(scores + t * TILE);
    score = lanes_choose(lanes_first(seen(part, t, visible_tokens)), score, nothing);
    lanes_store(scores + t * TILE, score);
    greatest = lanes_max(greatest, score);
  }
  *largest = lanes_greatest(greatest);
  lanes subtracted = lanes_set(*largest == -INFINITY ? 0.0f : *largest); /* finite */
  lanes total = lanes_zero();
  for (int t = 0; t < part->tiles; t++) {
    lanes weight = lanes_exp(lanes_sub(lanes_load(scores + t * TILE), subtracted));
    total = lanes_add(total, weight);
    if (type == PHX_INT16) {
      weight = lanes_mul(weight, factors(part->values[t], head_dim));
    }
    lanes_store(scores + t * TILE, weight);
  }
  *sum = lanes_sum(total);
}

#endif
