// SPDX-License-Identifier: Apache-2.0
//
// NEON as every aarch64 has it. 32 registers of 4 floats decide the tile sizes. The other files of
// this folder compile this one again with instructions that came later: RK_WITH_DOTPROD,
// RK_WITH_I8MM and RK_WITH_BF16, each with those before it.

#if defined(__aarch64__)
#include "CRetortKernels.h"
#include <arm_neon.h>

// A baseline table needs no attribute: NEON is part of the architecture.
#if defined(RK_WITH_BF16)
#pragma clang attribute push(__attribute__((target("dotprod,i8mm,bf16"))), apply_to = function)
#elif defined(RK_WITH_I8MM)
#pragma clang attribute push(__attribute__((target("dotprod,i8mm"))), apply_to = function)
#elif defined(RK_WITH_DOTPROD)
#pragma clang attribute push(__attribute__((target("dotprod"))), apply_to = function)
#endif

#include "../reference/generic.inc"

#define INLINE static inline __attribute__((always_inline))

INLINE float32x4_t halves_to_f32(const uint8_t *p) {
  return vcvt_f32_f16(vreinterpret_f16_u8(vld1_u8(p)));
}

/// Four elements of a row as f32. `type` is a constant at every call.
INLINE float32x4_t load4(const uint8_t *p, rk_dtype type) {
  switch (type) {
  case RK_F16: return halves_to_f32(p);
  case RK_BF16: return vreinterpretq_f32_u32(vshll_n_u16(vreinterpret_u16_u8(vld1_u8(p)), 16));
  default: return vreinterpretq_f32_u8(vld1q_u8(p));
  }
}

/// Sixteen elements of a row as f32.
INLINE void load16(float32x4_t w[4], const uint8_t *p, rk_dtype type) {
  if (type == RK_F8_E4M3) {
    // The sign in bit 15, exponent and mantissa from bit 13 down: an f16 that is 2^8 too small.
    const int16x8_t kept = vdupq_n_s16((int16_t)0xbf80);
    int8x16_t bytes = vreinterpretq_s8_u8(vld1q_u8(p));
    int16x8_t low = vandq_s16(vshlq_n_s16(vmovl_s8(vget_low_s8(bytes)), 7), kept);
    int16x8_t high = vandq_s16(vshlq_n_s16(vmovl_high_s8(bytes), 7), kept);
    w[0] = vmulq_n_f32(vcvt_f32_f16(vreinterpret_f16_s16(vget_low_s16(low))), 256.0f);
    w[1] = vmulq_n_f32(vcvt_high_f32_f16(vreinterpretq_f16_s16(low)), 256.0f);
    w[2] = vmulq_n_f32(vcvt_f32_f16(vreinterpret_f16_s16(vget_low_s16(high))), 256.0f);
    w[3] = vmulq_n_f32(vcvt_high_f32_f16(vreinterpretq_f16_s16(high)), 256.0f);
    return;
  }
  const size_t size = type == RK_F32 ? 4 : 2;
#pragma unroll
  for (int j = 0; j < 4; j++) w[j] = load4(p + 4 * j * size, type);
}

INLINE size_t element_bytes(rk_dtype type) {
  return type == RK_F32 ? 4 : type == RK_F8_E4M3 ? 1 : 2;
}

INLINE float scalar_element(const uint8_t *p, rk_dtype type) {
  float x;
  to_f32(&x, p, type, 1);
  return x;
}

INLINE float horizontal_sum(const float32x4_t s[4]) {
  return vaddvq_f32(vaddq_f32(vaddq_f32(s[0], s[1]), vaddq_f32(s[2], s[3])));
}

