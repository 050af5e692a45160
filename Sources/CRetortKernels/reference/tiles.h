// SPDX-License-Identifier: Apache-2.0
//
// Where things lie in a tile; tiles.c draws the layouts.
#ifndef RETORT_TILES_H
#define RETORT_TILES_H

#include "CRetortKernels.h"
#include <string.h>

enum { RK_Q4_K_TILE = 2368, RK_Q5_K_TILE = 2880, RK_Q6_K_TILE = 3392 };

/// Offsets in a super-block of the k-quants. Scales come first and the rest in the order of use: a
/// processor fetches a stream ahead by itself, but not one that jumps.
enum {
  RK_K_MINIMA = 128,    // q4_k, q5_k
  RK_K_D = 256,         // [16] f16
  RK_K_DMIN = 288,      // q4_k, q5_k
  RK_K_GROUPS = 320,    // q4_k: nibbles; q5_k: fifth bits, then nibbles; q6_k: see below
  RK_Q5_K_NIBBLES = 832
};

/// q6_k: a group of either part's nibbles and their upper bits lie side by side.
static inline size_t q6_k_group(int half, int group) {
  return RK_K_GROUPS + (size_t)(half * 8 + group) * 192;
}

static inline size_t q8_0_values(size_t block) { return block / 2 * 1088 + block % 2 * 512; }
static inline size_t q4_0_values(size_t block) { return block / 2 * 576 + block % 2 * 256; }

/// Whether a block is an odd last one, which has its scales right behind its values.
static inline int rk_is_alone(size_t block, size_t k) {
  return block % 2 == 0 && block + 1 == k / RK_BLOCK;
}
static inline size_t q8_0_scales(size_t block, size_t k) {
  return block / 2 * 1088 + (rk_is_alone(block, k) ? 512 : 1024 + block % 2 * 32);
}
static inline size_t q4_0_scales(size_t block, size_t k) {
  return block / 2 * 576 + (rk_is_alone(block, k) ? 256 : 512 + block % 2 * 32);
}

/// The 6-bit scale and minimum of a sub-block of q4_k and q5_k (ggml): the first four in the low
/// bits of bytes 0-3 and 4-7, the others in the nibbles of bytes 8-11 and the upper bits of 0-7.
static inline void rk_k_scale(const uint8_t *packed, int sub, uint8_t *scale, uint8_t *minimum) {
  if (sub < 4) {
    *scale = packed[sub] & 63;
    *minimum = packed[sub + 4] & 63;
  } else {
    *scale = (uint8_t)((packed[sub + 4] & 15) | (packed[sub - 4] >> 6) << 4);
    *minimum = (uint8_t)(packed[sub + 4] >> 4 | (packed[sub] >> 6) << 4);
  }
}

#endif
