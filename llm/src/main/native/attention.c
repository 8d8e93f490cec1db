#include "attention.h"

#include "elementwise.h"
#include "export.h"

static struct phx_kv kv_of(const struct phx_layer *layer, jlong keys, jlong values) {
  return (struct phx_kv){.keys = PHX_POINTER(char, keys),
                         .values = PHX_POINTER(char, values),
                         .type = (enum phx_storage)layer->storage,
                         .kv_heads = (int)layer->kv_heads,
                         .head_dim = (int)layer->head_dim,
                         .block_size = (int)layer->block_size};
}

static struct phx_norm norm_of(const struct phx_layer *layer, int64_t weight) {
  return (struct phx_norm){PHX_POINTER(const float, weight), (int)layer->head_dim,
                           (float)layer->epsilon};
}

PHX_EXPORT(void, rotateAndWrite)
(PHX_JNI, jlong pool_address, jlong layer_address, jlong keys, jlong values, jlong projected,
 jlong tokens, jlong slots, jlong cosines, jlong sines) {
  phx_pool *pool = PHX_POINTER(phx_pool, pool_address);
  const struct phx_layer *layer = PHX_POINTER(const struct phx_layer, layer_address);
  struct phx_projected all = {.kv = kv_of(layer, keys, values),
                              .rows = PHX_POINTER(float, projected),
                              .tokens = tokens,
                              .heads = (int)layer->heads,
                              .query_norm = norm_of(layer, layer->query_norm),
                              .key_norm = norm_of(layer, layer->key_norm),
                              .cosines = PHX_POINTER(const float, cosines),
                              .sines = PHX_POINTER(const float, sines),
                              .slots = PHX_POINTER(const int32_t, slots)};
  PHX_PICK_FLOAT(phx_pool_isa(pool), phx_rotate_and_write)(pool, &all);
}

PHX_EXPORT(jint, attend)
(PHX_JNI, jlong pool_address, jlong layer_address, jlong keys, jlong values, jlong projected,
 jlong spans, jint num_spans, jlong tables, jlong output) {
  phx_pool *pool = PHX_POINTER(phx_pool, pool_address);
  const struct phx_layer *layer = PHX_POINTER(const struct phx_layer, layer_address);
  struct phx_attention attention = {
      .kv = kv_of(layer, keys, values),
      .queries = PHX_POINTER(const float, projected),
      .query_stride = (layer->heads + 2 * layer->kv_heads) * layer->head_dim,
      .output = PHX_POINTER(float, output),
      .heads = (int)layer->heads,
      .spans = PHX_POINTER(const struct phx_span, spans),
      .num_spans = num_spans,
      .tables = PHX_POINTER(const int32_t, tables)};
  return PHX_PICK_FLOAT(phx_pool_isa(pool), phx_attend)(pool, &attention);
}
