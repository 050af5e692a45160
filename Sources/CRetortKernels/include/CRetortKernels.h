// SPDX-License-Identifier: Apache-2.0
//
// Leaf kernels: pointers and lengths in, no allocation, no policy, no global state. One table of
// functions per instruction set; the scalar table is the oracle that the others are tested against.
// All matrices are row-major; strides are in elements unless a name says bytes.
#ifndef CRETORT_KERNELS_H
#define CRETORT_KERNELS_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/// Up to this many rows of activations, each gets the bits that it would have alone.
#define RK_EXACT_ROWS 16
/// Columns of a packed f32 panel: [k][RK_PANEL].
#define RK_PANEL 32
/// Weight rows of a packed tile of quantised weights.
#define RK_TILE 16
/// Parameters that share the scales of an optimizer's 8-bit state.
#define RK_STATE_BLOCK 256
/// Elements of a block of q8_0, q4_0 and the quantised activations.
#define RK_BLOCK 32
/// Elements of a block of q4_k, q5_k and q6_k.
#define RK_SUPER 256

/// Asks for the cache line of an address that is read soon; any address may be asked for.
static inline void rk_prefetch(const void *address) { __builtin_prefetch(address); }

/// Element types of weights and caches.
typedef enum {
  RK_F32 = 0,
  RK_F16 = 1,
  RK_BF16 = 2,
  RK_Q8_0 = 3,
  RK_F8_E4M3 = 4,
  RK_Q4_0 = 5,
  RK_Q4_K = 6,
  RK_Q5_K = 7,
  RK_Q6_K = 8
} rk_dtype;

/// Activations quantised for the kernels of quantised weights: one scale per 32 elements.
typedef struct {
  int8_t *values;       // [m][k]
  float *scales;        // [m][k/32]
  float *sums;          // [m][k/32]: scale * sum of the block's values
  int32_t *corrections; // [m][k/32]: -128 * sum of the block's values
  int32_t *halves;      // [m][k/16]: the same of each half of a block
} rk_q8_rows;

/// What one step of AdamW multiplies with.
typedef struct {
  float gradient;   // on the gradient: clipping, accumulation
  float decay;      // 1 - learning rate * weight decay
  float step;       // learning rate / (1 - beta1^t)
  float correction; // 1 / sqrt(1 - beta2^t)
  float beta1, beta2, eps;
} rk_adamw_factors;

