/* The loops around a product's innermost one, for a source that has defined before:
 *
 *   FEW           rows of x that are one tile's
 *   COUNT(rows)   rows of w in such a tile
 *   MR, NR        rows of x and of w in a tile if there are more
 *   TALL, WIDE    the most of both in any tile
 *   STEP          columns that sum_step takes
 *   BLOCK         columns of a tile, a multiple of STEP: its rows of w stay in the nearest cache
 *   element       what a packed row of x consists of
 *
 * Rows of x are cut into passes whose blocks stay in the second cache, and a pass into groups, the
 * tiles' rows. A group is packed step by step, and in each step row by row, so that a tile reads it
 * from one place on. */
#ifndef PHX_PANEL_H
#define PHX_PANEL_H

#include "linear.h"
#include "simd.h"

/* Bytes of a row of x that stay in the nearest cache while rows of w go by. */
#define NEAREST (16 * 1024)

/* Rows of w to come, of which a tile asks for some at each step: at place + n * row for its row n,
 * and `step` bytes further at the next one. */
struct ahead {
  const char *place;
  int64_t row, step;
};

/* A tile: rows m .. of x, rows n .. n + used - 1 of w, columns block .. block + BLOCK - 1. */
struct place {
  int64_t m, n, block;
  int used;
  const char *w[WIDE];
  struct ahead ahead;
};

/* Some rows of x. */
struct rows {
  int64_t first, count;
};

/* Rows first .. last - 1 of w, and the row at which this thread probably goes on. */
struct panel {
  int64_t first, last, following;
};

INLINE int64_t size_of(enum phx_type type) { return type == PHX_F32 ? 4 : 2; }

/* Bytes of a row of w that a step takes. */
INLINE int64_t step_bytes(enum phx_type type) { return STEP * size_of(type); }

/* Part i of rows that are cut into nearly equal parts of at most `most`. */
INLINE struct rows part(struct rows rows, int64_t most, int64_t i) {
  int64_t parts = (rows.count + most - 1) / most;
  int64_t first = i * rows.count / parts;
  return (struct rows){rows.first + first, (i + 1) * rows.count / parts - first};
}

/* The part that has row m. */
INLINE struct rows part_with(struct rows rows, int64_t most, int64_t m) {
  int64_t parts = (rows.count + most - 1) / most;
  return part(rows, most, ((m - rows.first + 1) * parts - 1) / rows.count);
}

/* Where row m of x has its first step, and where from there the next. */
INLINE element *packed_row(const phx_linear *job, int64_t m, int64_t *stride) {
  struct rows pass = part_with((struct rows){0, job->m}, PHX_PASS_ROWS, m);
  struct rows group = part_with(pass, job->m <= FEW ? FEW : MR, m);
  *stride = group.count * STEP;
  return (element *)job->x + group.first * job->x_stride + (m - group.first) * STEP;
}

/* Adds the products of a step of columns for `rows` rows of x and `count` of w, at place bytes in
 * each. */
INLINE void sum_step(enum phx_type type, int rows, int count, const element *x,
                     const char *const w[WIDE], int64_t place, vf sums[TALL][WIDE]);

/* The same for `steps` steps. */
INLINE void sum_steps(enum phx_type type, int rows, int count, const element *x,
                      const char *const w[WIDE], int64_t steps, struct ahead ahead,
                      vf sums[TALL][WIDE]) {
  int64_t end = steps * step_bytes(type);
  for (int64_t place = 0; place < end; place += step_bytes(type)) {
#pragma GCC unroll 8
    for (int n = 0; n < count; n++) {
      _mm_prefetch(ahead.place + n * ahead.row, _MM_HINT_T0);
    }
    ahead.place += ahead.step;
    sum_step(type, rows, count, x, w, place, sums);
    x += rows * STEP;
  }
}

/* The last columns, fewer than a step, come from a copy with zeros beyond. */
INLINE void sum_rest(enum phx_type type, int rows, int count, const element *x,
                     const char *const w[WIDE], int64_t place, int64_t columns, vf sums[TALL][WIDE]) {
  char copies[WIDE][STEP * sizeof(float)] = {{0}};
  const char *rest[WIDE];
  for (int n = 0; n < count; n++) {
    memcpy(copies[n], w[n] + place, (size_t)(columns * size_of(type)));
    rest[n] = copies[n];
  }
  sum_step(type, rows, count, x, rest, 0, sums);
}

/* Some outputs of row m of x, from column n on: sums, added to what the blocks of columns before
 * gave. */
