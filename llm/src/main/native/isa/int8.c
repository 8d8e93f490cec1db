/* y = x . w with 8-bit weights. A tile is some rows of x and some vectors of w's rows; four columns
 * are added at a time: with VNNI by one instruction, else after widening to 16 bits by two, which
 * cannot overflow. Sums are exact, so their order does not matter. */
#include "../int8.h"

#include <math.h>

#include "../simd.h"

/* Quads of columns whose weights stay in the cache while all rows of x pass. */
#define QUADS 512

/* How far ahead weights are asked for where reading them takes longest, in bytes. */
#define AHEAD 8192

#define SIZE_OF(type) ((type) == PHX_F32 ? 4 : 2)

/* Floats of a row that are converted at a time. */
#define CHUNK 64

static void load_floats(enum phx_type type, const char *row, int64_t k, int n, float *to) {
  if (n < CHUNK) {
    char copy[CHUNK * sizeof(float)] = {0};
    memcpy(copy, row + k * SIZE_OF(type), (size_t)n * SIZE_OF(type));
    load_floats(type, copy, 0, CHUNK, to);
    return;
  }
  for (int i = 0; i < CHUNK; i += LANES) {
    vf x = type == PHX_F32   ? vf_load((const float *)row + k + i)
           : type == PHX_F16 ? vf_load_f16((const uint16_t *)row + k + i)
                             : vf_load_bf16((const uint16_t *)row + k + i);
    vf_store(to + i, x);
  }
}

/* The largest magnitude. */
static float largest(enum phx_type type, const char *row, int64_t columns) {
  vf most = vf_zero();
  for (int64_t k = 0; k < columns; k += CHUNK) {
    float x[CHUNK];
    load_floats(type, row, k, columns - k < CHUNK ? (int)(columns - k) : CHUNK, x);
    for (int i = 0; i < CHUNK; i += LANES) {
      most = vf_max(most, vf_abs(vf_load(x + i)));
    }
  }
  return vf_greatest(most);
}

static void pack_row(const phx_int8_packing *packing, int64_t n) {
  phx_int8_matrix *to = packing->to;
  enum phx_type type = packing->from->type;
  uint8_t *group = to->weights + n / PHX_GROUP * to->quads * PHX_GROUP * 4;
  uint8_t *target = group + n % PHX_GROUP * 4;
  const char *row = n < to->rows ? phx_row(packing->from, n) : NULL;
  float most = row == NULL ? 0 : largest(type, row, to->columns);
  float inverse = most > 0 ? 127 / most : 0;
  to->scales[n] = most / 127;
  for (int64_t k = 0; k < to->quads * 4; k += CHUNK) {
    float x[CHUNK] = {0};
    int32_t rounded[CHUNK];
    uint8_t bytes[CHUNK];
    if (row != NULL) {
      load_floats(type, row, k, to->columns - k < CHUNK ? (int)(to->columns - k) : CHUNK, x);
    }
    for (int i = 0; i < CHUNK; i += LANES) {
      vf_store_rounded(rounded + i, vf_mul(vf_load(x + i), vf_set(inverse)));
    }
    for (int i = 0; i < CHUNK; i++) {
      bytes[i] = (uint8_t)(rounded[i] + 128);
    }
    for (int i = 0; i < CHUNK && k + i < to->quads * 4; i += 4) {
      memcpy(target + (k + i) * PHX_GROUP, bytes + i, 4);
    }
  }
}

void PHX_VARIANT(phx_int8_pack)(void *arg, int task) {
  for (int i = 0; i < PHX_GROUP; i++) {
    pack_row(arg, (int64_t)task * PHX_GROUP + i);
  }
}

#ifdef __AVX512VNNI__
typedef int8_t x_type;
#else
typedef int16_t x_type;
#endif

int64_t PHX_VARIANT(phx_int8_x_bytes)(const phx_int8_matrix *matrix) {
  return (matrix->quads * 4 * (int64_t)sizeof(x_type) + 63) / 64 * 64;
}

