/* The loops around a product's innermost one, for a source that has defined before:
 *
 *   MR, MANY_MR   the most rows of x in a tile, and with so many of them that w is read from the
 *                 second cache again and again
 *   NR            the most rows of w in a tile
 *   COUNT(rows)   rows of w in a tile with so many of x
 *   STEP          columns that sum_steps takes at a time
 *   BLOCK         columns of a tile, a multiple of STEP: its rows of x stay in the nearest cache
 *   element       what a packed row of x consists of
 *
 * Rows of x are cut into nearly equal groups, the tiles' rows. A group is packed step by step, and in
 * each step row by row, so that a tile reads it from one place on. */
#ifndef PHX_PANEL_H
#define PHX_PANEL_H

#include "linear.h"
#include "simd.h"

/* The most rows of x with which a tile's rows of w are read over all their columns before the next
 * tile's: as they lie in memory, which is what takes the time then. */
#define SEQUENTIAL (MR < 4 ? MR : 4)

/* The most rows of x whose groups have up to MR. */
#define FEW 16

/* Bytes from what is multiplied to what the second cache should give meanwhile. */
#define SOON 512

/* Rows of w to come, of which a tile asks for some at each step, at place + n * row for its row n. */
struct ahead {
  const char *place;
  int64_t step; /* bytes to the next step's */
  int64_t row;
};

/* Adds the products of `steps` steps of columns for `rows` rows of x and `count` of w. */
INLINE void sum_steps(enum phx_type type, int rows, int count, const element *x,
                      const char *const w[NR], int64_t steps, struct ahead ahead,
                      vf sums[MR][NR]);

/* A tile: rows m .. of x, rows n .. n + used - 1 of w, columns block .. block + BLOCK - 1. */
struct place {
  int64_t m, n, block;
  int used;
  struct ahead ahead;
};

/* Rows of x whose products are summed at the same time. */
struct group {
  int64_t first, rows;
};

/* Rows first .. last - 1 of w, and the row at which this thread probably goes on. */
struct panel {
  int64_t first, last, following;
};

INLINE int64_t size_of(enum phx_type type) { return type == PHX_F32 ? 4 : 2; }

/* The group that has row m of x. */
INLINE struct group group_of(const phx_linear *job, int64_t m) {
  int64_t most = job->m <= FEW ? MR : MANY_MR;
  int64_t groups = (job->m + most - 1) / most;
  int64_t rows = job->m / groups;
  int64_t larger = job->m % groups * (rows + 1); /* rows of groups with one more */
  if (m < larger) {
    return (struct group){m / (rows + 1) * (rows + 1), rows + 1};
  }
  return (struct group){larger + (m - larger) / rows * rows, rows};
}

/* Where row m of x has its first step, and where from there the next. */
INLINE element *packed_row(const phx_linear *job, int64_t m, int64_t *stride) {
  struct group group = group_of(job, m);
  *stride = group.rows * STEP;
  return (element *)job->x + group.first * job->x_stride + (m - group.first) * STEP;
}

/* The last columns, fewer than a step, come from a copy with zeros beyond. */
INLINE void sum_rest(enum phx_type type, int rows, int count, const element *x,
                     const char *const w[NR], int64_t columns, vf sums[MR][NR]) {
  char copies[NR][STEP * sizeof(float)] = {{0}};
  const char *rest[NR];
  for (int n = 0; n < count; n++) {
    memcpy(copies[n], w[n], (size_t)(columns * size_of(type)));
    rest[n] = copies[n];
  }
  sum_steps(type, rows, count, x, rest, 1, (struct ahead){rest[0], 0, 0}, sums);
}

/* Outputs of a tile: `used` sums in each row, added to what the blocks of columns before gave. */
INLINE void store_used(int rows, int count, int used, const phx_linear *job, const struct place *at,
                       vf sums[MR][NR]) {
  const phx_matrix *matrix = job->matrix;
  const vf none = vf_zero();
#pragma GCC unroll 8
  for (int i = 0; i < rows; i++) {
    float *y = job->y + (at->m + i) * matrix->rows + at->n;
    __m128 before = at->block > 0          ? vf_load4(y, used)
                    : matrix->bias != NULL ? vf_load4(matrix->bias + at->n, used)
                                           : _mm_setzero_ps();
    __m128 totals = vf_sum4(sums[i][0], sums[i][1], count > 2 ? sums[i][2] : none,
                            count > 3 ? sums[i][3] : none);
    vf_store4(y, _mm_add_ps(before, totals), used);
  }
}

/* The same; nearly always all sums are used, which takes fewer instructions. */
INLINE void store_sums(int rows, int count, const phx_linear *job, const struct place *at,
                       vf sums[MR][NR]) {
  if (at->used == count) {
    store_used(rows, count, count, job, at, sums);
  } else {
    store_used(rows, count, at->used, job, at, sums);
  }
}

