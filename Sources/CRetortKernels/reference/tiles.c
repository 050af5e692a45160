// SPDX-License-Identifier: Apache-2.0
//
// Tiles: 16 rows of a quantised matrix in the order in which the kernels read them, as one stream.
// A group is 64 bytes: [16 rows][4 consecutive elements or packed bytes], so that one register of
// weights meets 4 activations that are broadcast. Scales stay as small as they are in the file.
//
//   q8_0  pairs of blocks: 2 x [8 groups] of value + 128, then 2 x [16] f16 d             1088 bytes
//   q4_0  pairs of blocks: 2 x [4 groups] of nibbles, then 2 x [16] f16 d                  576
//   q4_k  super-blocks: [8][16] scales, [8][16] minima, [16] f16 d, [16] f16 dmin,
//         [4][8 groups] of nibbles                                                        2368
//   q5_k  the same with [8 groups] of fifth bits before the nibbles                       2880
//   q6_k  super-blocks: [16][16] signed scales, [16] f16 d, 32 unused bytes,
//         [2][8] x (2 groups of nibbles, a group of upper bit pairs)                      3392
//
// An odd last block of q8_0 or q4_0 stands alone and is padded to a multiple of 64 bytes. Within a
// group of packed bytes the bits lie as in ggml's blocks (which elements share a byte).

#include "tiles.h"

size_t rk_block_elements(rk_dtype type) {
  switch (type) {
  case RK_Q8_0:
  case RK_Q4_0: return RK_BLOCK;
  case RK_Q4_K:
  case RK_Q5_K:
  case RK_Q6_K: return RK_SUPER;
  default: return 1;
  }
}

size_t rk_block_bytes(rk_dtype type) {
  switch (type) {
  case RK_F32: return 4;
  case RK_F16:
  case RK_BF16: return 2;
  case RK_F8_E4M3: return 1;
  case RK_Q8_0: return 34;
  case RK_Q4_0: return 18;
  case RK_Q4_K: return 144;
  case RK_Q5_K: return 176;
  case RK_Q6_K: return 210;
  }
  return 0;
}

size_t rk_tile_bytes(rk_dtype type, size_t k) {
  size_t blocks = k / RK_BLOCK, supers = k / RK_SUPER;
  switch (type) {
  case RK_Q8_0: return blocks / 2 * 1088 + blocks % 2 * 576;
  case RK_Q4_0: return blocks / 2 * 576 + blocks % 2 * 320;
  case RK_Q4_K: return supers * RK_Q4_K_TILE;
  case RK_Q5_K: return supers * RK_Q5_K_TILE;
  case RK_Q6_K: return supers * RK_Q6_K_TILE;
  default: return 0;
  }
}

/// Spreads a row's `count` bytes over groups: 4 to each.
static void scatter(uint8_t *groups, const uint8_t *source, size_t count, size_t row,
                    uint32_t flip) {
  for (size_t group = 0; group < count / 4; group++) {
    uint32_t four;
    memcpy(&four, source + 4 * group, 4);
    four ^= flip;
    memcpy(groups + 64 * group + 4 * row, &four, 4);
  }
}

static void pack_q8_0(uint8_t *tile, const uint8_t *source, size_t row, size_t k) {
  for (size_t block = 0; block < k / RK_BLOCK; block++, source += 34) {
    memcpy(tile + q8_0_scales(block, k) + 2 * row, source, 2);
    scatter(tile + q8_0_values(block), source + 2, 32, row, 0x80808080u);
  }
}

static void pack_q4_0(uint8_t *tile, const uint8_t *source, size_t row, size_t k) {
  for (size_t block = 0; block < k / RK_BLOCK; block++, source += 18) {
    memcpy(tile + q4_0_scales(block, k) + 2 * row, source, 2);
    scatter(tile + q4_0_values(block), source + 2, 16, row, 0);
  }
}

/// q4_k and q5_k: d, dmin, 12 bytes of 6-bit scales and minima, (fifth bits,) nibbles.
static void pack_k45(uint8_t *tile, const uint8_t *source, int fifth, size_t row, size_t k) {
  for (size_t super = 0; super < k / RK_SUPER; super++) {
    for (int sub = 0; sub < 8; sub++) {
      uint8_t scale, minimum;
      rk_k_scale(source + 4, sub, &scale, &minimum);
      tile[16 * sub + row] = scale;
      tile[RK_K_MINIMA + 16 * sub + row] = minimum;
    }
    memcpy(tile + RK_K_D + 2 * row, source, 2);
    memcpy(tile + RK_K_DMIN + 2 * row, source + 2, 2);
    if (fifth) scatter(tile + RK_K_GROUPS, source + 16, 32, row, 0);
    scatter(tile + (fifth ? RK_Q5_K_NIBBLES : RK_K_GROUPS), source + (fifth ? 48 : 16), 128, row,
            0);
    source += fifth ? 176 : 144;
    tile += fifth ? RK_Q5_K_TILE : RK_Q4_K_TILE;
  }
}

static void pack_q6_k(uint8_t *tile, const uint8_t *source, size_t row, size_t k) {
  for (size_t super = 0; super < k / RK_SUPER; super++) {
    for (int sub = 0; sub < 16; sub++) tile[16 * sub + row] = source[192 + sub];
    memcpy(tile + RK_K_D + 2 * row, source + 208, 2);
    for (int half = 0; half < 2; half++)
      for (int group = 0; group < 8; group++) {
        uint8_t *target = tile + q6_k_group(half, group);
        const uint8_t *nibbles = source + 64 * half + 4 * group;
        scatter(target, nibbles, 4, row, 0);
        scatter(target + 64, nibbles + 32, 4, row, 0);
        scatter(target + 128, source + 128 + 32 * half + 4 * group, 4, row, 0);
      }
    source += 210;
    tile += RK_Q6_K_TILE;
  }
}

void rk_tile_pack(uint8_t *tile, const uint8_t *source, rk_dtype type, size_t row_bytes,
                  size_t rows, size_t k) {
  // A missing row has scales of zero, whatever its values.
  memset(tile, 0, rk_tile_bytes(type, k));
  for (size_t row = 0; row < rows; row++, source += row_bytes) {
    switch (type) {
    case RK_Q8_0: pack_q8_0(tile, source, row, k); break;
    case RK_Q4_0: pack_q4_0(tile, source, row, k); break;
    case RK_Q4_K: pack_k45(tile, source, 0, row, k); break;
    case RK_Q5_K: pack_k45(tile, source, 1, row, k); break;
    case RK_Q6_K: pack_q6_k(tile, source, row, k); break;
    default: break;
    }
  }
}