INLINE void store(const phx_linear *job, int64_t m, int64_t n, int64_t block, __m128 sums, int used) {
  const phx_matrix *matrix = job->matrix;
  float *y = job->y + m * matrix->rows + n;
  __m128 before = block > 0              ? vf_load4(y, used)
                  : matrix->bias != NULL ? vf_load4(matrix->bias + n, used)
                                         : _mm_setzero_ps();
  vf_store4(y, _mm_add_ps(before, sums), used);
}

/* Outputs of a tile of which `used` columns are wanted. The first four of a row are summed
 * together, the others with those of the next row. */
INLINE void store_used(int rows, int count, int used, const phx_linear *job, const struct place *at,
                       vf sums[TALL][WIDE]) {
  const vf none = vf_zero();
#define SUM(i, j) ((i) < rows && (j) < count ? sums[i][j] : none)
#pragma GCC unroll 8
  for (int i = 0; i < rows; i++) {
    __m128 totals = vf_sum4(SUM(i, 0), SUM(i, 1), SUM(i, 2), SUM(i, 3));
    store(job, at->m + i, at->n, at->block, totals, used < 4 ? used : 4);
  }
  if (count <= 4 || used <= 4) {
    return;
  }
#pragma GCC unroll 8
  for (int i = 0; i < rows; i += 2) {
    __m128 totals = vf_sum4(SUM(i, 4), SUM(i, 5), SUM(i + 1, 4), SUM(i + 1, 5));
    store(job, at->m + i, at->n + 4, at->block, totals, used - 4);
    if (i + 1 < rows) {
      store(job, at->m + i + 1, at->n + 4, at->block, _mm_movehl_ps(totals, totals), used - 4);
    }
  }
#undef SUM
}

/* The same; nearly always all are used, which takes fewer instructions. */
INLINE void store_sums(int rows, int count, const phx_linear *job, const struct place *at,
                       vf sums[TALL][WIDE]) {
  if (at->used == count) {
    store_used(rows, count, count, job, at, sums);
  } else {
    store_used(rows, count, at->used, job, at, sums);
  }
}

INLINE void tile(enum phx_type type, int rows, int count, const phx_linear *job,
                 const struct place *at) {
  const element *x = (const element *)job->x + at->m * job->x_stride + at->block * rows;
  int64_t left = job->matrix->columns - at->block;
  int64_t columns = left < BLOCK ? left : BLOCK;
  int64_t steps = columns / STEP;
  vf sums[TALL][WIDE];
#pragma GCC unroll 8
  for (int i = 0; i < rows; i++) {
#pragma GCC unroll 8
    for (int j = 0; j < count; j++) {
      sums[i][j] = vf_zero();
    }
  }
  sum_steps(type, rows, count, x, at->w, steps, at->ahead, sums);
  if (columns > steps * STEP) {
    sum_rest(type, rows, count, x + steps * STEP * rows, at->w, steps * step_bytes(type),
             columns - steps * STEP, sums);
  }
  store_sums(rows, count, job, at, sums);
}

/* A place at which of the tile's `count` rows of w those of the panel are wanted; the others repeat
 * the first. */
INLINE struct place place_of(enum phx_type type, int count, const phx_linear *job, int64_t n,
                             int64_t last, int64_t block) {
  struct place at = {.n = n, .block = block, .used = last - n < count ? (int)(last - n) : count};
  for (int i = 0; i < count; i++) {
    at.w[i] = phx_row(job->matrix, n + (i < at.used ? i : 0)) + block * size_of(type);
  }
  return at;
}

/* A block of rows of w from n on, or of the first ones if there is no row n. */
INLINE struct ahead same_block(enum phx_type type, const phx_linear *job, int64_t n, int64_t block) {
  const phx_matrix *matrix = job->matrix;
  int64_t size = size_of(type);
  n = n < matrix->rows ? n : 0;
  const phx_segment *segment = phx_segment_at(matrix, &n);
  return (struct ahead){segment->base + (n * segment->stride + block) * size,
                        segment->stride * size, step_bytes(type)};
}

/* All of `count` rows, if they lie without gaps: in that order memory gives them fastest. */
INLINE struct ahead in_order(enum phx_type type, int count, const phx_linear *job, int64_t n,
                             int64_t block) {
  struct ahead ahead = same_block(type, job, n, block);
  int64_t size = size_of(type);
  if (ahead.row == job->matrix->columns * size) {
    ahead.place += block * size * (count - 1);
    ahead.row = step_bytes(type);
    ahead.step *= count;
  }
  return ahead;
}

/* At most four rows of x: a tile's rows of w over all their columns before the next tile's, as they lie
 * in memory, which is what takes the time then. */
