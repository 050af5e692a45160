// SPDX-License-Identifier: Apache-2.0
//
// AVX-512 with VNNI (Ice Lake, Zen 4 and later). 32 registers of 16 floats decide the tile sizes.

#if defined(__x86_64__)
#include "CRetortKernels.h"
#include <immintrin.h>

#ifdef RK_WITH_BF16
#pragma clang attribute push(                                                                      \
    __attribute__((target(                                                                         \
        "avx512f,avx512bw,avx512vl,avx512dq,avx512vnni,avx512bf16,avx2,fma,f16c"))),               \
    apply_to = function)
#else
#pragma clang attribute push(                                                                      \
    __attribute__((target("avx512f,avx512bw,avx512vl,avx512dq,avx512vnni,avx2,fma,f16c"))),        \
    apply_to = function)
#endif

#include "../reference/generic.inc"

#define INLINE static inline __attribute__((always_inline))

/// The sign in bit 15, exponent and mantissa from bit 13 down: an f16 that is 2^8 too small.
INLINE __m512 f8_to_f32(__m128i bytes) {
  __m256i wide = _mm256_slli_epi16(_mm256_cvtepi8_epi16(bytes), 7);
  __m256i half = _mm256_and_si256(wide, _mm256_set1_epi16((short)0xbf80));
  return _mm512_mul_ps(_mm512_cvtph_ps(half), _mm512_set1_ps(256.0f));
}

/// Sixteen elements of a row as f32. `type` is a constant at every call.
INLINE __m512 load16(const uint8_t *p, rk_dtype type) {
  switch (type) {
  case RK_F16: return _mm512_cvtph_ps(_mm256_loadu_si256((const __m256i *)p));
  case RK_BF16:
    return _mm512_castsi512_ps(_mm512_slli_epi32(
        _mm512_cvtepu16_epi32(_mm256_loadu_si256((const __m256i *)p)), 16));
  case RK_F8_E4M3: return f8_to_f32(_mm_loadu_si128((const __m128i *)p));
  default: return _mm512_loadu_ps(p);
  }
}

/// The first n < 16 elements, the rest zero.
INLINE __m512 load_tail(const uint8_t *p, rk_dtype type, size_t n) {
  __mmask16 mask = (__mmask16)((1u << n) - 1);
  if (type == RK_F32) return _mm512_maskz_loadu_ps(mask, p);
  if (type == RK_F8_E4M3) return f8_to_f32(_mm_maskz_loadu_epi8(mask, p));
  __m256i half = _mm256_maskz_loadu_epi16(mask, p);
  if (type == RK_F16) return _mm512_cvtph_ps(half);
  return _mm512_castsi512_ps(_mm512_slli_epi32(_mm512_cvtepu16_epi32(half), 16));
}

INLINE __m512i broadcast4(const int8_t *p) {
  int32_t four;
  memcpy(&four, p, 4);
  return _mm512_set1_epi32(four);
}

INLINE size_t element_bytes(rk_dtype type) {
  return type == RK_F32 ? 4 : type == RK_F8_E4M3 ? 1 : 2;
}

/// Asks for `bytes` of a stream well before they are needed, into the second-level cache: the first
/// one can wait for too few lines at a time. It pays with several rows of activations, where there
/// are so many instructions to a line that the processor does not look far enough ahead by itself.
INLINE void fetch_ahead(const uint8_t *p, size_t bytes) {
#pragma unroll
  for (size_t line = 0; line < bytes; line += 64)
    _mm_prefetch((const char *)p + 16384 + line, _MM_HINT_T1);
}