typedef struct {
  const char *name;

  /// y[rows] = W[rows][k] x[k]. `row_bytes` is the distance between rows. In f8 the fast tables
  /// read NaN as 480: loading a model looks for NaN.
  void (*gemv)(float *y, const void *w, rk_dtype type, size_t row_bytes, const float *x, size_t rows,
               size_t k);
  /// Y[m][rows] = X[m][k] W^T for a few rows of X: each gets the very bits that `gemv` gives it, but
  /// the weights come from memory once.
  void (*gemv_rows)(float *y, size_t ldy, const void *w, rk_dtype type, size_t row_bytes,
                    const float *x, size_t ldx, size_t m, size_t rows, size_t k);
  /// panel[k][RK_PANEL] = transpose of W[rows][k], rows <= RK_PANEL, the rest zero.
  void (*pack_panel)(float *panel, const void *w, rk_dtype type, size_t row_bytes, size_t rows,
                     size_t k);
  /// C[m][n] (+)= A[m][k] B[k][n], n <= RK_PANEL. B's rows are `ldb` apart and readable up to
  /// RK_PANEL elements.
  void (*gemm_panel)(float *c, size_t ldc, const float *a, size_t lda, const float *b, size_t ldb,
                     size_t m, size_t n, size_t k, int accumulate);

  /// Whether the kernels that follow are faster than the f32 ones.
  int has_bf16_products;
  /// Rounds n floats to bf16, to nearest, ties to even.
  void (*bf16_round)(uint16_t *out, const float *x, size_t n);
  /// gemm_panel with pairs of bf16 as elements of A and B, products and sums in f32: `lda` and `k`
  /// count pairs, and pack_panel makes B of bf16 weights that it is told are f32, half as many.
  void (*bf16_panel)(float *c, size_t ldc, const uint16_t *a, size_t lda, const float *b, size_t ldb,
                     size_t m, size_t n, size_t k, int accumulate);

  /// Splits x into bf16 high + low, out[2][n], which are within 2^-16 of it.
  void (*bf16_split)(uint16_t *out, const float *x, size_t n);
  /// gemv_rows for bf16 weights with x split, [m][2][k]: what a row gets does not depend on m.
  void (*bf16_gemv_rows)(float *y, size_t ldy, const void *w, size_t row_bytes, const uint16_t *x,
                         size_t m, size_t rows, size_t k);

  /// Quantises one row to int8 with a scale per block. k is a multiple of 32.
  void (*q8_quantize)(rk_q8_rows target, const float *x, size_t k);
  /// C[m][rows] = A W^T for `rows` weight rows that start at a tile of a quantised type.
  void (*tile_gemm)(float *c, size_t ldc, const uint8_t *tiles, rk_dtype type, size_t rows,
                    rk_q8_rows a, size_t m, size_t k);
  /// The same in the way of more than RK_EXACT_ROWS rows whatever m is: what a row gets does not
  /// depend on the rows beside it.
  void (*tile_gemm_many)(float *c, size_t ldc, const uint8_t *tiles, rk_dtype type, size_t rows,
                         rk_q8_rows a, size_t m, size_t k);

  /// out[n] = w[n] * x[n] / sqrt(mean(x^2) + eps)
  void (*rms_norm)(float *out, const float *x, const float *w, size_t n, float eps);
  /// gate[n] = silu(gate[n]) * up[n]
  void (*silu_mul)(float *gate, const float *up, size_t n);
  /// x[n] += y[n]
  void (*add)(float *x, const float *y, size_t n);
  /// Rotates (x[i], x[i + half]) by the angles whose cosines and sines are given.
  void (*rope_half)(float *x, const float *cosine, const float *sine, size_t half);
  /// Rotates (x[2i], x[2i + 1]).
  void (*rope_interleaved)(float *x, const float *cosine, const float *sine, size_t half);

  /// scores[t] = scale * dot(q[d], keys[t][d]) for t < n.
  void (*attention_scores)(float *scores, const float *q, const void *keys, rk_dtype type,
                           size_t row_bytes, size_t n, size_t d, float scale);
  /// out[d] = sum over t < n of p[t] * values[t][d].
  void (*attention_mix)(float *out, const float *p, const void *values, rk_dtype type,
                        size_t row_bytes, size_t n, size_t d);
  /// out[m][d] = sum over t < n of p[m][t] * values[t][d]: each row the very bits of `attention_mix`.
  void (*attention_mix_rows)(float *out, size_t ldo, const float *p, size_t ldp, const void *values,
                             rk_dtype type, size_t row_bytes, size_t m, size_t n, size_t d);
  /// x = softmax(x) over n elements.
  void (*softmax)(float *x, size_t n);
  /// One step of the blockwise softmax for one row: scales scores[n], turns them into
  /// exp(score - maximum), updates the running maximum and sum and rescales out[d] to match.
  void (*softmax_step)(float *scores, size_t n, float scale, float *maximum, float *sum, float *out,
                       size_t d);
  /// x[n] *= factor
  void (*scale)(float *x, size_t n, float factor);

  /// Converts n elements to and from f32; n fills whole blocks.
  void (*to_f32)(float *out, const void *x, rk_dtype type, size_t n);
  void (*from_f32)(void *out, const float *x, rk_dtype type, size_t n);

  // Training. What types are given are RK_F32 or RK_BF16.

  /// C[m][n] = start + A B. A's element (i, l) is a[i * row + l * step]; B lies in panels
  /// [ceil(n / RK_PANEL)][k][RK_PANEL]; `start`, f32, may be null, be C, or have lds = 0: one row
  /// for all. C is rounded if it is bf16.
  void (*matrix_product)(void *c, rk_dtype type, size_t ldc, const float *start, size_t lds,
                         const float *a, size_t row, size_t step, const float *panels, size_t m,
                         size_t n, size_t k);
  /// The same where elements of A and B are pairs of bf16 in 32 bits and k counts pairs.
  void (*pair_product)(void *c, rk_dtype type, size_t ldc, const float *start, size_t lds,
                       const float *a, size_t row, size_t step, const float *panels, size_t m,
                       size_t n, size_t k);
  /// panels[ceil(n / width)][k][width] of source[k][n], zero behind n; or, with `pairs`,
  /// [ceil(n / width)][ceil(k / 2)][width] of pairs of neighbours along k.
  void (*pack_columns)(float *panels, size_t width, const void *source, rk_dtype type, size_t ld,
                       size_t n, size_t k, int pairs);
  /// rms_norm that returns 1 / sqrt(mean(x^2) + eps).
  float (*rms_norm_saving)(float *out, const float *x, const float *w, size_t n, float eps);
  /// dx (+)= the gradient of what went in, dw += that of the weight; `factor` as it was returned.
  void (*rms_norm_backward)(float *dx, float *dw, const float *dy, const float *x, const float *w,
                            float factor, size_t n, int accumulate);
  /// out[n] = silu(gate[n]) * up[n]
  void (*silu_product)(float *out, const float *gate, const float *up, size_t n);
  void (*silu_product_backward)(float *dgate, float *dup, const float *gate, const float *up,
                                const float *dy, size_t n);
  /// x = softmax(factor * x); returns log(sum(exp(factor * x))).
  float (*softmax_saving)(float *x, size_t n, float factor);
  /// x = exp(factor * x - log_sum)
  void (*softmax_again)(float *x, size_t n, float factor, float log_sum);
  /// dx = p * (dx - mean) * factor, where mean = sum(p * dx)
  void (*softmax_backward)(float *dx, const float *p, size_t n, float factor, float mean);
  float (*inner_product)(const float *x, const float *y, size_t n);
  /// x[n] += factor * y[n]
  void (*add_scaled)(float *x, const float *y, size_t n, float factor);
  double (*sum_of_squares)(const float *x, size_t n);
  /// One step of AdamW (Loshchilov and Hutter 2019) for n parameters.
  void (*adamw_step)(float *value, float *first, float *second, const float *gradient, size_t n,
                     rk_adamw_factors factors);
  /// The same with moments of 8 bits; `scales` are two for each RK_STATE_BLOCK parameters.
  void (*adamw_step_8bit)(float *value, int8_t *first, uint8_t *second, float *scales,
                          const float *gradient, size_t n, rk_adamw_factors factors);
  /// out[4 i] ... out[4 i + 3] = Philox4x32-10 (Salmon et al. 2011) of the counter (first + i, counter[0 ... 2])
  /// under key[0 ... 1], for `count` values of i.
  void (*philox_words)(uint32_t *out, uint32_t first, size_t count, const uint32_t *counter,
                       const uint32_t *key);
  /// x[i] += (words[i] & 0x7fffffff) < limit ? bias : 0
  void (*add_where_below)(float *x, const uint32_t *words, size_t n, uint32_t limit, float bias);
  /// For each layer l: p[i] *= 1 + g - sum(g p), where g is bit l of bits[i]. The sum of p is 1.
  void (*tournament)(float *p, const uint32_t *bits, size_t n, unsigned layers);
} rk_kernels;

