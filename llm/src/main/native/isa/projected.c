#ifndef __AVX512VNNI__ /* the same as without */

#include "rows.h"

/* Rotates the first half of a head against the second. */
static void rotate(float *head, int half, const float *cosines, const float *sines) {
  for (int i = 0; i < half; i += WIDTH) {
    int n = half - i;
    lanes first = lanes_load_n(head + i, n);
    lanes second = lanes_load_n(head + half + i, n);
    lanes cosine = lanes_load_n(cosines + i, n);
    lanes sine = lanes_load_n(sines + i, n);
    lanes turned = lanes_sub(lanes_mul(first, cosine), lanes_mul(second, sine));
    lanes_store_n(head + half + i, lanes_fma(first, sine, lanes_mul(second, cosine)), n);
    lanes_store_n(head + i, turned, n);
  }
}

/* By what a token's numbers are divided to become whole ones, and by what they then are multiplied. */
static float whole_factor(const float *numbers, int size, float *inverse) {
  const lanes sign = lanes_set(-0.0f);
  lanes greatest = lanes_zero();
  for (int i = 0; i < size; i += WIDTH) {
    lanes x = lanes_load_n(numbers + i, size - i);
    greatest = lanes_max(greatest, lanes_max(x, lanes_sub(sign, x)));
  }
  float most = lanes_greatest(greatest);
  *inverse = most > 0.0f ? 32767.0f / most : 0.0f;
  return most / 32767.0f;
}

/* Where one token's key or value goes: number d at place + d * stride of the tile. */
struct place {
  char *tile;
  long place, stride;
  float *factor;
};

INLINE void write_numbers(enum phx_storage type, struct place to, const float *numbers, int size) {
  float inverse = 1.0f;
  if (type == PHX_INT16) {
    *to.factor = whole_factor(numbers, size, &inverse);
  }
  for (int d = 0; d < size; d++) {
    phx_store_as(type, to.tile, to.place + d * to.stride, numbers[d] * inverse);
  }
}

INLINE void write_token(enum phx_storage type, const struct phx_kv *kv, int slot, int head,
                        const float *key, const float *value) {
  int position = slot % kv->block_size;
  int token = position % TILE;
  int padded = phx_padded(kv->head_dim);
  long offset = phx_tile_offset(kv, slot / kv->block_size, head, position / TILE);
  char *keys = kv->keys + offset;
  char *values = kv->values + offset;
  long numbers = phx_tile_numbers(kv);
  struct place to_key = {keys, token, TILE, (float *)(keys + numbers) + token};
  struct place to_value = {values, (long)token * padded, 1, (float *)(values + numbers) + token};
  write_numbers(type, to_key, key, kv->head_dim);
  write_numbers(type, to_value, value, kv->head_dim);
  for (int d = kv->head_dim; d < padded; d++) {
    phx_store_as(type, values, (long)token * padded + d, 0.0f);
  }
}

static void write_token_as(const struct phx_kv *kv, int slot, int head, const float *key,
                           const float *value) {
  switch (kv->type) {
    case PHX_FLOAT16:
      write_token(PHX_FLOAT16, kv, slot, head, key, value);
      break;
    case PHX_BFLOAT16:
      write_token(PHX_BFLOAT16, kv, slot, head, key, value);
      break;
    case PHX_INT16:
      write_token(PHX_INT16, kv, slot, head, key, value);
      break;
    default:
      write_token(PHX_FLOAT32, kv, slot, head, key, value);
  }
}

static void norm_and_rotate(const struct phx_projected *p, const struct phx_norm *norm, float *head,
                            long token) {
  int half = p->kv.head_dim / 2;
  if (norm->weight != NULL) {
    normalize(norm, head, head);
  }
  rotate(head, half, p->cosines + token * half, p->sines + token * half);
}

static void project_row(const void *arg, long token) {
  const struct phx_projected *p = arg;
  long dim = p->kv.head_dim;
  float *row = p->rows + token * (p->heads + 2 * p->kv.kv_heads) * dim;
  for (int h = 0; h < p->heads; h++) {
    norm_and_rotate(p, &p->query_norm, row + h * dim, token);
  }
  float *keys = row + p->heads * dim;
  float *values = keys + p->kv.kv_heads * dim;
  for (int h = 0; h < p->kv.kv_heads; h++) {
    float *key = keys + h * dim;
    norm_and_rotate(p, &p->key_norm, key, token);
    write_token_as(&p->kv, p->slots[token], h, key, values + h * dim);
  }
}

void PHX_VARIANT(phx_rotate_and_write)(phx_pool *pool, const struct phx_projected *p) {
  long size = (long)(p->heads + 4 * p->kv.kv_heads) * p->kv.head_dim;
  for_rows(pool, p->tokens, 2 * size, project_row, p);
}

#endif