/// The dot products of one row of weights with MR <= 4 rows of x, `ldx` apart, as one sequential
/// stream; four sums each, to hide the latency of the multiply-add. What a row of x gets does not
/// depend on MR.
INLINE void dots_typed(const int MR, float *y, size_t ldy, const float *x, size_t ldx,
                       const uint8_t *row, rk_dtype type, size_t k) {
  const size_t size = element_bytes(type);
  __m512 sum[4][4];
#pragma unroll
  for (int m = 0; m < MR; m++)
#pragma unroll
    for (int j = 0; j < 4; j++) sum[m][j] = _mm512_setzero_ps();
  size_t i = 0;
  for (; i + 64 <= k; i += 64) {
    if (MR > 1) fetch_ahead(row + i * size, 64 * size);
#pragma unroll
    for (int j = 0; j < 4; j++) {
      __m512 w = load16(row + (i + 16 * j) * size, type);
#pragma unroll
      for (int m = 0; m < MR; m++)
        sum[m][j] = _mm512_fmadd_ps(w, _mm512_loadu_ps(x + m * ldx + i + 16 * j), sum[m][j]);
    }
  }
  for (; i + 16 <= k; i += 16) {
    __m512 w = load16(row + i * size, type);
#pragma unroll
    for (int m = 0; m < MR; m++)
      sum[m][0] = _mm512_fmadd_ps(w, _mm512_loadu_ps(x + m * ldx + i), sum[m][0]);
  }
  if (i < k) {
    __m512 w = load_tail(row + i * size, type, k - i);
#pragma unroll
    for (int m = 0; m < MR; m++)
      sum[m][1] = _mm512_fmadd_ps(
          w, load_tail((const uint8_t *)(x + m * ldx + i), RK_F32, k - i), sum[m][1]);
  }
#pragma unroll
  for (int m = 0; m < MR; m++)
    y[m * ldy] = _mm512_reduce_add_ps(
        _mm512_add_ps(_mm512_add_ps(sum[m][0], sum[m][1]), _mm512_add_ps(sum[m][2], sum[m][3])));
}

INLINE float dot_typed(const float *x, const uint8_t *row, rk_dtype type, size_t k) {
  float y;
  dots_typed(1, &y, 0, x, 0, row, type, k);
  return y;
}

#include "avx512_q8_rows.inc"

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

INLINE void gemv_rows_typed(float *y, size_t ldy, const uint8_t *row, rk_dtype type,
                            size_t row_bytes, const float *x, size_t ldx, size_t m, size_t rows,
                            size_t k) {
  for (size_t r = 0; r < rows; r++, row += row_bytes) {
    size_t i = 0;
    for (; i + 4 <= m; i += 4)
      dots_typed(4, y + i * ldy + r, ldy, x + i * ldx, ldx, row, type, k);
    for (; i + 2 <= m; i += 2)
      dots_typed(2, y + i * ldy + r, ldy, x + i * ldx, ldx, row, type, k);
    if (i < m) y[i * ldy + r] = dot_typed(x + i * ldx, row, type, k);
  }
}

static void gemv_rows(float *y, size_t ldy, const void *w, rk_dtype type, size_t row_bytes,
                      const float *x, size_t ldx, size_t m, size_t rows, size_t k) {
  switch (type) {
  case RK_F32: gemv_rows_typed(y, ldy, w, RK_F32, row_bytes, x, ldx, m, rows, k); break;
  case RK_F16: gemv_rows_typed(y, ldy, w, RK_F16, row_bytes, x, ldx, m, rows, k); break;
  case RK_BF16: gemv_rows_typed(y, ldy, w, RK_BF16, row_bytes, x, ldx, m, rows, k); break;
  case RK_F8_E4M3:
    gemv_rows_typed(y, ldy, w, RK_F8_E4M3, row_bytes, x, ldx, m, rows, k);
    break;
  case RK_Q8_0: q8_gemv_rows(y, ldy, w, row_bytes, x, ldx, m, rows, k); break;
  default:
    for (size_t i = 0; i < m; i++) gemv(y + i * ldy, w, type, row_bytes, x + i * ldx, rows, k);
  }
}

