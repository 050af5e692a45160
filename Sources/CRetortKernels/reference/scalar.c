// SPDX-License-Identifier: Apache-2.0
//
// The scalar table: obviously correct, the oracle of the conformance tests, and what runs on a
// processor that no other table fits.

#include "CRetortKernels.h"
#include "generic.inc"

static float element(const void *row, rk_dtype type, size_t i) {
  if (type == RK_Q8_0) {
    const uint8_t *block = (const uint8_t *)row + i / RK_BLOCK * 34;
    float d;
    to_f32(&d, block, RK_F16, 1);
    return d * (int8_t)block[2 + i % RK_BLOCK];
  }
  float x;
  to_f32(&x, (const uint8_t *)row + i * rk_block_bytes(type), type, 1);
  return x;
}

static float dot(const float *x, const void *row, rk_dtype type, size_t n) {
  if (rk_block_elements(type) > 1) return dot_blocks(x, row, type, n);
  float sum = 0;
  for (size_t i = 0; i < n; i++) sum += x[i] * element(row, type, i);
  return sum;
}

static void gemv(float *y, const void *w, rk_dtype type, size_t row_bytes, const float *x,
                 size_t rows, size_t k) {
  for (size_t r = 0; r < rows; r++) y[r] = dot(x, (const uint8_t *)w + r * row_bytes, type, k);
}

static void gemv_rows(float *y, size_t ldy, const void *w, rk_dtype type, size_t row_bytes,
                      const float *x, size_t ldx, size_t m, size_t rows, size_t k) {
  for (size_t i = 0; i < m; i++) gemv(y + i * ldy, w, type, row_bytes, x + i * ldx, rows, k);
}

static void pack_panel(float *panel, const void *w, rk_dtype type, size_t row_bytes, size_t rows,
                       size_t k) {
  if (rk_block_elements(type) > 1) return pack_blocks(panel, w, type, row_bytes, rows, k);
  for (size_t r = 0; r < RK_PANEL; r++)
    for (size_t i = 0; i < k; i++)
      panel[i * RK_PANEL + r] =
          r < rows ? element((const uint8_t *)w + r * row_bytes, type, i) : 0.0f;
}

static void gemm_panel(float *c, size_t ldc, const float *a, size_t lda, const float *b, size_t ldb,
                       size_t m, size_t n, size_t k, int accumulate) {
  for (size_t i = 0; i < m; i++)
    for (size_t j = 0; j < n; j++) {
      float sum = accumulate ? c[i * ldc + j] : 0.0f;
      for (size_t l = 0; l < k; l++) sum += a[i * lda + l] * b[l * ldb + j];
      c[i * ldc + j] = sum;
    }
}

static void sixteen_halves(float *out, const uint8_t *p) {
  for (int i = 0; i < 16; i++) {
    uint16_t h;
    memcpy(&h, p + 2 * i, 2);
    out[i] = rk_f32_from_f16(h);
  }
}

#include "panels.inc"

/// Adds a slice's products with one row of activations to the sums of the 16 weight rows.
static void slice_row(float *sums, const tile_slice *s, value_kind kind, rk_q8_rows a,
                      size_t depth) {
  const size_t width = kind == HALVED ? 16 : 32;
  for (size_t i = 0; i < depth; i += width) {
    int32_t products[16] = {0};
    for (size_t e = i; e < i + width; e++)
      for (int r = 0; r < 16; r++)
        products[r] += ((int32_t)s->values[e / 4 * 64 + r * 4 + e % 4] - (kind == SHIFTED ? 0 : 128)) *
                       a.values[e];
    float scale = a.scales[i / RK_BLOCK];
    for (int r = 0; r < 16; r++) {
      sums[r] += s->scales[i / width * 16 + r] * scale * (float)products[r];
      if (kind == SHIFTED) sums[r] -= s->minima[i / 32 * 16 + r] * a.sums[i / 32];
    }
  }
}

static void tile_gemm(float *c, size_t ldc, const uint8_t *tiles, rk_dtype type, size_t rows,
                      rk_q8_rows a, size_t m, size_t k) {
  for (size_t row = 0; row < rows; row += RK_TILE, tiles += rk_tile_bytes(type, k)) {
    size_t valid = rows - row < RK_TILE ? rows - row : RK_TILE;
    for (size_t first = 0; first < k; first += RK_SLICE) {
      size_t depth = k - first < RK_SLICE ? k - first : RK_SLICE;
      tile_slice slice;
      slice_tile(&slice, tiles, type, k, first, depth);
      for (size_t i = 0; i < m; i++) {
        float sums[16] = {0}, *out = c + i * ldc + row;
        if (first > 0) memcpy(sums, out, valid * sizeof(float));
        slice_row(sums, &slice, kind_of(type), activations_at(a, i, first, k), depth);
        memcpy(out, sums, valid * sizeof(float));
      }
    }
  }
}

/// There is one way for any number of rows.
#define RK_TILE_GEMM_MANY tile_gemm

static void attention_scores(float *scores, const float *q, const void *keys, rk_dtype type,
                             size_t row_bytes, size_t n, size_t d, float factor) {
  for (size_t t = 0; t < n; t++)
    scores[t] = factor * dot(q, (const uint8_t *)keys + t * row_bytes, type, d);
}

static void attention_mix(float *out, const float *p, const void *values, rk_dtype type,
                          size_t row_bytes, size_t n, size_t d) {
  for (size_t i = 0; i < d; i++) {
    float sum = 0;
    for (size_t t = 0; t < n; t++)
      sum += p[t] * element((const uint8_t *)values + t * row_bytes, type, i);
    out[i] = sum;
  }
}

static void attention_mix_rows(float *out, size_t ldo, const float *p, size_t ldp,
                               const void *values, rk_dtype type, size_t row_bytes, size_t m,
                               size_t n, size_t d) {
  for (size_t i = 0; i < m; i++)
    attention_mix(out + i * ldo, p + i * ldp, values, type, row_bytes, n, d);
}

#include "training.inc"

#define RK_TABLE_NAME "scalar"
#define RK_TO_F32 to_f32
#define RK_FROM_F32 from_f32
const rk_kernels rk_kernels_scalar = {
#include "table.inc"
};