void PHX_VARIANT(phx_int8_round)(void *arg, int task) {
  phx_int8_product *job = arg;
  int64_t columns = job->matrix->columns;
  const char *row = (const char *)(job->source + task * columns);
  x_type *to = (x_type *)(job->x + task * job->x_bytes);
  float most = largest(PHX_F32, row, columns);
  float inverse = most > 0 ? 127 / most : 0;
  int32_t sum = 0;
  memset(to, 0, (size_t)job->x_bytes);
  for (int64_t k = 0; k < columns; k += CHUNK) {
    int n = columns - k < CHUNK ? (int)(columns - k) : CHUNK;
    float x[CHUNK];
    int32_t rounded[CHUNK];
    load_floats(PHX_F32, row, k, n, x);
    for (int i = 0; i < CHUNK; i += LANES) {
      vf_store_rounded(rounded + i, vf_mul(vf_load(x + i), vf_set(inverse)));
    }
    for (int i = 0; i < n; i++) {
      to[k + i] = (x_type)rounded[i];
      sum += rounded[i];
    }
  }
  job->x_scales[task] = most / 127;
  job->offsets[task] = -128 * sum;
}

/* One of a tile's vectors of sums, its outputs in order, and how many they are. */
#ifdef __AVX512VNNI__

#define MR 12
#define OUTPUTS 16
#define VECTORS(rows) 2
typedef __m512i sums_type;

INLINE sums_type sums_zero(void) { return _mm512_setzero_si512(); }
INLINE __m512i load_weights(const uint8_t *w) { return _mm512_load_si512(w); }
INLINE __m512i load_x(const x_type *x) {
  int32_t quad;
  memcpy(&quad, x, sizeof quad);
  return _mm512_set1_epi32(quad);
}
INLINE sums_type add_products(sums_type sums, __m512i w, __m512i x) {
  return _mm512_dpbusd_epi32(sums, w, x);
}

INLINE void store_outputs(const phx_int8_product *job, int64_t m, int64_t n, int first, int last,
                          const sums_type *sums, int vectors) {
  const phx_int8_matrix *matrix = job->matrix;
  for (int v = 0; v < vectors && n + v * 16 < matrix->rows; v++) {
    int64_t left = matrix->rows - n - v * 16;
    __mmask16 mask = left >= 16 ? 0xffff : (__mmask16)((1u << left) - 1);
    float *y = job->y + m * matrix->rows + n + v * 16;
    __m512i total = _mm512_add_epi32(sums[v], first ? _mm512_set1_epi32(job->offsets[m])
                                                    : _mm512_maskz_loadu_epi32(mask, y));
    if (!last) {
      _mm512_mask_storeu_epi32(y, mask, total);
      continue;
    }
    __m512 scale = _mm512_mul_ps(_mm512_set1_ps(job->x_scales[m]),
                                 _mm512_loadu_ps(matrix->scales + n + v * 16));
    __m512 output = _mm512_mul_ps(_mm512_cvtepi32_ps(total), scale);
    if (matrix->bias != NULL) {
      output = _mm512_add_ps(output, _mm512_maskz_loadu_ps(mask, matrix->bias + n + v * 16));
    }
    _mm512_mask_storeu_ps(y, mask, output);
  }
}

#else

#define MR 4
#define OUTPUTS 4
#define VECTORS(rows) ((rows) == 1 ? 8 : (rows) == 2 ? 4 : 2)
typedef __m256i sums_type; /* two sums for each output */

INLINE sums_type sums_zero(void) { return _mm256_setzero_si256(); }
INLINE __m256i load_weights(const uint8_t *w) {
  return _mm256_cvtepu8_epi16(_mm_load_si128((const __m128i *)w));
}
INLINE __m256i load_x(const x_type *x) {
  int64_t quad;
  memcpy(&quad, x, sizeof quad);
  return _mm256_set1_epi64x(quad);
}
INLINE sums_type add_products(sums_type sums, __m256i w, __m256i x) {
  return _mm256_add_epi32(sums, _mm256_madd_epi16(w, x));
}

