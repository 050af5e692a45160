// SPDX-License-Identifier: Apache-2.0
//
// AVX2, FMA and F16C (Haswell, Zen and later). 16 registers of 8 floats decide the tile sizes.

#if defined(__x86_64__)
#include "CRetortKernels.h"
#include <immintrin.h>

#pragma clang attribute push(__attribute__((target("avx2,fma,f16c"))), apply_to = function)

#include "../reference/generic.inc"

#define INLINE static inline __attribute__((always_inline))

INLINE __m256 load8(const uint8_t *p, rk_dtype type) {
  switch (type) {
  case RK_F16: return _mm256_cvtph_ps(_mm_loadu_si128((const __m128i *)p));
  case RK_BF16:
    return _mm256_castsi256_ps(
        _mm256_slli_epi32(_mm256_cvtepu16_epi32(_mm_loadu_si128((const __m128i *)p)), 16));
  case RK_F8_E4M3: {
    // The sign in bit 15, exponent and mantissa from bit 13 down: an f16 that is 2^8 too small.
    __m128i wide = _mm_slli_epi16(_mm_cvtepi8_epi16(_mm_loadl_epi64((const __m128i *)p)), 7);
    __m128i half = _mm_and_si128(wide, _mm_set1_epi16((short)0xbf80));
    return _mm256_mul_ps(_mm256_cvtph_ps(half), _mm256_set1_ps(256.0f));
  }
  default: return _mm256_loadu_ps((const float *)p);
  }
}

INLINE float horizontal_sum(__m256 x) {
  __m128 s = _mm_add_ps(_mm256_castps256_ps128(x), _mm256_extractf128_ps(x, 1));
  s = _mm_add_ps(s, _mm_movehl_ps(s, s));
  return _mm_cvtss_f32(_mm_add_ss(s, _mm_shuffle_ps(s, s, 1)));
}

INLINE size_t element_bytes(rk_dtype type) {
  return type == RK_F32 ? 4 : type == RK_F8_E4M3 ? 1 : 2;
}

INLINE float scalar_element(const uint8_t *p, rk_dtype type) {
  float x;
  to_f32(&x, p, type, 1);
  return x;
}

INLINE float dot_typed(const float *x, const uint8_t *row, rk_dtype type, size_t k) {
  const size_t size = element_bytes(type);
  __m256 sum[4];
  for (int j = 0; j < 4; j++) sum[j] = _mm256_setzero_ps();
  size_t i = 0;
  for (; i + 32 <= k; i += 32) {
    _mm_prefetch((const char *)row + i * size + 4096, _MM_HINT_T0);
    if (size == 4) _mm_prefetch((const char *)row + i * size + 4096 + 64, _MM_HINT_T0);
#pragma unroll
    for (int j = 0; j < 4; j++)
      sum[j] = _mm256_fmadd_ps(load8(row + (i + 8 * j) * size, type), _mm256_loadu_ps(x + i + 8 * j),
                               sum[j]);
  }
  for (; i + 8 <= k; i += 8)
    sum[0] = _mm256_fmadd_ps(load8(row + i * size, type), _mm256_loadu_ps(x + i), sum[0]);
  float total = horizontal_sum(
      _mm256_add_ps(_mm256_add_ps(sum[0], sum[1]), _mm256_add_ps(sum[2], sum[3])));
  for (; i < k; i++) total += x[i] * scalar_element(row + i * size, type);
  return total;
}

#include "avx2_q8_rows.inc"

static void gemv(float *y, const void *w, rk_dtype type, size_t row_bytes, const float *x,
                 size_t rows, size_t k) {
  const uint8_t *row = w;
  for (size_t r = 0; r < rows; r++, row += row_bytes) {
    switch (type) {
    case RK_F32: y[r] = dot_typed(x, row, RK_F32, k); break;
    case RK_F16: y[r] = dot_typed(x, row, RK_F16, k); break;
    case RK_BF16: y[r] = dot_typed(x, row, RK_BF16, k); break;
    case RK_F8_E4M3: y[r] = dot_typed(x, row, RK_F8_E4M3, k); break;
    case RK_Q8_0: q8_dots(1, y + r, 0, x, 0, row, k); break;
    default: y[r] = dot_blocks(x, row, type, k); break;
    }
  }
}