/// The dot products of WR <= 2 rows of weights with MR <= 2 rows of x. A product has four sums, so
/// that two rows of weights keep as many multiply-adds in flight as hide their latency. What a pair
/// of rows gets does not depend on WR and MR.
INLINE void dots_typed(const int WR, const int MR, float *y, size_t ldy, const float *x, size_t ldx,
                       const uint8_t *row, rk_dtype type, size_t row_bytes, size_t k) {
  const size_t size = element_bytes(type);
  float32x4_t sum[2][2][4];
#pragma unroll
  for (int r = 0; r < WR; r++)
#pragma unroll
    for (int m = 0; m < MR; m++)
#pragma unroll
      for (int j = 0; j < 4; j++) sum[r][m][j] = vdupq_n_f32(0);
  size_t i = 0;
  for (; i + 16 <= k; i += 16) {
    float32x4_t w[2][4];
#pragma unroll
    for (int r = 0; r < WR; r++) load16(w[r], row + r * row_bytes + i * size, type);
#pragma unroll
    for (int j = 0; j < 4; j++)
#pragma unroll
      for (int m = 0; m < MR; m++) {
        float32x4_t v = vld1q_f32(x + m * ldx + i + 4 * j);
#pragma unroll
        for (int r = 0; r < WR; r++) sum[r][m][j] = vfmaq_f32(sum[r][m][j], w[r][j], v);
      }
  }
#pragma unroll
  for (int r = 0; r < WR; r++)
#pragma unroll
    for (int m = 0; m < MR; m++) {
      float total = horizontal_sum(sum[r][m]);
      for (size_t l = i; l < k; l++)
        total = fmaf(x[m * ldx + l], scalar_element(row + r * row_bytes + l * size, type), total);
      y[m * ldy + r] = total;
    }
}

INLINE void gemv_rows_typed(float *y, size_t ldy, const uint8_t *row, rk_dtype type,
                            size_t row_bytes, const float *x, size_t ldx, size_t m, size_t rows,
                            size_t k) {
  size_t r = 0;
  for (; r + 2 <= rows; r += 2, row += 2 * row_bytes) {
    size_t i = 0;
    for (; i + 2 <= m; i += 2)
      dots_typed(2, 2, y + i * ldy + r, ldy, x + i * ldx, ldx, row, type, row_bytes, k);
    if (i < m) dots_typed(2, 1, y + i * ldy + r, ldy, x + i * ldx, ldx, row, type, row_bytes, k);
  }
  if (r == rows) return;
  for (size_t i = 0; i < m; i++)
    dots_typed(1, 1, y + i * ldy + r, ldy, x + i * ldx, ldx, row, type, row_bytes, k);
}

#include "neon_q8_rows.inc"

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
    for (size_t r = 0; r < rows; r++)
      for (size_t i = 0; i < m; i++)
        y[i * ldy + r] = dot_blocks(x + i * ldx, (const uint8_t *)w + r * row_bytes, type, k);
  }
}

static void gemv(float *y, const void *w, rk_dtype type, size_t row_bytes, const float *x,
                 size_t rows, size_t k) {
  gemv_rows(y, 0, w, type, row_bytes, x, 0, 1, rows, k);
}

/// The types of caches many at a time; the rest as the generic code does.
static void to_f32_wide(float *out, const void *x, rk_dtype type, size_t n) {
  if (type == RK_Q8_0) return q8_to_f32(out, x, n);
  const uint8_t *p = x;
  size_t i = 0;
  if (type == RK_F16)
    for (; i + 4 <= n; i += 4) vst1q_f32(out + i, load4(p + 2 * i, RK_F16));
  else if (type == RK_BF16)
    for (; i + 4 <= n; i += 4) vst1q_f32(out + i, load4(p + 2 * i, RK_BF16));
  if (i < n) to_f32(out + i, i == 0 ? p : p + 2 * i, type, n - i);
}

static void from_f32_wide(void *out, const float *x, rk_dtype type, size_t n) {
  if (type == RK_Q8_0) return q8_from_f32(out, x, n);
  uint8_t *p = out;
  size_t i = 0;
  if (type == RK_F16) {
    for (; i + 4 <= n; i += 4)
      vst1_u8(p + 2 * i, vreinterpret_u8_f16(vcvt_f16_f32(vld1q_f32(x + i))));
    p += 2 * i;
  }
  if (i < n) from_f32(p, x + i, type, n - i);
}

/// Transposes 4 vectors of 4 floats in registers.
INLINE void transpose4(float32x4_t r[4]) {
  float32x4_t low01 = vzip1q_f32(r[0], r[1]), high01 = vzip2q_f32(r[0], r[1]);
  float32x4_t low23 = vzip1q_f32(r[2], r[3]), high23 = vzip2q_f32(r[2], r[3]);
#define PAIRS(zip, a, b)                                                                           \
  vreinterpretq_f32_f64(zip(vreinterpretq_f64_f32(a), vreinterpretq_f64_f32(b)))
  r[0] = PAIRS(vzip1q_f64, low01, low23);
  r[1] = PAIRS(vzip2q_f64, low01, low23);
  r[2] = PAIRS(vzip1q_f64, high01, high23);
  r[3] = PAIRS(vzip2q_f64, high01, high23);
#undef PAIRS
}

