// SPDX-License-Identifier: Apache-2.0
//
// The scalar table: obviously correct, the oracle of the conformance tests, and what runs on a
// processor that no other table fits.

#include "CRetortKernels.h"
#include "generic.inc"

static float element(const void *row, rk_dtype type, size_t i) {
  const uint8_t *p = row;
  uint16_t h;
  float f;
  switch (type) {
  case RK_F32: memcpy(&f, p + 4 * i, 4); return f;
  case RK_F16: memcpy(&h, p + 2 * i, 2); return rk_f32_from_f16(h);
  case RK_BF16: memcpy(&h, p + 2 * i, 2); return rk_f32_from_bf16(h);
  case RK_Q8_0:
    p += i / RK_BLOCK * 34;
    memcpy(&h, p, 2);
    return rk_f32_from_f16(h) * (int8_t)p[2 + i % RK_BLOCK];
  }
  return 0;
}

static float dot(const float *x, const void *row, rk_dtype type, size_t n) {
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

size_t rk_q8_tile_bytes(size_t k) {
  size_t blocks = k / RK_BLOCK;
  return blocks / 2 * 1088 + blocks % 2 * 576;
}

/// Where a block's values and scales lie in a tile.
static size_t values_offset(size_t block) { return block / 2 * 1088 + block % 2 * 512; }
static size_t scales_offset(size_t block, size_t blocks) {
  int alone = block % 2 == 0 && block + 1 == blocks;
  return block / 2 * 1088 + (alone ? 512 : 1024 + block % 2 * 32);
}

void rk_q8_pack(uint8_t *tile, const uint8_t *source, size_t row_bytes, size_t rows, size_t k) {
  size_t blocks = k / RK_BLOCK;
  for (size_t block = 0; block < blocks; block++) {
    uint8_t *values = tile + values_offset(block);
    uint8_t *scales = tile + scales_offset(block, blocks);
    for (size_t r = 0; r < RK_TILE; r++) {
      if (r >= rows) {
        memset(scales + 2 * r, 0, 2);
        for (int group = 0; group < 8; group++) memset(values + group * 64 + r * 4, 0x80, 4);
        continue;
      }
      const uint8_t *p = source + r * row_bytes + block * 34;
      memcpy(scales + 2 * r, p, 2);
      for (int group = 0; group < 8; group++) {
        uint32_t four;
        memcpy(&four, p + 2 + group * 4, 4);
        four ^= 0x80808080u;
        memcpy(values + group * 64 + r * 4, &four, 4);
      }
    }
  }
}

static void q8_gemm(float *c, size_t ldc, const uint8_t *tiles, size_t rows, rk_q8_rows a, size_t m,
                    size_t k) {
  size_t blocks = k / RK_BLOCK, tile_bytes = rk_q8_tile_bytes(k);
  for (size_t i = 0; i < m; i++)
    for (size_t row = 0; row < rows; row++) {
      const uint8_t *tile = tiles + row / RK_TILE * tile_bytes;
      size_t r = row % RK_TILE;
      float sum = 0;
      for (size_t block = 0; block < blocks; block++) {
        const uint8_t *values = tile + values_offset(block);
        int32_t products = 0;
        for (int e = 0; e < RK_BLOCK; e++)
          products += ((int32_t)values[e / 4 * 64 + r * 4 + e % 4] - 128) *
                      a.values[i * k + block * RK_BLOCK + e];
        uint16_t h;
        memcpy(&h, tile + scales_offset(block, blocks) + 2 * r, 2);
        sum += rk_f32_from_f16(h) * a.scales[i * blocks + block] * (float)products;
      }
      c[i * ldc + row] = sum;
    }
}

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

#define RK_TABLE_NAME "scalar"
#define RK_TO_F32 to_f32
#define RK_FROM_F32 from_f32
const rk_kernels rk_kernels_scalar = {
#include "table.inc"
};