static void gemv_rows(float *y, size_t ldy, const void *w, rk_dtype type, size_t row_bytes,
                      const float *x, size_t ldx, size_t m, size_t rows, size_t k) {
  if (type == RK_Q8_0) return q8_gemv_rows(y, ldy, w, row_bytes, x, ldx, m, rows, k);
  // Row of weights by row of weights: after the first row of X it comes from the nearest cache.
  for (size_t r = 0; r < rows; r++)
    for (size_t i = 0; i < m; i++)
      gemv(y + i * ldy + r, (const uint8_t *)w + r * row_bytes, type, row_bytes, x + i * ldx, 1, k);
}

static void pack_panel(float *panel, const void *w, rk_dtype type, size_t row_bytes, size_t rows,
                       size_t k) {
  if (type == RK_Q8_0) return q8_pack(panel, w, row_bytes, rows, k);
  if (rk_block_elements(type) > 1) return pack_blocks(panel, w, type, row_bytes, rows, k);
  float line[RK_BLOCK];
  const size_t size = element_bytes(type);
  for (size_t r = 0; r < RK_PANEL; r++)
    for (size_t i = 0; i < k; i += RK_BLOCK) {
      size_t n = k - i < RK_BLOCK ? k - i : RK_BLOCK;
      const uint8_t *row = (const uint8_t *)w + r * row_bytes;
      if (r < rows)
        to_f32(line, row + i * size, type, n);
      else
        memset(line, 0, sizeof line);
      for (size_t j = 0; j < n; j++) panel[(i + j) * RK_PANEL + r] = line[j];
    }
}

/// MR x 16 outputs.
INLINE void micro_f32(const int MR, float *c, size_t ldc, const float *a, size_t lda,
                      const float *b, size_t ldb, size_t k, int accumulate) {
  __m256 sum[6][2];
#pragma unroll
  for (int i = 0; i < MR; i++)
#pragma unroll
    for (int j = 0; j < 2; j++)
      sum[i][j] = accumulate ? _mm256_loadu_ps(c + i * ldc + 8 * j) : _mm256_setzero_ps();
  for (size_t l = 0; l < k; l++) {
    __m256 b0 = _mm256_loadu_ps(b + l * ldb), b1 = _mm256_loadu_ps(b + l * ldb + 8);
#pragma unroll
    for (int i = 0; i < MR; i++) {
      __m256 x = _mm256_broadcast_ss(a + i * lda + l);
      sum[i][0] = _mm256_fmadd_ps(x, b0, sum[i][0]);
      sum[i][1] = _mm256_fmadd_ps(x, b1, sum[i][1]);
    }
  }
#pragma unroll
  for (int i = 0; i < MR; i++)
#pragma unroll
    for (int j = 0; j < 2; j++) _mm256_storeu_ps(c + i * ldc + 8 * j, sum[i][j]);
}

static void gemm_panel(float *c, size_t ldc, const float *a, size_t lda, const float *b, size_t ldb,
                       size_t m, size_t n, size_t k, int accumulate) {
  for (size_t j = 0; j < n; j += 16) {
    if (n - j < 16) { // a ragged edge goes through a full-width copy
      size_t width = n - j;
      float edge[16];
      for (size_t i = 0; i < m; i++) {
        memset(edge, 0, sizeof edge);
        if (accumulate) memcpy(edge, c + i * ldc + j, width * sizeof(float));
        micro_f32(1, edge, 16, a + i * lda, lda, b + j, ldb, k, accumulate);
        memcpy(c + i * ldc + j, edge, width * sizeof(float));
      }
      return;
    }
    size_t i = 0;
    for (; i + 6 <= m; i += 6)
      micro_f32(6, c + i * ldc + j, ldc, a + i * lda, lda, b + j, ldb, k, accumulate);
    for (; i < m; i++)
      micro_f32(1, c + i * ldc + j, ldc, a + i * lda, lda, b + j, ldb, k, accumulate);
  }
}

#include "avx2_tiles.inc"