/// Transposes 16 vectors of 16 floats in registers.
INLINE void transpose16(__m512 r[16]) {
  __m512 t[16];
#pragma unroll
  for (int i = 0; i < 8; i++) {
    t[2 * i] = _mm512_unpacklo_ps(r[2 * i], r[2 * i + 1]);
    t[2 * i + 1] = _mm512_unpackhi_ps(r[2 * i], r[2 * i + 1]);
  }
#pragma unroll
  for (int i = 0; i < 4; i++) {
    r[4 * i] = _mm512_castpd_ps(
        _mm512_unpacklo_pd(_mm512_castps_pd(t[4 * i]), _mm512_castps_pd(t[4 * i + 2])));
    r[4 * i + 1] = _mm512_castpd_ps(
        _mm512_unpackhi_pd(_mm512_castps_pd(t[4 * i]), _mm512_castps_pd(t[4 * i + 2])));
    r[4 * i + 2] = _mm512_castpd_ps(
        _mm512_unpacklo_pd(_mm512_castps_pd(t[4 * i + 1]), _mm512_castps_pd(t[4 * i + 3])));
    r[4 * i + 3] = _mm512_castpd_ps(
        _mm512_unpackhi_pd(_mm512_castps_pd(t[4 * i + 1]), _mm512_castps_pd(t[4 * i + 3])));
  }
#pragma unroll
  for (int i = 0; i < 4; i++) {
    t[i] = _mm512_shuffle_f32x4(r[i], r[4 + i], 0x88);
    t[4 + i] = _mm512_shuffle_f32x4(r[i], r[4 + i], 0xdd);
    t[8 + i] = _mm512_shuffle_f32x4(r[8 + i], r[12 + i], 0x88);
    t[12 + i] = _mm512_shuffle_f32x4(r[8 + i], r[12 + i], 0xdd);
  }
#pragma unroll
  for (int i = 0; i < 4; i++) {
    r[i] = _mm512_shuffle_f32x4(t[i], t[8 + i], 0x88);
    r[8 + i] = _mm512_shuffle_f32x4(t[i], t[8 + i], 0xdd);
    r[4 + i] = _mm512_shuffle_f32x4(t[4 + i], t[12 + i], 0x88);
    r[12 + i] = _mm512_shuffle_f32x4(t[4 + i], t[12 + i], 0xdd);
  }
}

INLINE void pack_typed(float *panel, const uint8_t *w, rk_dtype type, size_t row_bytes, size_t rows,
                       size_t k) {
  const size_t size = element_bytes(type);
  for (size_t half = 0; half < RK_PANEL; half += 16) {
    size_t valid = rows > half ? (rows - half < 16 ? rows - half : 16) : 0;
    for (size_t i = 0; i < k; i += 16) {
      size_t n = k - i < 16 ? k - i : 16;
      __m512 r[16];
#pragma unroll
      for (size_t j = 0; j < 16; j++) {
        const uint8_t *p = w + (half + j) * row_bytes + i * size;
        r[j] = j >= valid ? _mm512_setzero_ps() : n == 16 ? load16(p, type) : load_tail(p, type, n);
      }
      transpose16(r);
      float *target = panel + i * RK_PANEL + half;
      if (n == 16) {
#pragma unroll
        for (size_t j = 0; j < 16; j++) _mm512_storeu_ps(target + j * RK_PANEL, r[j]);
      } else {
        for (size_t j = 0; j < n; j++) _mm512_storeu_ps(target + j * RK_PANEL, r[j]);
      }
    }
  }
}

static void pack_panel(float *panel, const void *w, rk_dtype type, size_t row_bytes, size_t rows,
                       size_t k) {
  switch (type) {
  case RK_F32: pack_typed(panel, w, RK_F32, row_bytes, rows, k); break;
  case RK_F16: pack_typed(panel, w, RK_F16, row_bytes, rows, k); break;
  case RK_BF16: pack_typed(panel, w, RK_BF16, row_bytes, rows, k); break;
  case RK_F8_E4M3: pack_typed(panel, w, RK_F8_E4M3, row_bytes, rows, k); break;
  case RK_Q8_0: q8_pack(panel, w, row_bytes, rows, k); break;
  default: pack_blocks(panel, w, type, row_bytes, rows, k); break;
  }
}

/// MR x 32 outputs: 2 MR sums, 2 vectors of B, broadcasts of A from memory.
INLINE void micro_f32(const int MR, float *c, size_t ldc, const float *a, size_t lda,
                      const float *b, size_t ldb, size_t n, size_t k, int accumulate) {
  __m512 sum[12][2];
  __mmask16 low = n >= 16 ? 0xffff : (__mmask16)((1u << n) - 1);
  __mmask16 high = n >= 32 ? 0xffff : n <= 16 ? 0 : (__mmask16)((1u << (n - 16)) - 1);
#pragma unroll
  for (int i = 0; i < MR; i++) {
    sum[i][0] = accumulate ? _mm512_maskz_loadu_ps(low, c + i * ldc) : _mm512_setzero_ps();
    sum[i][1] = accumulate ? _mm512_maskz_loadu_ps(high, c + i * ldc + 16) : _mm512_setzero_ps();
  }
  for (size_t l = 0; l < k; l++) {
    __m512 b0 = _mm512_loadu_ps(b + l * ldb), b1 = _mm512_loadu_ps(b + l * ldb + 16);
#pragma unroll
    for (int i = 0; i < MR; i++) {
      __m512 x = _mm512_set1_ps(a[i * lda + l]);
      sum[i][0] = _mm512_fmadd_ps(x, b0, sum[i][0]);
      sum[i][1] = _mm512_fmadd_ps(x, b1, sum[i][1]);
    }
  }
#pragma unroll
  for (int i = 0; i < MR; i++) {
    _mm512_mask_storeu_ps(c + i * ldc, low, sum[i][0]);
    _mm512_mask_storeu_ps(c + i * ldc + 16, high, sum[i][1]);
  }
}