/// Four rows at a time, a stretch of their columns at a time: first to f32, then across.
static void pack_panel(float *panel, const void *w, rk_dtype type, size_t row_bytes, size_t rows,
                       size_t k) {
  if (rk_block_elements(type) > 1 && type != RK_Q8_0)
    return pack_blocks(panel, w, type, row_bytes, rows, k);
  float lines[4][RK_SUPER];
  const size_t size = rk_block_elements(type), bytes = rk_block_bytes(type);
  for (size_t first = 0; first < RK_PANEL; first += 4) {
    for (size_t i = 0; i < k; i += RK_SUPER) {
      const size_t n = k - i < RK_SUPER ? k - i : RK_SUPER;
      for (size_t r = 0; r < 4; r++) {
        if (first + r < rows)
          to_f32_wide(lines[r],
                      (const uint8_t *)w + (first + r) * row_bytes + i / size * bytes, type, n);
        else
          memset(lines[r], 0, n * sizeof(float));
      }
      float *target = panel + i * RK_PANEL + first;
      size_t j = 0;
      for (; j + 4 <= n; j += 4) {
        float32x4_t four[4];
#pragma unroll
        for (int r = 0; r < 4; r++) four[r] = vld1q_f32(lines[r] + j);
        transpose4(four);
#pragma unroll
        for (int r = 0; r < 4; r++) vst1q_f32(target + (j + r) * RK_PANEL, four[r]);
      }
      for (; j < n; j++)
        for (size_t r = 0; r < 4; r++) target[j * RK_PANEL + r] = lines[r][j];
    }
  }
}

/// sum[i][] += a[i] * b[] for one row of B; `lane` is one of a vector's four elements of A.
#define MULTIPLY_LANE(lane)                                                                        \
  {                                                                                                \
    float32x4_t v[4];                                                                              \
    _Pragma("unroll") for (int j = 0; j < 4; j++) v[j] = vld1q_f32(b + (l + lane) * ldb + 4 * j);  \
    _Pragma("unroll") for (int i = 0; i < MR; i++)                                                 \
      _Pragma("unroll") for (int j = 0; j < 4; j++)                                                \
        sum[i][j] = vfmaq_laneq_f32(sum[i][j], v[j], x[i], lane);                                  \
  }

/// MR x 16 outputs, MR <= 4. For each 4 elements of k, 12 loads (the 4 x 4 of B in pairs) serve 64
/// multiply-adds.
INLINE void micro_f32(const int MR, float *c, size_t ldc, const float *a, size_t lda,
                      const float *b, size_t ldb, size_t k, int accumulate) {
  float32x4_t sum[4][4];
#pragma unroll
  for (int i = 0; i < MR; i++)
#pragma unroll
    for (int j = 0; j < 4; j++)
      sum[i][j] = accumulate ? vld1q_f32(c + i * ldc + 4 * j) : vdupq_n_f32(0);
  size_t l = 0;
  for (; l + 4 <= k; l += 4) {
    float32x4_t x[4];
#pragma unroll
    for (int i = 0; i < MR; i++) x[i] = vld1q_f32(a + i * lda + l);
    MULTIPLY_LANE(0) MULTIPLY_LANE(1) MULTIPLY_LANE(2) MULTIPLY_LANE(3)
  }
  for (; l < k; l++) {
    float32x4_t x[4];
#pragma unroll
    for (int i = 0; i < MR; i++) x[i] = vdupq_n_f32(a[i * lda + l]);
    MULTIPLY_LANE(0)
  }
#pragma unroll
  for (int i = 0; i < MR; i++)
#pragma unroll
    for (int j = 0; j < 4; j++) vst1q_f32(c + i * ldc + 4 * j, sum[i][j]);
}
#undef MULTIPLY_LANE

/// A ragged edge of C, less than 16 columns, goes through a full-width copy.
INLINE void edge_load(float *edge, const float *c, size_t ldc, const int MR, size_t width) {
  for (int i = 0; i < MR; i++) memcpy(edge + 16 * i, c + i * ldc, width * sizeof(float));
}
INLINE void edge_store(const float *edge, float *c, size_t ldc, const int MR, size_t width) {
  for (int i = 0; i < MR; i++) memcpy(c + i * ldc, edge + 16 * i, width * sizeof(float));
}

