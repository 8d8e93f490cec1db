/* Sixteen floats as one value. The arithmetic, its order and so its bits are the same for every
 * instruction set: only how many registers hold the lanes differs. */
#ifndef PHX_LANES_H
#define PHX_LANES_H

#include <immintrin.h>
#include <stddef.h>
#include <stdint.h>

#include "kv.h"

#define INLINE static inline __attribute__((always_inline))
#define WIDTH 16

#ifdef __AVX512F__

typedef __m512 lanes;
typedef __mmask16 choice; /* one bit for each lane */

INLINE lanes lanes_set(float x) { return _mm512_set1_ps(x); }
INLINE lanes lanes_load(const float *p) { return _mm512_loadu_ps(p); }
INLINE void lanes_store(float *p, lanes x) { _mm512_storeu_ps(p, x); }
INLINE lanes lanes_add(lanes a, lanes b) { return _mm512_add_ps(a, b); }
INLINE lanes lanes_sub(lanes a, lanes b) { return _mm512_sub_ps(a, b); }
INLINE lanes lanes_mul(lanes a, lanes b) { return _mm512_mul_ps(a, b); }
INLINE lanes lanes_div(lanes a, lanes b) { return _mm512_div_ps(a, b); }
INLINE lanes lanes_fma(lanes a, lanes b, lanes c) { return _mm512_fmadd_ps(a, b, c); }
INLINE lanes lanes_max(lanes a, lanes b) { return _mm512_max_ps(a, b); }
INLINE lanes lanes_min(lanes a, lanes b) { return _mm512_min_ps(a, b); }
INLINE lanes lanes_round(lanes x) { return _mm512_roundscale_ps(x, 8); }

/* 2^n of whole numbers n from -126 to 127. */
INLINE lanes lanes_power(lanes n) {
  __m512i biased = _mm512_add_epi32(_mm512_cvtps_epi32(n), _mm512_set1_epi32(127));
  return _mm512_castsi512_ps(_mm512_slli_epi32(biased, 23));
}

INLINE choice lanes_first(int n) { return (__mmask16)(n >= WIDTH ? 0xFFFF : (1u << n) - 1); }
INLINE choice lanes_below(lanes a, lanes b) { return _mm512_cmp_ps_mask(a, b, _CMP_LT_OQ); }
INLINE lanes lanes_choose(choice c, lanes yes, lanes no) { return _mm512_mask_blend_ps(c, no, yes); }

INLINE __m256 lanes_low(lanes x) { return _mm512_castps512_ps256(x); }
INLINE __m256 lanes_high(lanes x) { return _mm512_extractf32x8_ps(x, 1); }

INLINE lanes lanes_load_f16(const uint16_t *p) {
  return _mm512_cvtph_ps(_mm256_loadu_si256((const __m256i *)p));
}
INLINE lanes lanes_load_bf16(const uint16_t *p) {
  __m512i wide = _mm512_cvtepu16_epi32(_mm256_loadu_si256((const __m256i *)p));
  return _mm512_castsi512_ps(_mm512_slli_epi32(wide, 16));
}

INLINE lanes lanes_load_i16(const int16_t *p) {
  __m512i wide = _mm512_cvtepi16_epi32(_mm256_loadu_si256((const __m256i *)p));
  return _mm512_cvtepi32_ps(wide);
}

#else

typedef struct {
  __m256 low, high;
} lanes;
typedef struct {
  __m256 low, high;
} choice; /* all bits of a lane or none */

#define BOTH(expression_low, expression_high) ((lanes){expression_low, expression_high})

