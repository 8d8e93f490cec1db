/* One vocabulary for the vectors of a compilation's instruction set, so that a kernel in isa/ is
 * written once: LANES floats in a vf. */
#ifndef PHX_SIMD_H
#define PHX_SIMD_H

#include <immintrin.h>
#include <stdint.h>
#include <string.h>

#define INLINE static inline __attribute__((always_inline))

/* All bits set in the first n of 8 elements. */
INLINE __m256i phx_mask(int n) {
  return _mm256_cmpgt_epi32(_mm256_set1_epi32(n), _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7));
}

#ifdef __AVX512F__

#define LANES 16
typedef __m512 vf;

INLINE vf vf_zero(void) { return _mm512_setzero_ps(); }
INLINE vf vf_set(float x) { return _mm512_set1_ps(x); }
INLINE vf vf_load(const float *p) { return _mm512_loadu_ps(p); }
INLINE void vf_store(float *p, vf x) { _mm512_storeu_ps(p, x); }
INLINE vf vf_add(vf a, vf b) { return _mm512_add_ps(a, b); }
INLINE vf vf_mul(vf a, vf b) { return _mm512_mul_ps(a, b); }
INLINE vf vf_fma(vf a, vf b, vf c) { return _mm512_fmadd_ps(a, b, c); }
INLINE vf vf_max(vf a, vf b) { return _mm512_max_ps(a, b); }

INLINE vf vf_abs(vf x) { return _mm512_abs_ps(x); }

/* Rounded to the nearest integers, ties to even. */
INLINE void vf_store_rounded(int32_t *p, vf x) { _mm512_storeu_si512(p, _mm512_cvtps_epi32(x)); }

/* The first n < LANES elements, zero beyond. */
INLINE vf vf_load_n(const float *p, int n) {
  return _mm512_maskz_loadu_ps((__mmask16)((1u << n) - 1), p);
}
INLINE void vf_store_n(float *p, vf x, int n) {
  _mm512_mask_storeu_ps(p, (__mmask16)((1u << n) - 1), x);
}

/* bfloat16 is the upper half of a float. */
INLINE vf vf_load_bf16(const uint16_t *p) {
  __m512i wide = _mm512_cvtepu16_epi32(_mm256_loadu_si256((const __m256i *)p));
  return _mm512_castsi512_ps(_mm512_slli_epi32(wide, 16));
}
INLINE vf vf_load_f16(const uint16_t *p) {
  return _mm512_cvtph_ps(_mm256_loadu_si256((const __m256i *)p));
}

/* The even ones of 2 * LANES bfloat16, and the odd ones. */
INLINE vf vf_load_bf16_even(const uint16_t *p) {
  return _mm512_castsi512_ps(_mm512_slli_epi32(_mm512_loadu_si512(p), 16));
}
INLINE vf vf_load_bf16_odd(const uint16_t *p) {
  return _mm512_castsi512_ps(_mm512_maskz_loadu_epi16(0xaaaaaaaa, p));
}

/* The sums of four vectors' elements. */
INLINE __m128 vf_sum4(vf a, vf b, vf c, vf d) {
  __m512 ab = _mm512_add_ps(_mm512_unpacklo_ps(a, b), _mm512_unpackhi_ps(a, b));
  __m512 cd = _mm512_add_ps(_mm512_unpacklo_ps(c, d), _mm512_unpackhi_ps(c, d));
  __m512 low = _mm512_castpd_ps(
      _mm512_unpacklo_pd(_mm512_castps_pd(ab), _mm512_castps_pd(cd)));
  __m512 high = _mm512_castpd_ps(
      _mm512_unpackhi_pd(_mm512_castps_pd(ab), _mm512_castps_pd(cd)));
  __m512 sum = _mm512_add_ps(low, high);
  __m256 half = _mm256_add_ps(_mm512_castps512_ps256(sum), _mm512_extractf32x8_ps(sum, 1));
  return _mm_add_ps(_mm256_castps256_ps128(half), _mm256_extractf128_ps(half, 1));
}

INLINE float vf_sum(vf x) {
  __m256 half = _mm256_add_ps(_mm512_castps512_ps256(x), _mm512_extractf32x8_ps(x, 1));
  __m128 quarter = _mm_add_ps(_mm256_castps256_ps128(half), _mm256_extractf128_ps(half, 1));
  quarter = _mm_add_ps(quarter, _mm_movehl_ps(quarter, quarter));
  return _mm_cvtss_f32(_mm_add_ss(quarter, _mm_movehdup_ps(quarter)));
}
INLINE float vf_greatest(vf x) { return _mm512_reduce_max_ps(x); }

#else

#define LANES 8
typedef __m256 vf;