static void gemm_panel(float *c, size_t ldc, const float *a, size_t lda, const float *b, size_t ldb,
                       size_t m, size_t n, size_t k, int accumulate) {
  size_t i = 0;
  for (; i + 12 <= m; i += 12)
    micro_f32(12, c + i * ldc, ldc, a + i * lda, lda, b, ldb, n, k, accumulate);
  for (; i + 4 <= m; i += 4)
    micro_f32(4, c + i * ldc, ldc, a + i * lda, lda, b, ldb, n, k, accumulate);
  for (; i < m; i++)
    micro_f32(1, c + i * ldc, ldc, a + i * lda, lda, b, ldb, n, k, accumulate);
}

#ifdef RK_WITH_BF16
static void bf16_round(uint16_t *out, const float *x, size_t n) {
  size_t i = 0;
  for (; i + 16 <= n; i += 16)
    _mm256_storeu_si256((__m256i *)(out + i), (__m256i)_mm512_cvtneps_pbh(_mm512_loadu_ps(x + i)));
  for (; i < n; i++) out[i] = rk_bf16_from_f32(x[i]);
}

/// micro_f32 with pairs of bf16.
INLINE void micro_bf16(const int MR, float *c, size_t ldc, const uint16_t *a, size_t lda,
                       const float *b, size_t ldb, size_t n, size_t k, int accumulate) {
  __m512 sum[12][2];
  __mmask16 low = n >= 16 ? 0xffff : (__mmask16)((1u << n) - 1);
  __mmask16 high = n >= 32 ? 0xffff : n <= 16 ? 0 : (__mmask16)((1u << (n - 16)) - 1);
#pragma unroll
  for (int i = 0; i < MR; i++) {
    sum[i][0] = accumulate ? _mm512_maskz_loadu_ps(low, c + i * ldc) : _mm512_setzero_ps();
    sum[i][1] = accumulate ? _mm512_maskz_loadu_ps(high, c + i * ldc + 16) : _mm512_setzero_ps();
  }
  for (size_t l = 0; l < k; l++) {
    __m512bh b0 = (__m512bh)_mm512_loadu_ps(b + l * ldb);
    __m512bh b1 = (__m512bh)_mm512_loadu_ps(b + l * ldb + 16);
#pragma unroll
    for (int i = 0; i < MR; i++) {
      __m512bh x = (__m512bh)broadcast4((const int8_t *)(a + 2 * (i * lda + l)));
      sum[i][0] = _mm512_dpbf16_ps(sum[i][0], x, b0);
      sum[i][1] = _mm512_dpbf16_ps(sum[i][1], x, b1);
    }
  }
#pragma unroll
  for (int i = 0; i < MR; i++) {
    _mm512_mask_storeu_ps(c + i * ldc, low, sum[i][0]);
    _mm512_mask_storeu_ps(c + i * ldc + 16, high, sum[i][1]);
  }
}

static void bf16_panel(float *c, size_t ldc, const uint16_t *a, size_t lda, const float *b,
                       size_t ldb, size_t m, size_t n, size_t k, int accumulate) {
  size_t i = 0;
  for (; i + 12 <= m; i += 12)
    micro_bf16(12, c + i * ldc, ldc, a + 2 * i * lda, lda, b, ldb, n, k, accumulate);
  for (; i + 4 <= m; i += 4)
    micro_bf16(4, c + i * ldc, ldc, a + 2 * i * lda, lda, b, ldb, n, k, accumulate);
  for (; i < m; i++)
    micro_bf16(1, c + i * ldc, ldc, a + 2 * i * lda, lda, b, ldb, n, k, accumulate);
}

INLINE __m512bh load32(const void *p, size_t n) {
  return (__m512bh)(n >= 32 ? _mm512_loadu_si512(p)
                            : _mm512_maskz_loadu_epi16((__mmask32)((1u << n) - 1), p));
}