typedef enum {
  RK_SCALAR = 0,
  RK_AVX2 = 1,
  RK_AVX512 = 2,
  RK_AVX512_BF16 = 3,
  RK_NEON = 4,
  RK_NEON_DOTPROD = 5,
  RK_NEON_I8MM = 6,
  RK_NEON_BF16 = 7
} rk_isa;

/// The table of an instruction set, or null if this processor (or build) lacks it.
const rk_kernels *rk_kernels_for(rk_isa isa);

/// Elements and bytes of a type's block.
size_t rk_block_elements(rk_dtype type);
size_t rk_block_bytes(rk_dtype type);

/// Bytes of one tile: 16 rows of k elements of a quantised type, in the order that the kernels read
/// them (reference/tiles.c draws the layouts); at most 3 % more than the rows take in the file.
size_t rk_tile_bytes(rk_dtype type, size_t k);

/// Packs up to 16 rows of native blocks into a tile; missing rows are zero.
void rk_tile_pack(uint8_t *tile, const uint8_t *blocks, rk_dtype type, size_t row_bytes,
                  size_t rows, size_t k);

/// How many processors the calling process is bound to, as taskset and containers do it; 0 if the system
/// does not say.
int rk_bound_processors(void);

/// Tells the processor that this is a spin loop.
static inline void rk_relax(void) {
#if defined(__x86_64__)
  __builtin_ia32_pause();
#elif defined(__aarch64__)
  __asm__ volatile("yield");
#endif
}

#ifdef __cplusplus
}
#endif
#endif