static void attention_scores(float *scores, const float *q, const void *keys, rk_dtype type,
                             size_t row_bytes, size_t n, size_t d, float factor) {
  gemv(scores, keys, type, row_bytes, q, n, d);
  scale(scores, n, factor);
}

INLINE void mix_typed(float *out, const float *p, const uint8_t *values, rk_dtype type,
                      size_t row_bytes, size_t n, size_t d) {
  const size_t size = element_bytes(type);
  size_t i = 0;
  for (; i + 32 <= d; i += 32) {
    __m256 sum[4];
#pragma unroll
    for (int j = 0; j < 4; j++) sum[j] = _mm256_setzero_ps();
    for (size_t t = 0; t < n; t++) {
      __m256 weight = _mm256_broadcast_ss(p + t);
      const uint8_t *row = values + t * row_bytes + i * size;
#pragma unroll
      for (int j = 0; j < 4; j++)
        sum[j] = _mm256_fmadd_ps(load8(row + 8 * j * size, type), weight, sum[j]);
    }
#pragma unroll
    for (int j = 0; j < 4; j++) _mm256_storeu_ps(out + i + 8 * j, sum[j]);
  }
  for (; i < d; i++) {
    float sum = 0;
    for (size_t t = 0; t < n; t++)
      sum += p[t] * scalar_element(values + t * row_bytes + i * size, type);
    out[i] = sum;
  }
}

static void attention_mix(float *out, const float *p, const void *values, rk_dtype type,
                          size_t row_bytes, size_t n, size_t d) {
  switch (type) {
  case RK_F16: mix_typed(out, p, values, RK_F16, row_bytes, n, d); break;
  case RK_BF16: mix_typed(out, p, values, RK_BF16, row_bytes, n, d); break;
  case RK_F8_E4M3: mix_typed(out, p, values, RK_F8_E4M3, row_bytes, n, d); break;
  case RK_Q8_0: q8_mix_rows(out, 0, p, 0, values, row_bytes, 1, n, d); break;
  default: mix_typed(out, p, values, RK_F32, row_bytes, n, d); break;
  }
}

static void attention_mix_rows(float *out, size_t ldo, const float *p, size_t ldp,
                               const void *values, rk_dtype type, size_t row_bytes, size_t m,
                               size_t n, size_t d) {
  if (type == RK_Q8_0) return q8_mix_rows(out, ldo, p, ldp, values, row_bytes, m, n, d);
  for (size_t i = 0; i < m; i++)
    attention_mix(out + i * ldo, p + i * ldp, values, type, row_bytes, n, d);
}

/// The types of caches eight at a time; the rest as the generic code does.
static void to_f32_wide(float *out, const void *x, rk_dtype type, size_t n) {
  if (type == RK_Q8_0) return q8_to_f32(out, x, n);
  const uint8_t *p = x;
  size_t i = 0;
  if (type == RK_F16)
    for (; i + 8 <= n; i += 8) _mm256_storeu_ps(out + i, load8(p + 2 * i, RK_F16));
  else if (type == RK_BF16)
    for (; i + 8 <= n; i += 8) _mm256_storeu_ps(out + i, load8(p + 2 * i, RK_BF16));
  if (i < n) to_f32(out + i, i == 0 ? p : p + 2 * i, type, n - i);
}

static void from_f32_wide(void *out, const float *x, rk_dtype type, size_t n) {
  if (type == RK_Q8_0) return q8_from_f32(out, x, n);
  uint8_t *p = out;
  size_t i = 0;
  if (type == RK_F16) {
    for (; i + 8 <= n; i += 8)
      _mm_storeu_si128((__m128i *)(p + 2 * i),
                       _mm256_cvtps_ph(_mm256_loadu_ps(x + i), _MM_FROUND_TO_NEAREST_INT));
    p += 2 * i;
  }
  if (i < n) from_f32(p, x + i, type, n - i);
}

#define RK_TO_F32 to_f32_wide
#define RK_FROM_F32 from_f32_wide

#define RK_VECTOR 8
#define RK_MICRO_ROWS 6
#define RK_MICRO_VECTORS 2
#include "../reference/training.inc"

#pragma clang attribute pop

#define RK_TABLE_NAME "avx2"
const rk_kernels rk_kernels_avx2 = {
#include "../reference/table.inc"
};
#endif