/// The products of up to 32 weights.
INLINE void split_step(const int MR, __m512 sum[4][4], const int j, const uint16_t *x,
                       const uint8_t *row, size_t n, size_t k) {
  __m512bh w = load32(row, n);
#pragma unroll
  for (int m = 0; m < MR; m++) {
    const uint16_t *high = x + m * 2 * k;
    sum[m][2 * j] = _mm512_dpbf16_ps(sum[m][2 * j], w, load32(high, n));
    sum[m][2 * j + 1] = _mm512_dpbf16_ps(sum[m][2 * j + 1], w, load32(high + k, n));
  }
}

/// The dot products of one row of weights with MR <= 4 rows of split activations. What a row of x
/// gets does not depend on MR.
INLINE void split_dots(const int MR, float *y, size_t ldy, const uint16_t *x, const uint8_t *row,
                       size_t k) {
  __m512 sum[4][4];
#pragma unroll
  for (int m = 0; m < MR; m++)
#pragma unroll
    for (int j = 0; j < 4; j++) sum[m][j] = _mm512_setzero_ps();
  size_t i = 0;
  for (; i + 64 <= k; i += 64) {
    split_step(MR, sum, 0, x + i, row + 2 * i, 32, k);
    split_step(MR, sum, 1, x + i + 32, row + 2 * i + 64, 32, k);
  }
  for (; i < k; i += 32) split_step(MR, sum, 0, x + i, row + 2 * i, k - i, k);
#pragma unroll
  for (int m = 0; m < MR; m++)
    y[m * ldy] = _mm512_reduce_add_ps(
        _mm512_add_ps(_mm512_add_ps(sum[m][0], sum[m][2]), _mm512_add_ps(sum[m][1], sum[m][3])));
}

static void bf16_gemv_rows(float *y, size_t ldy, const void *w, size_t row_bytes, const uint16_t *x,
                           size_t m, size_t rows, size_t k) {
  const uint8_t *row = w;
  for (size_t r = 0; r < rows; r++, row += row_bytes) {
    size_t i = 0;
    for (; i + 4 <= m; i += 4) split_dots(4, y + i * ldy + r, ldy, x + i * 2 * k, row, k);
    for (; i + 2 <= m; i += 2) split_dots(2, y + i * ldy + r, ldy, x + i * 2 * k, row, k);
    if (i < m) split_dots(1, y + i * ldy + r, ldy, x + i * 2 * k, row, k);
  }
}
#endif

#include "avx512_tiles.inc"

static void attention_scores(float *scores, const float *q, const void *keys, rk_dtype type,
                             size_t row_bytes, size_t n, size_t d, float factor) {
  gemv(scores, keys, type, row_bytes, q, n, d);
  scale(scores, n, factor);
}

/// 4 x 16 outputs of each of MR <= 4 rows in registers while the values stream by once. What a row
/// gets does not depend on MR.
INLINE void mix_typed(const int MR, float *out, size_t ldo, const float *p, size_t ldp,
                      const uint8_t *values, rk_dtype type, size_t row_bytes, size_t n, size_t d) {
  const size_t size = element_bytes(type);
  size_t i = 0;
  for (; i + 64 <= d; i += 64) {
    __m512 sum[4][4];
#pragma unroll
    for (int m = 0; m < MR; m++)
#pragma unroll
      for (int j = 0; j < 4; j++) sum[m][j] = _mm512_setzero_ps();
    for (size_t t = 0; t < n; t++) {
      const uint8_t *row = values + t * row_bytes + i * size;
      __m512 v[4];
#pragma unroll
      for (int j = 0; j < 4; j++) v[j] = load16(row + 16 * j * size, type);
#pragma unroll
      for (int m = 0; m < MR; m++) {
        __m512 weight = _mm512_set1_ps(p[m * ldp + t]);
#pragma unroll
        for (int j = 0; j < 4; j++) sum[m][j] = _mm512_fmadd_ps(v[j], weight, sum[m][j]);
      }
    }
#pragma unroll
    for (int m = 0; m < MR; m++)
#pragma unroll
      for (int j = 0; j < 4; j++) _mm512_storeu_ps(out + m * ldo + i + 16 * j, sum[m][j]);
  }
  for (; i < d; i += 16) {
    size_t width = d - i < 16 ? d - i : 16;
    for (int m = 0; m < MR; m++) {
      __m512 sum = _mm512_setzero_ps();
      for (size_t t = 0; t < n; t++)
        sum = _mm512_fmadd_ps(load_tail(values + t * row_bytes + i * size, type, width),
                              _mm512_set1_ps(p[m * ldp + t]), sum);
      _mm512_mask_storeu_ps(out + m * ldo + i, (__mmask16)((1u << width) - 1), sum);
    }
  }
}