INLINE lanes lanes_set(float x) { return BOTH(_mm256_set1_ps(x), _mm256_set1_ps(x)); }
INLINE lanes lanes_load(const float *p) { return BOTH(_mm256_loadu_ps(p), _mm256_loadu_ps(p + 8)); }
INLINE void lanes_store(float *p, lanes x) {
  _mm256_storeu_ps(p, x.low);
  _mm256_storeu_ps(p + 8, x.high);
}
INLINE lanes lanes_add(lanes a, lanes b) {
  return BOTH(_mm256_add_ps(a.low, b.low), _mm256_add_ps(a.high, b.high));
}
INLINE lanes lanes_sub(lanes a, lanes b) {
  return BOTH(_mm256_sub_ps(a.low, b.low), _mm256_sub_ps(a.high, b.high));
}
INLINE lanes lanes_mul(lanes a, lanes b) {
  return BOTH(_mm256_mul_ps(a.low, b.low), _mm256_mul_ps(a.high, b.high));
}
INLINE lanes lanes_div(lanes a, lanes b) {
  return BOTH(_mm256_div_ps(a.low, b.low), _mm256_div_ps(a.high, b.high));
}
INLINE lanes lanes_fma(lanes a, lanes b, lanes c) {
  return BOTH(_mm256_fmadd_ps(a.low, b.low, c.low), _mm256_fmadd_ps(a.high, b.high, c.high));
}
INLINE lanes lanes_max(lanes a, lanes b) {
  return BOTH(_mm256_max_ps(a.low, b.low), _mm256_max_ps(a.high, b.high));
}
INLINE lanes lanes_min(lanes a, lanes b) {
  return BOTH(_mm256_min_ps(a.low, b.low), _mm256_min_ps(a.high, b.high));
}
INLINE lanes lanes_round(lanes x) {
  return BOTH(_mm256_round_ps(x.low, 8), _mm256_round_ps(x.high, 8));
}

INLINE __m256 power_half(__m256 n) {
  __m256i biased = _mm256_add_epi32(_mm256_cvtps_epi32(n), _mm256_set1_epi32(127));
  return _mm256_castsi256_ps(_mm256_slli_epi32(biased, 23));
}
INLINE lanes lanes_power(lanes n) { return BOTH(power_half(n.low), power_half(n.high)); }

INLINE __m256 first_half(int n) {
  __m256i count = _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7);
  return _mm256_castsi256_ps(_mm256_cmpgt_epi32(_mm256_set1_epi32(n), count));
}
INLINE choice lanes_first(int n) { return (choice){first_half(n), first_half(n - 8)}; }
INLINE choice lanes_below(lanes a, lanes b) {
  return (choice){_mm256_cmp_ps(a.low, b.low, _CMP_LT_OQ), _mm256_cmp_ps(a.high, b.high, _CMP_LT_OQ)};
}
INLINE lanes lanes_choose(choice c, lanes yes, lanes no) {
  return BOTH(_mm256_blendv_ps(no.low, yes.low, c.low), _mm256_blendv_ps(no.high, yes.high, c.high));
}

INLINE __m256 lanes_low(lanes x) { return x.low; }
INLINE __m256 lanes_high(lanes x) { return x.high; }

INLINE lanes lanes_load_f16(const uint16_t *p) {
  return BOTH(_mm256_cvtph_ps(_mm_loadu_si128((const __m128i *)p)),
              _mm256_cvtph_ps(_mm_loadu_si128((const __m128i *)(p + 8))));
}
INLINE __m256 load_bf16_half(const uint16_t *p) {
  __m256i wide = _mm256_cvtepu16_epi32(_mm_loadu_si128((const __m128i *)p));
  return _mm256_castsi256_ps(_mm256_slli_epi32(wide, 16));
}
INLINE lanes lanes_load_bf16(const uint16_t *p) {
  return BOTH(load_bf16_half(p), load_bf16_half(p + 8));
}

INLINE __m256 load_i16_half(const int16_t *p) {
  return _mm256_cvtepi32_ps(_mm256_cvtepi16_epi32(_mm_loadu_si128((const __m128i *)p)));
}
INLINE lanes lanes_load_i16(const int16_t *p) {
  return BOTH(load_i16_half(p), load_i16_half(p + 8));
}

#endif

INLINE lanes lanes_zero(void) { return lanes_set(0.0f); }

/* Up to WIDTH elements, zero beyond. */
INLINE lanes lanes_load_n(const float *p, int n) {
  if (n >= WIDTH) {
    return lanes_load(p);
  }
  float whole[WIDTH] = {0};
  __builtin_memcpy(whole, p, (size_t)n * sizeof *p);
  return lanes_load(whole);
}
INLINE void lanes_store_n(float *p, lanes x, int n) {
  if (n >= WIDTH) {
    lanes_store(p, x);
    return;
  }
  float whole[WIDTH];
  lanes_store(whole, x);
  __builtin_memcpy(p, whole, (size_t)n * sizeof *p);
}