INLINE void panel_rows(const int MR, float *c, size_t ldc, const float *a, size_t lda,
                       const float *b, size_t ldb, size_t n, size_t k, int accumulate) {
  if (n >= 16) return micro_f32(MR, c, ldc, a, lda, b, ldb, k, accumulate);
  float edge[4 * 16] = {0};
  if (accumulate) edge_load(edge, c, ldc, MR, n);
  micro_f32(MR, edge, 16, a, lda, b, ldb, k, accumulate);
  edge_store(edge, c, ldc, MR, n);
}

static void gemm_panel(float *c, size_t ldc, const float *a, size_t lda, const float *b, size_t ldb,
                       size_t m, size_t n, size_t k, int accumulate) {
  for (size_t j = 0; j < n; j += 16) {
    size_t i = 0;
    for (; i + 4 <= m; i += 4)
      panel_rows(4, c + i * ldc + j, ldc, a + i * lda, lda, b + j, ldb, n - j, k, accumulate);
    for (; i < m; i++)
      panel_rows(1, c + i * ldc + j, ldc, a + i * lda, lda, b + j, ldb, n - j, k, accumulate);
  }
}

#ifdef RK_WITH_BF16
#include "neon_bf16.inc"
#endif

#include "neon_tiles.inc"

static void attention_scores(float *scores, const float *q, const void *keys, rk_dtype type,
                             size_t row_bytes, size_t n, size_t d, float factor) {
  gemv(scores, keys, type, row_bytes, q, n, d);
  scale(scores, n, factor);
}

/// 16 outputs of each of MR <= 4 rows in registers while the values stream by once. What a row gets
/// does not depend on MR.
INLINE void mix_typed(const int MR, float *out, size_t ldo, const float *p, size_t ldp,
                      const uint8_t *values, rk_dtype type, size_t row_bytes, size_t n, size_t d) {
  const size_t size = element_bytes(type);
  size_t i = 0;
  for (; i + 16 <= d; i += 16) {
    float32x4_t sum[4][4];
#pragma unroll
    for (int m = 0; m < MR; m++)
#pragma unroll
      for (int j = 0; j < 4; j++) sum[m][j] = vdupq_n_f32(0);
    for (size_t t = 0; t < n; t++) {
      float32x4_t v[4];
      load16(v, values + t * row_bytes + i * size, type);
#pragma unroll
      for (int m = 0; m < MR; m++)
#pragma unroll
        for (int j = 0; j < 4; j++) sum[m][j] = vfmaq_n_f32(sum[m][j], v[j], p[m * ldp + t]);
    }
#pragma unroll
    for (int m = 0; m < MR; m++)
#pragma unroll
      for (int j = 0; j < 4; j++) vst1q_f32(out + m * ldo + i + 4 * j, sum[m][j]);
  }
  for (; i < d; i++)
    for (int m = 0; m < MR; m++) {
      float sum = 0;
      for (size_t t = 0; t < n; t++)
        sum = fmaf(p[m * ldp + t], scalar_element(values + t * row_bytes + i * size, type), sum);
      out[m * ldo + i] = sum;
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

#define RK_TO_F32 to_f32_wide
#define RK_FROM_F32 from_f32_wide

#define RK_VECTOR 4
#define RK_MICRO_ROWS 6
#define RK_MICRO_VECTORS 4
#ifdef RK_WITH_BF16
#define RK_HAS_PAIR_FMA
INLINE float32x4_t rk_pair_fma(float32x4_t sum, float x, float32x4_t b) {
  return vbfdotq_f32(sum, vreinterpretq_bf16_f32(vdupq_n_f32(x)), vreinterpretq_bf16_f32(b));
}
#endif
#include "../reference/training.inc"

#if defined(RK_WITH_BF16)
#pragma clang attribute pop
#define RK_TABLE_NAME "neonbf16"
const rk_kernels rk_kernels_neonbf16 = {
#elif defined(RK_WITH_I8MM)
#pragma clang attribute pop
#define RK_TABLE_NAME "neoni8mm"
const rk_kernels rk_kernels_neoni8mm = {
#elif defined(RK_WITH_DOTPROD)
#pragma clang attribute pop
#define RK_TABLE_NAME "neondotprod"
const rk_kernels rk_kernels_neondotprod = {
#else
#define RK_TABLE_NAME "neon"
const rk_kernels rk_kernels_neon = {
#endif
#include "../reference/table.inc"
};
#endif
