// SPDX-License-Identifier: Apache-2.0
//
// Every entry of every table of kernels that this processor can run, against the scalar table: on
// sizes on and off the multiples of blocks and registers, with the largest values (sums in 16 bits
// must not overflow), with rows alone and beside others (the bits must be the same), in memory that
// ends where the operands end. In plain C, so that it runs under an emulator of another processor.
//
//   check_arm [name ...]   the tables that must be there besides `scalar`, and no others

#include "CRetortKernels.h"
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

static const rk_kernels *scalar, *table;
static int failures;
static long comparisons;

static void check(int good, const char *what, rk_dtype type, size_t m, size_t n, size_t k,
                  double error) {
  comparisons++;
  if (good) return;
  if (failures++ < 40)
    printf("FAILED %s %s: type %d, %zu x %zu x %zu, error %g\n", table->name, what, (int)type, m, n,
           k, error);
}

// Memory that ends at a page which cannot be read, so that a read beyond the end is a crash.

typedef struct {
  void *map;
  size_t mapped;
} mapping;
static mapping mappings[64];
static size_t mapping_count;

static void *tight(size_t bytes) {
  const size_t page = (size_t)sysconf(_SC_PAGESIZE), whole = (bytes + page - 1) / page * page;
  char *map = mmap(0, whole + page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (map == MAP_FAILED || mapping_count == 64 || mprotect(map + whole, page, PROT_NONE) != 0) {
    perror("no memory");
    exit(2);
  }
  mappings[mapping_count++] = (mapping){map, whole + page};
  return map + whole - bytes;
}

static void release_from(size_t kept) {
  while (mapping_count > kept) {
    mapping m = mappings[--mapping_count];
    munmap(m.map, m.mapped);
  }
}

static void release(void) { release_from(0); }

static uint64_t seed;
static uint64_t random_bits(void) { // splitmix64
  uint64_t z = seed += 0x9e3779b97f4a7c15u;
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
  z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
  return z ^ (z >> 31);
}
static float random_float(void) { return (float)(random_bits() >> 40) / 8388608.0f - 1.0f; }

static float *floats(size_t n) {
  float *x = tight(n * sizeof(float));
  for (size_t i = 0; i < n; i++) x[i] = random_float();
  return x;
}

/// Fewer than `n` floats are to be written: the rest has to stay.
static const float UNTOUCHED = 12345;
static float *targets(size_t n) {
  float *x = tight(n * sizeof(float));
  for (size_t i = 0; i < n; i++) x[i] = UNTOUCHED;
  return x;
}

/// The norm of the difference by that of b.
static double distance(const float *a, const float *b, size_t n) {
  double difference = 0, norm = 0;
  for (size_t i = 0; i < n; i++) {
    difference += ((double)a[i] - b[i]) * ((double)a[i] - b[i]);
    norm += (double)b[i] * b[i];
  }
  return difference == 0 ? 0 : sqrt(difference / fmax(norm, 1e-300));
}

/// A few sums may all cancel, which leaves them without relative precision: less is asked of those.
static void near(const float *a, const float *b, size_t n, double limit, const char *what,
                 rk_dtype type, size_t m, size_t k) {
  double error = distance(a, b, n);
  check(error < (n < 8 ? 100 * limit : limit), what, type, m, n, k, error);
}

static int same_or_nan(const float *a, const float *b, size_t n) {
  for (size_t i = 0; i < n; i++)
    if (memcmp(a + i, b + i, sizeof *a) != 0 && !(isnan(a[i]) && isnan(b[i]))) return 0;
  return 1;
}

static size_t row_size(rk_dtype type, size_t k) {
  return k / rk_block_elements(type) * rk_block_bytes(type);
}

static void put_half(uint8_t *p, float x) { scalar->from_f32(p, &x, RK_F16, 1); }

/// Rows of a type. Of quantised ones all bits of values and scales count, or with `extreme` each is
/// the largest in magnitude; the f16 scales are small.
static uint8_t *rows_of(rk_dtype type, size_t rows, size_t k, size_t row_bytes, int extreme) {
  uint8_t *bytes = tight((rows - 1) * row_bytes + row_size(type, k));
  for (size_t r = 0; r < rows; r++) {
    uint8_t *p = bytes + r * row_bytes;
    if (rk_block_elements(type) == 1) {
      for (size_t i = 0; i < k; i++) {
        float x = random_float();
        scalar->from_f32(p + i * rk_block_bytes(type), &x, type, 1);
      }
      continue;
    }
    for (size_t i = 0; i < row_size(type, k); i++)
      p[i] = extreme ? (type == RK_Q8_0 ? 0x80 : r % 2 ? 0xff : 0) : (uint8_t)random_bits();
    for (size_t b = 0; b < k / rk_block_elements(type); b++, p += rk_block_bytes(type)) {
      put_half(p + (type == RK_Q6_K ? 208 : 0), 0.01f * random_float());
      if (type == RK_Q4_K || type == RK_Q5_K) put_half(p + 2, 0.01f * random_float());
    }
  }
  return bytes;
}

static const rk_dtype float_types[] = {RK_F32, RK_F16, RK_BF16, RK_F8_E4M3};
static const rk_dtype tile_types[] = {RK_Q8_0, RK_Q4_0, RK_Q4_K, RK_Q5_K, RK_Q6_K};

/// gemv and gemv_rows.
static void dots_of(rk_dtype type, size_t m, size_t n, size_t k) {
  const size_t row_bytes = row_size(type, k) + 34, ldx = k + 3, ldy = n + 1;
  const float *x = floats((m - 1) * ldx + k);
  const uint8_t *w = rows_of(type, n, k, row_bytes, 0);
  float *y = targets(m * ldy), *alone = targets(n), *expected = targets(n);
  table->gemv_rows(y, ldy, w, type, row_bytes, x, ldx, m, n, k);
  for (size_t i = 0; i < m; i++) {
    scalar->gemv(expected, w, type, row_bytes, x + i * ldx, n, k);
    table->gemv(alone, w, type, row_bytes, x + i * ldx, n, k);
    near(alone, expected, n, 1e-5, "gemv", type, m, k);
    check(memcmp(alone, y + i * ldy, n * sizeof *y) == 0, "gemv_rows alone", type, m, n, k, 0);
    check(y[i * ldy + n] == UNTOUCHED, "gemv_rows bounds", type, m, n, k, 0);
  }
  release();
}

static void gemv_and_rows(void) {
  static const size_t ms[] = {1, 2, 3, 4, 5, 7, 16}, ns[] = {1, 2, 5, 32};
  static const size_t depths[] = {1, 7, 16, 33, 64, 200}, blocks[] = {256, 512, 768};
  for (size_t a = 0; a < 7; a++)
    for (size_t b = 0; b < 4; b++) {
      for (size_t t = 0; t < 4; t++)
        for (size_t d = 0; d < 6; d++) dots_of(float_types[t], ms[a], ns[b], depths[d]);
      for (size_t d = 1; d < 6; d++) dots_of(RK_Q8_0, ms[a], ns[b], 32 * d);
      for (size_t t = 1; t < 5; t++)
        for (size_t d = 0; d < 3; d++) dots_of(tile_types[t], ms[a], ns[b], blocks[d]);
    }
}

static void panels_of(size_t m, size_t n, size_t k, rk_dtype type) {
  const size_t row_bytes = row_size(type, k) + 34, ldc = n + 1, lda = k + 2;
  const uint8_t *w = rows_of(type, n, k, row_bytes, 0);
  float *b = targets(k * RK_PANEL), *expected_b = targets(k * RK_PANEL);
  scalar->pack_panel(expected_b, w, type, row_bytes, n, k);
  table->pack_panel(b, w, type, row_bytes, n, k);
  check(memcmp(b, expected_b, k * RK_PANEL * sizeof *b) == 0, "pack_panel", type, m, n, k, 0);
  const float *a = floats((m - 1) * lda + k);
  float *c = targets(m * ldc), *expected = targets(m * ldc), *alone = targets(n);
  for (int accumulate = 0; accumulate < 2; accumulate++) {
    table->gemm_panel(c, ldc, a, lda, b, RK_PANEL, m, n, k, accumulate);
    scalar->gemm_panel(expected, ldc, a, lda, b, RK_PANEL, m, n, k, accumulate);
    for (size_t i = 0; i < m; i++) {
      near(c + i * ldc, expected + i * ldc, n, 1e-5, "gemm_panel", type, m, k);
      check(c[i * ldc + n] == UNTOUCHED, "gemm_panel bounds", type, m, n, k, 0);
      if (accumulate) continue;
      table->gemm_panel(alone, n, a + i * lda, lda, b, RK_PANEL, 1, n, k, 0);
      check(memcmp(alone, c + i * ldc, n * sizeof *c) == 0, "gemm_panel alone", type, m, n, k, 0);
    }
  }
  release();
}

/// k counts pairs.
static void bf16_panels_of(size_t m, size_t n, size_t k) {
  const size_t ldc = n + 1, lda = k + 1;
  uint16_t *a = tight(((m - 1) * lda + k) * 4), *expected_a = tight(((m - 1) * lda + k) * 4);
  const float *x = floats(2 * ((m - 1) * lda + k)), *b;
  table->bf16_round(a, x, 2 * ((m - 1) * lda + k));
  scalar->bf16_round(expected_a, x, 2 * ((m - 1) * lda + k));
  check(memcmp(a, expected_a, 4 * ((m - 1) * lda + k)) == 0, "bf16_round", RK_BF16, m, n, k, 0);
  const uint8_t *w = rows_of(RK_BF16, n, 2 * k, 4 * k, 0);
  float *panel = targets(k * RK_PANEL);
  table->pack_panel(panel, w, RK_F32, 4 * k, n, k);
  b = panel;
  float *c = targets(m * ldc), *expected = targets(m * ldc);
  for (int accumulate = 0; accumulate < 2; accumulate++) {
    table->bf16_panel(c, ldc, a, lda, b, RK_PANEL, m, n, k, accumulate);
    scalar->bf16_panel(expected, ldc, a, lda, b, RK_PANEL, m, n, k, accumulate);
    for (size_t i = 0; i < m; i++) {
      near(c + i * ldc, expected + i * ldc, n, 1e-5, "bf16_panel", RK_BF16, m, k);
      check(c[i * ldc + n] == UNTOUCHED, "bf16_panel bounds", RK_BF16, m, n, k, 0);
    }
  }
  release();
}

static void panels(void) {
  static const size_t ms[] = {1, 2, 3, 4, 6, 13}, ns[] = {1, 7, 15, 16, 17, 31, 32};
  static const size_t depths[] = {1, 2, 7, 16, 33, 64, 259};
  for (size_t a = 0; a < 6; a++)
    for (size_t b = 0; b < 7; b++) {
      for (size_t d = 0; d < 7; d++) {
        for (size_t t = 0; t < 4; t++) panels_of(ms[a], ns[b], depths[d], float_types[t]);
        bf16_panels_of(ms[a], ns[b], depths[d]);
      }
      panels_of(ms[a], ns[b], 32, RK_Q8_0);
      panels_of(ms[a], ns[b], 288, RK_Q8_0);
      panels_of(ms[a], ns[b], 512, tile_types[1 + b % 4]);
    }
}

static void split_rows_of(size_t m, size_t n, size_t k) {
  const size_t row_bytes = 2 * k + 6, ldy = n + 1;
  const float *x = floats(m * k);
  uint16_t *split = tight(m * 4 * k), *expected_split = tight(4 * k);
  const uint8_t *w = rows_of(RK_BF16, n, k, row_bytes, 0);
  float *y = targets(m * ldy), *alone = targets(n), *expected = targets(n);
  for (size_t i = 0; i < m; i++) {
    table->bf16_split(split + 2 * i * k, x + i * k, k);
    scalar->bf16_split(expected_split, x + i * k, k);
    check(memcmp(split + 2 * i * k, expected_split, 4 * k) == 0, "bf16_split", RK_BF16, m, n, k, 0);
  }
  table->bf16_gemv_rows(y, ldy, w, row_bytes, split, m, n, k);
  for (size_t i = 0; i < m; i++) {
    scalar->gemv(expected, w, RK_BF16, row_bytes, x + i * k, n, k);
    near(y + i * ldy, expected, n, 5e-5, "bf16_gemv_rows", RK_BF16, m, k);
    table->bf16_gemv_rows(alone, n, w, row_bytes, split + 2 * i * k, 1, n, k);
    check(memcmp(alone, y + i * ldy, n * sizeof *y) == 0, "bf16_gemv_rows alone", RK_BF16, m, n, k,
          0);
    check(y[i * ldy + n] == UNTOUCHED, "bf16_gemv_rows bounds", RK_BF16, m, n, k, 0);
  }
  release();
}

static void split_rows(void) {
  static const size_t ms[] = {1, 2, 3, 5, 16}, ns[] = {1, 2, 31, 50};
  static const size_t depths[] = {1, 15, 31, 33, 64, 100, 193};
  for (size_t a = 0; a < 5; a++)
    for (size_t b = 0; b < 4; b++)
      for (size_t d = 0; d < 7; d++) split_rows_of(ms[a], ns[b], depths[d]);
}

static rk_q8_rows quantised(const float *x, size_t m, size_t k, const rk_kernels *kernels) {
  rk_q8_rows a = {tight(m * k), tight(m * k / 8), tight(m * k / 8), tight(m * k / 8),
                  tight(m * k / 4)};
  for (size_t i = 0; i < m; i++) {
    const size_t blocks = i * k / RK_BLOCK;
    kernels->q8_quantize((rk_q8_rows){a.values + i * k, a.scales + blocks, a.sums + blocks,
                                      a.corrections + blocks, a.halves + 2 * blocks},
                         x + i * k, k);
  }
  return a;
}

static void activations(void) {
  for (size_t k = 32; k < 1000; k += 96) {
    float *x = floats(k);
    for (size_t i = 0; i < 32 && k > 64; i++) x[32 + i] = 0;
    rk_q8_rows a = quantised(x, 1, k, table), expected = quantised(x, 1, k, scalar);
    for (size_t b = 0; b < k / 32; b++) {
      int32_t halves[2] = {0, 0};
      int far = 0;
      for (size_t i = 0; i < 32; i++) {
        halves[i / 16] += a.values[32 * b + i];
        far |= abs(a.values[32 * b + i] - expected.values[32 * b + i]) > 1;
      }
      float sum = a.scales[b] * (float)(halves[0] + halves[1]);
      check(!far && a.scales[b] == expected.scales[b] && a.sums[b] == sum &&
                a.corrections[b] == -128 * (halves[0] + halves[1]) &&
                a.halves[2 * b] == -128 * halves[0] && a.halves[2 * b + 1] == -128 * halves[1],
            "q8_quantize", RK_Q8_0, 1, b, k, 0);
    }
    release();
  }
}

static void tiles_of(rk_dtype type, size_t m, size_t n, size_t k, int extreme) {
  const size_t bytes = rk_tile_bytes(type, k), tiles = (n + RK_TILE - 1) / RK_TILE, ldc = n + 1;
  float *x = floats(m * k);
  if (extreme)
    for (size_t i = 0; i < m * k; i++) x[i] = i / k % 2 ? -0.5f : 0.5f;
  rk_q8_rows a = quantised(x, m, k, scalar);
  const uint8_t *w = rows_of(type, n, k, row_size(type, k), extreme);
  uint8_t *packed = tight(tiles * bytes);
  for (size_t t = 0; t < tiles; t++)
    rk_tile_pack(packed + t * bytes, w + t * RK_TILE * row_size(type, k), type, row_size(type, k),
                 n - t * RK_TILE < RK_TILE ? n - t * RK_TILE : RK_TILE, k);
  float *c = targets(m * ldc), *expected = targets(m * ldc), *alone = targets(n);
  table->tile_gemm(c, ldc, packed, type, n, a, m, k);
  scalar->tile_gemm(expected, ldc, packed, type, n, a, m, k);
  const char *what = extreme ? "tile_gemm of the largest values" : "tile_gemm";
  for (size_t i = 0; i < m; i++) {
    near(c + i * ldc, expected + i * ldc, n, 1e-5, what, type, m, k);
    check(c[i * ldc + n] == UNTOUCHED, "tile_gemm bounds", type, m, n, k, 0);
    if (m > RK_EXACT_ROWS) continue;
    const size_t blocks = i * k / RK_BLOCK;
    table->tile_gemm(alone, n, packed, type, n,
                     (rk_q8_rows){a.values + i * k, a.scales + blocks, a.sums + blocks,
                                  a.corrections + blocks, a.halves + 2 * blocks},
                     1, k);
    check(memcmp(alone, c + i * ldc, n * sizeof *c) == 0, "tile_gemm alone", type, m, n, k, 0);
  }
  release();
}

static void tiles(void) {
  static const size_t ms[] = {1, 2, 3, 4, 5, 7, 12, 16, 17, 18, 23}, ns[] = {1, 9, 16, 31, 50};
  static const size_t depths[] = {32, 64, 96, 256, 288, 512, 544, 768, 1280};
  for (size_t t = 0; t < 5; t++)
    for (size_t d = 0; d < 9; d++)
      for (size_t a = 0; a < 11 && depths[d] % rk_block_elements(tile_types[t]) == 0; a++)
        for (size_t b = 0; b < 5; b++)
          for (int extreme = 0; extreme < 2; extreme++)
            tiles_of(tile_types[t], ms[a], ns[b], depths[d], extreme);
}

/// One entry on two copies of the same numbers, compared.
#define ON_COPIES(entry, x, n, limit, ...)                                                         \
  {                                                                                                \
    float *found = tight((n) * sizeof(float)), *expected = tight((n) * sizeof(float));             \
    memcpy(found, x, (n) * sizeof(float));                                                         \
    memcpy(expected, x, (n) * sizeof(float));                                                      \
    table->entry(found, __VA_ARGS__);                                                              \
    scalar->entry(expected, __VA_ARGS__);                                                          \
    near(found, expected, n, limit, #entry, RK_F32, 1, n);                                         \
  }

static void row_kernels(void) {
  static const size_t counts[] = {1, 3, 4, 5, 16, 31, 64, 100, 257};
  for (size_t i = 0; i < 9; i++) {
    const size_t n = counts[i];
    float *x = floats(2 * n), *y = floats(n), *z = floats(n);
    for (size_t j = 0; j < n; j++) x[j] *= 8;
    ON_COPIES(rms_norm, x, n, 1e-6, x, y, n, 1e-6f)
    ON_COPIES(silu_mul, x, n, 1e-6, y, n)
    ON_COPIES(add, x, n, 1e-7, y, n)
    ON_COPIES(scale, x, n, 1e-7, n, 0.3f)
    ON_COPIES(softmax, x, n, 1e-6, n)
    ON_COPIES(rope_half, x, 2 * n, 1e-6, y, z, n)
    ON_COPIES(rope_interleaved, x, 2 * n, 1e-6, y, z, n)
    float maxima[2] = {-INFINITY, -INFINITY}, sums[2] = {0, 0}, *out[2], *scores[2];
    for (int s = 0; s < 2; s++) {
      out[s] = tight(n * sizeof(float));
      scores[s] = tight(2 * n * sizeof(float));
      memcpy(out[s], y, n * sizeof(float));
      memcpy(scores[s], x, 2 * n * sizeof(float));
      for (size_t half = 0; half < 2; half++) {
        float *p = scores[s] + (1 - half) * n; // the larger scores come last
        (s ? scalar : table)->softmax_step(p, n, 0.5f, &maxima[s], &sums[s], out[s], n);
      }
    }
    near(scores[0], scores[1], 2 * n, 1e-6, "softmax_step scores", RK_F32, 1, n);
    near(out[0], out[1], n, 1e-6, "softmax_step out", RK_F32, 1, n);
    near(sums, sums + 1, 1, 1e-6, "softmax_step sum", RK_F32, 1, n);
    near(maxima, maxima + 1, 1, 1e-6, "softmax_step maximum", RK_F32, 1, n);
    release();
  }
}

#include "training.inc"

static void attention_of(rk_dtype type, size_t m, size_t n, size_t d) {
  const size_t row_bytes = row_size(type, d) + 34, ldp = n + 1, ldo = d + 1;
  const uint8_t *cache = rows_of(type, n, d, row_bytes, 0);
  const float *q = floats(d), *p = floats((m - 1) * ldp + n);
  float *scores = targets(n), *expected = targets(n);
  table->attention_scores(scores, q, cache, type, row_bytes, n, d, 0.25f);
  scalar->attention_scores(expected, q, cache, type, row_bytes, n, d, 0.25f);
  near(scores, expected, n, 1e-5, "attention_scores", type, m, d);
  float *out = targets(m * ldo), *alone = targets(d), *mixed = targets(d);
  table->attention_mix_rows(out, ldo, p, ldp, cache, type, row_bytes, m, n, d);
  for (size_t i = 0; i < m; i++) {
    scalar->attention_mix(mixed, p + i * ldp, cache, type, row_bytes, n, d);
    table->attention_mix(alone, p + i * ldp, cache, type, row_bytes, n, d);
    near(alone, mixed, d, 1e-5, "attention_mix", type, m, d);
    check(memcmp(alone, out + i * ldo, d * sizeof *out) == 0, "attention_mix alone", type, m, n, d,
          0);
    check(out[i * ldo + d] == UNTOUCHED, "attention_mix bounds", type, m, n, d, 0);
  }
  release();
}

static void attention(void) {
  static const size_t ms[] = {1, 2, 3, 5, 7, 13}, ns[] = {1, 2, 16, 33, 130, 300};
  static const size_t widths[] = {8, 20, 64, 80, 128};
  for (size_t a = 0; a < 6; a++)
    for (size_t b = 0; b < 6; b++)
      for (size_t d = 0; d < 5; d++) {
        for (size_t t = 0; t < 4; t++) attention_of(float_types[t], ms[a], ns[b], widths[d]);
        attention_of(RK_Q8_0, ms[a], ns[b], 32 * (d + 1));
      }
}

static void loads_of(rk_dtype type, const uint8_t *bytes, size_t n) {
  float *found = targets(n), *expected = targets(n);
  table->to_f32(found, bytes, type, n);
  scalar->to_f32(expected, bytes, type, n);
  check(same_or_nan(found, expected, n), "to_f32", type, 1, n, 1, 0);
}

/// What one table stored is loaded by the other.
static void stores_of(rk_dtype type, const float *x, size_t n) {
  uint8_t *found = tight(row_size(type, n)), *expected = tight(row_size(type, n));
  table->from_f32(found, x, type, n);
  scalar->from_f32(expected, x, type, n);
  float *a = targets(n), *b = targets(n);
  scalar->to_f32(a, found, type, n);
  scalar->to_f32(b, expected, type, n);
  // The fits of the smaller types may round differently with fused multiply-adds.
  if (rk_block_elements(type) == 1 || type == RK_Q8_0)
    check(same_or_nan(a, b, n), "from_f32", type, 1, n, 1, distance(a, b, n));
  else
    check(distance(a, x, n) < 1.02 * distance(b, x, n), "from_f32", type, 1, n, 1,
          distance(a, x, n));
}

static void conversions(void) {
  uint16_t *halves = tight(65537 * 2);
  for (size_t i = 0; i < 65537; i++) halves[i] = (uint16_t)i;
  for (size_t n = 65530; n <= 65537; n++) {
    loads_of(RK_F16, (const uint8_t *)halves, n);
    loads_of(RK_BF16, (const uint8_t *)halves, n);
    release();
    halves = tight(65537 * 2);
    for (size_t i = 0; i < 65537; i++) halves[i] = (uint16_t)i;
  }
  loads_of(RK_F8_E4M3, (const uint8_t *)halves, 2 * 65537);
  release();
  for (size_t n = 1; n < 20000; n = 3 * n + 1) {
    float *x = tight(n * sizeof(float));
    for (size_t i = 0; i < n; i++) {
      uint32_t bits = (uint32_t)random_bits();
      memcpy(x + i, &bits, sizeof bits);
    }
    for (size_t t = 0; t < 4; t++) stores_of(float_types[t], x, n);
    release();
  }
  // Halves, which go away from zero; all zero; tiny; huge; infinities; NaN; plain numbers.
  float *x = floats(32 * 40);
  for (size_t i = 0; i < 32; i++) x[i] = (float)i / 2 - 8;
  x[31] = x[64] = 127;
  for (size_t i = 65; i < 96; i++) x[i] = (i % 2 ? -1.0f : 1.0f) * ((float)i - 64.5f);
  for (size_t i = 96; i < 128; i++) x[i] = i % 3 ? 0.0f : -0.0f;
  for (size_t i = 128; i < 160; i++) x[i] *= 0x1p-132f;
  for (size_t i = 160; i < 192; i++) x[i] *= 3e38f;
  x[200] = INFINITY;
  x[230] = NAN;
  x[260] = -INFINITY;
  stores_of(RK_Q8_0, x, 32 * 40);
  release();
  for (size_t t = 0; t < 5; t++) {
    stores_of(tile_types[t], floats(4096), 4096);
    loads_of(tile_types[t], rows_of(tile_types[t], 1, 4096, 0, 0), 4096);
    release();
  }
}

int main(int count, char **names) {
  int found = 0;
  scalar = rk_kernels_for(RK_SCALAR);
  for (int isa = RK_SCALAR + 1; isa <= RK_NEON_BF16; isa++) {
    table = rk_kernels_for((rk_isa)isa);
    if (!table) continue;
    found++;
    if (count > 1 && (found >= count || strcmp(names[found], table->name) != 0)) {
      printf("unexpected table %s\n", table->name);
      return 1;
    }
    seed = 1;
    comparisons = 0;
    const int before = failures;
    gemv_and_rows();
    panels();
    split_rows();
    activations();
    tiles();
    row_kernels();
    training();
    attention();
    conversions();
    printf("%-12s %ld comparisons with the scalar table, %d failed\n", table->name, comparisons,
           failures - before);
  }
  if (count > 1 && found != count - 1) {
    printf("missing table %s\n", names[found + 1]);
    return 1;
  }
  if (found == 0) printf("this processor has the scalar table only: nothing to compare\n");
  return failures > 0;
}