/* Of the tile's `count` rows of w only those used are wanted; the others repeat the first. */
INLINE void tile(enum phx_type type, int rows, int count, const phx_linear *job,
                 const struct place *at) {
  const phx_matrix *matrix = job->matrix;
  const char *w[NR];
  for (int i = 0; i < count; i++) {
    w[i] = phx_row(matrix, at->n + (i < at->used ? i : 0)) + at->block * size_of(type);
  }
  const element *x = (const element *)job->x + at->m * job->x_stride + at->block * rows;
  int64_t left = matrix->columns - at->block;
  int64_t columns = left < BLOCK ? left : BLOCK;
  int64_t steps = columns / STEP;
  vf sums[MR][NR];
#pragma GCC unroll 8
  for (int i = 0; i < rows; i++) {
#pragma GCC unroll 8
    for (int j = 0; j < count; j++) {
      sums[i][j] = vf_zero();
    }
  }
  sum_steps(type, rows, count, x, w, steps, at->ahead, sums);
  if (columns > steps * STEP) {
    for (int i = 0; i < count; i++) {
      w[i] += steps * STEP * size_of(type);
    }
    sum_rest(type, rows, count, x + steps * STEP * rows, w, columns - steps * STEP, sums);
  }
  store_sums(rows, count, job, at, sums);
}

/* The same block of `count` rows of w from n on, or of the first ones if there is no row n. */
INLINE struct ahead same_block(const phx_linear *job, int64_t n, int64_t block) {
  const phx_matrix *matrix = job->matrix;
  int64_t size = size_of(matrix->type);
  n = n < matrix->rows ? n : 0;
  const phx_segment *segment = phx_segment_at(matrix, &n);
  return (struct ahead){segment->base + (n * segment->stride + block) * size, STEP * size,
                        segment->stride * size};
}

/* All of those rows, if they lie without gaps: in that order memory gives them fastest. */
INLINE struct ahead in_order(const phx_linear *job, int64_t n, int64_t block, int count) {
  struct ahead ahead = same_block(job, n, block);
  int64_t size = size_of(job->matrix->type);
  if (ahead.row == job->matrix->columns * size) {
    ahead.place += block * size * (count - 1);
    ahead.step = STEP * size * count;
    ahead.row = STEP * size;
  }
  return ahead;
}

/* A group of `rows` rows of x over one block of a panel. The first group has w from memory and asks
 * for the next tile's, the others have it from the second cache and ask for what comes soon. */
INLINE void tiles(enum phx_type type, int rows, int count, const phx_linear *job, int64_t m,
                  const struct panel *panel, int64_t block) {
  for (int64_t n = panel->first; n < panel->last; n += count) {
    int64_t left = panel->last - n;
    struct place at = {m, n, block, left < count ? (int)left : count, {0}};
    at.ahead = same_block(job, m > 0 ? n : left > count ? n + count : panel->following, block);
    if (m > 0) {
      at.ahead.place += SOON;
    } else if (left <= count && block + BLOCK < job->matrix->columns) {
      at.ahead = same_block(job, panel->first, block + BLOCK);
    }
    tile(type, rows, count, job, &at);
  }
}

/* One tile's rows of w after the other, over all their columns. */
INLINE void tiles_in_order(enum phx_type type, int rows, int count, const phx_linear *job,
                           const struct panel *panel) {
  for (int64_t n = panel->first; n < panel->last; n += count) {
    int64_t left = panel->last - n;
    int64_t next = left > count ? n + count : panel->following;
    for (int64_t block = 0; block == 0 || block < job->matrix->columns; block += BLOCK) {
      struct place at = {0, n, block, left < count ? (int)left : count,
                         in_order(job, next, block, count)};
      tile(type, rows, count, job, &at);
    }
  }
}

/* At most SEQUENTIAL rows of x. */
INLINE void sequence(enum phx_type type, const phx_linear *job, const struct panel *panel) {
  switch (job->m) {
#if MR == 8
    case 4: tiles_in_order(type, 4, COUNT(4), job, panel); break;
#endif
    case 3: tiles_in_order(type, 3, COUNT(3), job, panel); break;
    case 2: tiles_in_order(type, 2, COUNT(2), job, panel); break;
    default: tiles_in_order(type, 1, COUNT(1), job, panel); break;
  }
}

/* One group of more. */
INLINE void pass(enum phx_type type, const phx_linear *job, struct group group,
                 const struct panel *panel, int64_t block) {
  switch (group.rows) {
#define PASS(rows) case rows: tiles(type, rows, COUNT(rows), job, group.first, panel, block); break
#if MR == 8
    PASS(8);
    PASS(7);
    PASS(6);
    PASS(5);
    PASS(4);
#endif
    PASS(3);
    default: tiles(type, 2, COUNT(2), job, group.first, panel, block); break;
#undef PASS
  }
}

/* The outputs of a task. w comes from memory once; further groups find it in the second cache. */
INLINE void panel_of(enum phx_type type, const phx_linear *job, int task) {
  int64_t first = task * job->panel;
  int64_t last = first + job->panel < job->matrix->rows ? first + job->panel : job->matrix->rows;
  struct panel panel = {first, last, last + job->skip};
  if (job->m <= SEQUENTIAL) {
    sequence(type, job, &panel);
    return;
  }
  for (int64_t block = 0; block == 0 || block < job->matrix->columns; block += BLOCK) {
    struct group group = {0, 0};
    for (int64_t m = 0; m < job->m; m += group.rows) {
      group = group_of(job, m);
      pass(type, job, group, &panel, block);
    }
  }
}

#endif
