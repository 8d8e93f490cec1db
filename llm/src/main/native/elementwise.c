#include "elementwise.h"

#include "export.h"

#define VARIANT(name) PHX_PICK_FLOAT(phx_pool_isa(pool), name)
#define POOL phx_pool *pool = PHX_POINTER(phx_pool, pool_address)

PHX_EXPORT(void, rmsNorm)
(PHX_JNI, jlong pool_address, jlong weight, jint size, jfloat epsilon, jlong rows, jlong input,
 jlong residual, jlong output) {
  POOL;
  struct phx_norm norm = {PHX_POINTER(const float, weight), size, epsilon};
  VARIANT(phx_rms_norm)
  (pool, &norm, rows, PHX_POINTER(float, input), PHX_POINTER(const float, residual),
   PHX_POINTER(float, output));
}

PHX_EXPORT(void, siluAndMul)
(PHX_JNI, jlong pool_address, jlong rows, jlong size, jlong gate_and_up, jlong output) {
  POOL;
  VARIANT(phx_silu_and_mul)
  (pool, rows, size, PHX_POINTER(const float, gate_and_up), PHX_POINTER(float, output));
}

PHX_EXPORT(void, add)(PHX_JNI, jlong pool_address, jlong count, jlong sum, jlong summand) {
  POOL;
  VARIANT(phx_add)(pool, count, PHX_POINTER(float, sum), PHX_POINTER(const float, summand));
}

PHX_EXPORT(void, lookUp)
(PHX_JNI, jlong pool_address, jint storage, jlong table_address, jlong first, jlong rows, jlong size,
 jlong numbers, jlong count, jlong output) {
  POOL;
  struct phx_table table = {PHX_POINTER(const void, table_address), (enum phx_storage)storage, first,
                            rows, size};
  VARIANT(phx_look_up)
  (pool, &table, PHX_POINTER(const int32_t, numbers), count, PHX_POINTER(float, output));
}

PHX_EXPORT(void, argmax)
(PHX_JNI, jlong pool_address, jlong rows, jlong size, jlong values, jlong numbers) {
  POOL;
  VARIANT(phx_argmax)
  (pool, rows, size, PHX_POINTER(const float, values), PHX_POINTER(int32_t, numbers));
}

PHX_EXPORT(void, angles)
(PHX_JNI, jlong pool_address, jlong count, jlong positions, jint size, jlong frequencies,
 jlong cosines, jlong sines) {
  POOL;
  VARIANT(phx_angles)
  (pool, count, PHX_POINTER(const int32_t, positions), size, PHX_POINTER(const float, frequencies),
   PHX_POINTER(float, cosines), PHX_POINTER(float, sines));
}