INLINE void tiles_in_order(enum phx_type type, int rows, int count, const phx_linear *job,
                           const struct panel *panel) {
  for (int64_t n = panel->first; n < panel->last; n += count) {
    int64_t next = panel->last - n > count ? n + count : panel->following;
    for (int64_t block = 0; block == 0 || block < job->matrix->columns; block += BLOCK) {
      struct place at = place_of(type, count, job, n, panel->last, block);
      at.ahead = in_order(type, count, job, next, block);
      tile(type, rows, count, job, &at);
    }
  }
}

/* The block of `count` rows of w after that of a place. */
INLINE struct ahead next_block(enum phx_type type, int count, const phx_linear *job,
                               const struct panel *panel, const struct place *at) {
  if (panel->last - at->n > count) {
    return same_block(type, job, at->n + count, at->block);
  }
  if (at->block + BLOCK < job->matrix->columns) {
    return same_block(type, job, panel->first, at->block + BLOCK);
  }
  return same_block(type, job, panel->following, 0);
}

/* A pass over one block of NR rows of w: these come from memory once and stay in the nearest cache
 * while all groups pass, and each group asks for a share of the next block's columns. */
INLINE void groups(enum phx_type type, const phx_linear *job, struct rows pass, struct place *at,
                   struct ahead next) {
  int64_t count = (pass.count + MR - 1) / MR;
  int64_t left = job->matrix->columns - at->block;
  int64_t columns = left < BLOCK ? left : BLOCK;
  for (int64_t i = 0; i < count; i++) {
    struct rows group = part(pass, MR, i);
    at->m = group.first;
    at->ahead = next;
    at->ahead.place += i * columns / count * size_of(type);
    at->ahead.step = (next.step + count - 1) / count;
    switch (group.count) {
#if MR == 4
      case 4: tile(type, 4, NR, job, at); break;
#endif
      case 3: tile(type, 3, NR, job, at); break;
      default: tile(type, 2, NR, job, at); break;
    }
  }
}

/* Tiles of `count` rows of w, block by block, with all `rows` rows of x or a pass of more. */
INLINE void tiles(enum phx_type type, int rows, int count, const phx_linear *job,
                  const struct rows *pass, const struct panel *panel) {
  for (int64_t block = 0; block == 0 || block < job->matrix->columns; block += BLOCK) {
    for (int64_t n = panel->first; n < panel->last; n += count) {
      struct place at = place_of(type, count, job, n, panel->last, block);
      at.ahead = next_block(type, count, job, panel, &at);
      if (pass == NULL) {
        tile(type, rows, count, job, &at);
      } else {
        groups(type, job, *pass, &at, at.ahead);
      }
    }
  }
}

/* One row of x. Memory gives rows of w fastest one by one, but if x has to come from the second cache
 * it should come for several of them. */
INLINE void single(enum phx_type type, const phx_linear *job, const struct panel *panel) {
  if (job->x_stride * (int64_t)sizeof(element) <= NEAREST) {
    tiles_in_order(type, 1, COUNT(1), job, panel);
  } else {
    tiles_in_order(type, 1, 4, job, panel);
  }
}

/* At most FEW rows of x. */
INLINE void few(enum phx_type type, const phx_linear *job, const struct panel *panel) {
  switch (job->m) {
#if FEW == 8
    case 8: tiles(type, 8, COUNT(8), job, NULL, panel); break;
    case 7: tiles(type, 7, COUNT(7), job, NULL, panel); break;
    case 6: tiles(type, 6, COUNT(6), job, NULL, panel); break;
    case 5: tiles(type, 5, COUNT(5), job, NULL, panel); break;
    case 4: tiles_in_order(type, 4, COUNT(4), job, panel); break;
#endif
    case 3: tiles_in_order(type, 3, COUNT(3), job, panel); break;
    case 2: tiles_in_order(type, 2, COUNT(2), job, panel); break;
    default: single(type, job, panel); break;
  }
}

/* The outputs of a task: a panel and a pass. */
INLINE void panel_of(enum phx_type type, const phx_linear *job, int task) {
  int64_t panels = (job->matrix->rows + job->panel - 1) / job->panel;
  int64_t first = task % panels * job->panel;
  int64_t last = first + job->panel < job->matrix->rows ? first + job->panel : job->matrix->rows;
  struct panel panel = {first, last, last + job->skip};
  if (job->m <= FEW) {
    few(type, job, &panel);
  } else {
    struct rows pass = part((struct rows){0, job->m}, PHX_PASS_ROWS, task / panels);
    tiles(type, MR, NR, job, &pass, &panel);
  }
}

#endif