INLINE float lanes_sum(lanes x) {
  __m256 half = _mm256_add_ps(lanes_low(x), lanes_high(x));
  __m128 quarter = _mm_add_ps(_mm256_castps256_ps128(half), _mm256_extractf128_ps(half, 1));
  quarter = _mm_add_ps(quarter, _mm_movehl_ps(quarter, quarter));
  return _mm_cvtss_f32(_mm_add_ss(quarter, _mm_movehdup_ps(quarter)));
}

INLINE float lanes_greatest(lanes x) {
  __m256 half = _mm256_max_ps(lanes_low(x), lanes_high(x));
  __m128 quarter = _mm_max_ps(_mm256_castps256_ps128(half), _mm256_extractf128_ps(half, 1));
  quarter = _mm_max_ps(quarter, _mm_movehl_ps(quarter, quarter));
  return _mm_cvtss_f32(_mm_max_ss(quarter, _mm_movehdup_ps(quarter)));
}

/* e^x within 2 units in the last place; 0 below -87.3, and 88.3 counts as the largest x.
 * The remainder after the nearest power of two goes into a polynomial of degree 6. */
INLINE lanes lanes_exp(lanes x) {
  const lanes lowest = lanes_set(-87.3f);
  lanes clamped = lanes_min(lanes_max(x, lowest), lanes_set(88.3f));
  lanes n = lanes_round(lanes_mul(clamped, lanes_set(1.44269504f)));
  n = lanes_min(n, lanes_set(127.0f));
  lanes r = lanes_fma(n, lanes_set(-0.693359375f), clamped);
  r = lanes_fma(n, lanes_set(2.12194440e-4f), r);
  lanes p = lanes_set(1.0f / 720);
  p = lanes_fma(p, r, lanes_set(1.0f / 120));
  p = lanes_fma(p, r, lanes_set(1.0f / 24));
  p = lanes_fma(p, r, lanes_set(1.0f / 6));
  p = lanes_fma(p, r, lanes_set(0.5f));
  p = lanes_fma(p, lanes_mul(r, r), r);
  lanes result = lanes_mul(lanes_add(p, lanes_set(1.0f)), lanes_power(n));
  return lanes_choose(lanes_below(x, lowest), lanes_zero(), result);
}

INLINE lanes lanes_load_as(enum phx_storage type, const void *p, long index) {
  switch (type) {
    case PHX_FLOAT16:
      return lanes_load_f16((const uint16_t *)p + index);
    case PHX_BFLOAT16:
      return lanes_load_bf16((const uint16_t *)p + index);
    case PHX_INT16:
      return lanes_load_i16((const int16_t *)p + index);
    default:
      return lanes_load((const float *)p + index);
  }
}

INLINE float phx_load_as(enum phx_storage type, const void *p, long index) {
  if (type == PHX_FLOAT16) {
    return _cvtsh_ss(((const uint16_t *)p)[index]);
  }
  if (type == PHX_BFLOAT16) {
    uint32_t bits = (uint32_t)((const uint16_t *)p)[index] << 16;
    float x;
    __builtin_memcpy(&x, &bits, sizeof x);
    return x;
  }
  return ((const float *)p)[index];
}

/* Rounds to the nearest number of the type, ties to even; float16 stops at its largest number
 * instead of becoming infinite. */
INLINE void phx_store_as(enum phx_storage type, void *p, long index, float x) {
  if (type == PHX_FLOAT16) {
    float bounded = x > 65504.0f ? 65504.0f : x < -65504.0f ? -65504.0f : x;
    ((uint16_t *)p)[index] = _cvtss_sh(bounded, _MM_FROUND_TO_NEAREST_INT);
  } else if (type == PHX_BFLOAT16) {
    uint32_t bits;
    __builtin_memcpy(&bits, &x, sizeof bits);
    ((uint16_t *)p)[index] = (uint16_t)((bits + 0x7FFF + (bits >> 16 & 1)) >> 16);
  } else if (type == PHX_INT16) {
    ((int16_t *)p)[index] = (int16_t)_mm_cvtss_si32(_mm_set_ss(x));
  } else {
    ((float *)p)[index] = x;
  }
}

#endif