INLINE void mix_rows_typed(float *out, size_t ldo, const float *p, size_t ldp,
                           const uint8_t *values, rk_dtype type, size_t row_bytes, size_t m,
                           size_t n, size_t d) {
  size_t i = 0;
  for (; i + 4 <= m; i += 4)
    mix_typed(4, out + i * ldo, ldo, p + i * ldp, ldp, values, type, row_bytes, n, d);
  for (; i + 2 <= m; i += 2)
    mix_typed(2, out + i * ldo, ldo, p + i * ldp, ldp, values, type, row_bytes, n, d);
  if (i < m) mix_typed(1, out + i * ldo, ldo, p + i * ldp, ldp, values, type, row_bytes, n, d);
}

static void attention_mix_rows(float *out, size_t ldo, const float *p, size_t ldp,
                               const void *values, rk_dtype type, size_t row_bytes, size_t m,
                               size_t n, size_t d) {
  switch (type) {
  case RK_F16: mix_rows_typed(out, ldo, p, ldp, values, RK_F16, row_bytes, m, n, d); break;
  case RK_BF16: mix_rows_typed(out, ldo, p, ldp, values, RK_BF16, row_bytes, m, n, d); break;
  case RK_F8_E4M3:
    mix_rows_typed(out, ldo, p, ldp, values, RK_F8_E4M3, row_bytes, m, n, d);
    break;
  case RK_Q8_0: q8_mix_rows(out, ldo, p, ldp, values, row_bytes, m, n, d); break;
  default: mix_rows_typed(out, ldo, p, ldp, values, RK_F32, row_bytes, m, n, d); break;
  }
}

static void attention_mix(float *out, const float *p, const void *values, rk_dtype type,
                          size_t row_bytes, size_t n, size_t d) {
  attention_mix_rows(out, 0, p, 0, values, type, row_bytes, 1, n, d);
}

/// The types of caches sixteen at a time; the rest as the generic code does.
static void to_f32_wide(float *out, const void *x, rk_dtype type, size_t n) {
  if (type == RK_Q8_0) return q8_to_f32(out, x, n);
  const uint8_t *p = x;
  size_t i = 0;
  if (type == RK_F16)
    for (; i + 16 <= n; i += 16) _mm512_storeu_ps(out + i, load16(p + 2 * i, RK_F16));
  else if (type == RK_BF16)
    for (; i + 16 <= n; i += 16) _mm512_storeu_ps(out + i, load16(p + 2 * i, RK_BF16));
  if (i < n) to_f32(out + i, i == 0 ? p : p + 2 * i, type, n - i);
}

static void from_f32_wide(void *out, const float *x, rk_dtype type, size_t n) {
  if (type == RK_Q8_0) return q8_from_f32(out, x, n);
  uint8_t *p = out;
  size_t i = 0;
  if (type == RK_F16) {
    for (; i + 16 <= n; i += 16)
      _mm256_storeu_si256((__m256i *)(p + 2 * i),
                          _mm512_cvtps_ph(_mm512_loadu_ps(x + i), _MM_FROUND_TO_NEAREST_INT));
    p += 2 * i;
  }
  if (i < n) from_f32(p, x + i, type, n - i);
}

#define RK_TO_F32 to_f32_wide
#define RK_FROM_F32 from_f32_wide

#define RK_VECTOR 16
#define RK_MICRO_ROWS 14
#define RK_MICRO_VECTORS 2
#ifdef RK_WITH_BF16
#define RK_HAS_PAIR_FMA
INLINE __m512 rk_pair_fma(__m512 sum, float x, __m512 b) {
  return _mm512_dpbf16_ps(sum, (__m512bh)_mm512_set1_ps(x), (__m512bh)b);
}
#define RK_ROUND_VECTOR(target, value)                                                             \
  _mm256_storeu_si256((__m256i *)(target), (__m256i)_mm512_cvtneps_pbh(value))
#endif
#include "../reference/training.inc"

#pragma clang attribute pop

#ifdef RK_WITH_BF16
#define RK_TABLE_NAME "avx512bf16"
const rk_kernels rk_kernels_avx512bf16 = {
#else
#define RK_TABLE_NAME "avx512"
const rk_kernels rk_kernels_avx512 = {
#endif
#include "../reference/table.inc"
};
#endif