INLINE vf vf_zero(void) { return _mm256_setzero_ps(); }
INLINE vf vf_set(float x) { return _mm256_set1_ps(x); }
INLINE vf vf_load(const float *p) { return _mm256_loadu_ps(p); }
INLINE void vf_store(float *p, vf x) { _mm256_storeu_ps(p, x); }
INLINE vf vf_add(vf a, vf b) { return _mm256_add_ps(a, b); }
INLINE vf vf_mul(vf a, vf b) { return _mm256_mul_ps(a, b); }
INLINE vf vf_fma(vf a, vf b, vf c) { return _mm256_fmadd_ps(a, b, c); }
INLINE vf vf_max(vf a, vf b) { return _mm256_max_ps(a, b); }

INLINE vf vf_abs(vf x) { return _mm256_andnot_ps(_mm256_set1_ps(-0.0f), x); }
INLINE void vf_store_rounded(int32_t *p, vf x) {
  _mm256_storeu_si256((__m256i *)p, _mm256_cvtps_epi32(x));
}

INLINE vf vf_load_n(const float *p, int n) { return _mm256_maskload_ps(p, phx_mask(n)); }
INLINE void vf_store_n(float *p, vf x, int n) { _mm256_maskstore_ps(p, phx_mask(n), x); }

INLINE vf vf_load_bf16(const uint16_t *p) {
  __m256i wide = _mm256_cvtepu16_epi32(_mm_loadu_si128((const __m128i *)p));
  return _mm256_castsi256_ps(_mm256_slli_epi32(wide, 16));
}
INLINE vf vf_load_f16(const uint16_t *p) {
  return _mm256_cvtph_ps(_mm_loadu_si128((const __m128i *)p));
}

INLINE vf vf_load_bf16_even(const uint16_t *p) {
  return _mm256_castsi256_ps(_mm256_slli_epi32(_mm256_loadu_si256((const __m256i *)p), 16));
}
INLINE vf vf_load_bf16_odd(const uint16_t *p) {
  const __m256i odd = _mm256_set1_epi32((int)0xffff0000);
  return _mm256_castsi256_ps(_mm256_and_si256(_mm256_loadu_si256((const __m256i *)p), odd));
}

INLINE __m128 vf_sum4(vf a, vf b, vf c, vf d) {
  __m256 ab = _mm256_add_ps(_mm256_unpacklo_ps(a, b), _mm256_unpackhi_ps(a, b));
  __m256 cd = _mm256_add_ps(_mm256_unpacklo_ps(c, d), _mm256_unpackhi_ps(c, d));
  __m256 low = _mm256_castpd_ps(_mm256_unpacklo_pd(_mm256_castps_pd(ab), _mm256_castps_pd(cd)));
  __m256 high = _mm256_castpd_ps(_mm256_unpackhi_pd(_mm256_castps_pd(ab), _mm256_castps_pd(cd)));
  __m256 sum = _mm256_add_ps(low, high);
  return _mm_add_ps(_mm256_castps256_ps128(sum), _mm256_extractf128_ps(sum, 1));
}

INLINE float vf_sum(vf x) {
  __m128 half = _mm_add_ps(_mm256_castps256_ps128(x), _mm256_extractf128_ps(x, 1));
  half = _mm_add_ps(half, _mm_movehl_ps(half, half));
  return _mm_cvtss_f32(_mm_add_ss(half, _mm_movehdup_ps(half)));
}
INLINE float vf_greatest(vf x) {
  __m128 half = _mm_max_ps(_mm256_castps256_ps128(x), _mm256_extractf128_ps(x, 1));
  half = _mm_max_ps(half, _mm_movehl_ps(half, half));
  return _mm_cvtss_f32(_mm_max_ss(half, _mm_movehdup_ps(half)));
}

#endif

/* Loads into a register even if each use could load: several uses then cost one load. */
INLINE vf vf_load_once(const float *p) {
  vf x = vf_load(p);
  __asm__("" : "+v"(x));
  return x;
}

/* Up to four floats, zeros beyond. */
INLINE __m128 vf_load4(const float *p, int n) {
  if (n == 4) {
    return _mm_loadu_ps(p);
  }
  __m128 first = n > 1 ? _mm_castpd_ps(_mm_load_sd((const double *)p)) : _mm_load_ss(p);
  return n == 3 ? _mm_movelh_ps(first, _mm_load_ss(p + 2)) : first;
}
INLINE void vf_store4(float *p, __m128 x, int n) {
  if (n == 4) {
    _mm_storeu_ps(p, x);
    return;
  }
  if (n == 1) {
    _mm_store_ss(p, x);
    return;
  }
  _mm_storel_pi((__m64 *)p, x);
  if (n == 3) {
    _mm_store_ss(p + 2, _mm_movehl_ps(x, x));
  }
}

INLINE vf vf_load_bf16_n(const uint16_t *p, int n) {
  uint16_t whole[LANES] = {0};
  memcpy(whole, p, (size_t)n * sizeof *p);
  return vf_load_bf16(whole);
}
INLINE vf vf_load_f16_n(const uint16_t *p, int n) {
  uint16_t whole[LANES] = {0};
  memcpy(whole, p, (size_t)n * sizeof *p);
  return vf_load_f16(whole);
}

#endif