INLINE void store_outputs(const phx_int8_product *job, int64_t m, int64_t n, int first, int last,
                          const sums_type *sums, int vectors) {
  const phx_int8_matrix *matrix = job->matrix;
  for (int v = 0; v < vectors && n + v * 4 < matrix->rows; v += 2) {
    int64_t left = matrix->rows - n - v * 4;
    __m256i mask = phx_mask(left < 8 ? (int)left : 8);
    float *y = job->y + m * matrix->rows + n + v * 4;
    __m256i pairs = _mm256_hadd_epi32(sums[v], sums[v + 1]);
    __m256i total = _mm256_add_epi32(_mm256_permute4x64_epi64(pairs, 0xd8),
                                     first ? _mm256_set1_epi32(job->offsets[m])
                                           : _mm256_maskload_epi32((const int *)y, mask));
    if (!last) {
      _mm256_maskstore_epi32((int *)y, mask, total);
      continue;
    }
    __m256 scale = _mm256_mul_ps(_mm256_set1_ps(job->x_scales[m]),
                                 _mm256_loadu_ps(matrix->scales + n + v * 4));
    __m256 output = _mm256_mul_ps(_mm256_cvtepi32_ps(total), scale);
    if (matrix->bias != NULL) {
      output = _mm256_add_ps(output, _mm256_maskload_ps(matrix->bias + n + v * 4, mask));
    }
    _mm256_maskstore_ps(y, mask, output);
  }
}

#endif

/* Rows m .. of x with the group's rows, over columns 4 k .. 4 end - 1. */
INLINE void tile(int rows, const phx_int8_product *job, int64_t index, int64_t m, int64_t k,
                 int64_t end) {
  const phx_int8_matrix *matrix = job->matrix;
  const int vectors = VECTORS(rows);
  const uint8_t *group = matrix->weights + index * matrix->quads * PHX_GROUP * 4;
  for (int n = 0; n < PHX_GROUP; n += vectors * OUTPUTS) {
    const x_type *x = (const x_type *)(job->x + m * job->x_bytes);
    sums_type sums[MR][8];
#pragma GCC unroll 16
    for (int i = 0; i < rows; i++) {
#pragma GCC unroll 8
      for (int v = 0; v < vectors; v++) {
        sums[i][v] = sums_zero();
      }
    }
    for (int64_t quad = k; quad < end; quad++) {
      const uint8_t *w = group + (quad * PHX_GROUP + n) * 4;
      if (rows <= 2) {
        _mm_prefetch(w + AHEAD, _MM_HINT_T0);
        _mm_prefetch(w + AHEAD + 64, _MM_HINT_T0);
      }
#pragma GCC unroll 8
      for (int v = 0; v < vectors; v++) {
        const __typeof__(load_weights(w)) weights = load_weights(w + v * OUTPUTS * 4);
#pragma GCC unroll 16
        for (int i = 0; i < rows; i++) {
          const x_type *quads = x + i * (job->x_bytes / (int64_t)sizeof(x_type)) + quad * 4;
          sums[i][v] = add_products(sums[i][v], weights, load_x(quads));
        }
      }
    }
#pragma GCC unroll 16
    for (int i = 0; i < rows; i++) {
      store_outputs(job, m + i, index * PHX_GROUP + n, k == 0, end == matrix->quads,
                    sums[i], vectors);
    }
  }
}

static void group_of(const phx_int8_product *job, int64_t index) {
  int64_t quads = job->matrix->quads;
  for (int64_t k = 0; k == 0 || k < quads; k += QUADS) {
    int64_t end = k + QUADS < quads ? k + QUADS : quads;
    int64_t m = 0;
    for (; job->m - m >= MR; m += MR) {
      tile(MR, job, index, m, k, end);
    }
    switch (job->m - m) {
#if MR == 12
      case 11: tile(11, job, index, m, k, end); break;
      case 10: tile(10, job, index, m, k, end); break;
      case 9: tile(9, job, index, m, k, end); break;
      case 8: tile(8, job, index, m, k, end); break;
      case 7: tile(7, job, index, m, k, end); break;
      case 6: tile(6, job, index, m, k, end); break;
      case 5: tile(5, job, index, m, k, end); break;
      case 4: tile(4, job, index, m, k, end); break;
#endif
      case 3: tile(3, job, index, m, k, end); break;
      case 2: tile(2, job, index, m, k, end); break;
      case 1: tile(1, job, index, m, k, end); break;
    }
  }
}

void PHX_VARIANT(phx_int8_groups)(void *arg, int task) {
  const phx_int8_product *job = arg;
  int64_t groups = (job->matrix->rows + PHX_GROUP - 1) / PHX_GROUP;
  int64_t first = task * job->task_groups;
  int64_t last = first + job->task_groups < groups ? first + job->task_groups : groups;
  for (int64_t index = first; index < last; index++) {
    group_of(job, index);
  }
}
