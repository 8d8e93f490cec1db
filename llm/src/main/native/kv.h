/* Where keys and values lie. A block's tokens are cut into tiles of TILE, of which the last may be
 * partly unused. A layer has, block after block, head after head, tile after tile:
 *
 *   keys    [padded head size][TILE]: one element of TILE tokens is one vector of scores' terms
 *   values  [TILE][padded head size]: one token is a row
 *
 * with head sizes padded to a multiple of TILE, so that every vector is whole. Tiles of PHX_INT16 end
 * with a factor for each token, float32: its numbers are the factor times -32767 .. 32767. */
#ifndef PHX_KV_H
#define PHX_KV_H

#include <stdint.h>

#define TILE 16

/* How numbers are stored. The first three are those of WeightType in Java. */
enum phx_storage { PHX_FLOAT32 = 0, PHX_FLOAT16 = 1, PHX_BFLOAT16 = 2, PHX_INT16 = 3 };

/* One layer of a rank's cache. */
struct phx_kv {
  char *keys, *values;
  enum phx_storage type;
  int kv_heads, head_dim, block_size;
};

static inline int phx_size(enum phx_storage type) { return type == PHX_FLOAT32 ? 4 : 2; }

static inline int phx_tiles(int tokens) { return (tokens + TILE - 1) / TILE; }

static inline int phx_padded(int head_dim) { return phx_tiles(head_dim) * TILE; }

/* Bytes of a tile's numbers, without factors. */
static inline long phx_tile_numbers(const struct phx_kv *kv) {
  return (long)TILE * phx_padded(kv->head_dim) * phx_size(kv->type);
}

/* Where a tile starts, in bytes from the start of the layer's keys or values. */
static inline long phx_tile_offset(const struct phx_kv *kv, int block, int head, int tile) {
  long tiles = ((long)block * kv->kv_heads + head) * phx_tiles(kv->block_size) + tile;
  long factors = kv->type == PHX_INT16 ? TILE * (long)sizeof(float) : 0;
  return tiles * (phx_tile_numbers(kv) + factors);
}

#endif
