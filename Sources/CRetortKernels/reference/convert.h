// SPDX-License-Identifier: Apache-2.0
//
// Scalar conversions between the 16-bit types and f32 (IEEE 754-2019; bfloat16 is the upper half).
#ifndef RETORT_CONVERT_H
#define RETORT_CONVERT_H

#include <stdint.h>
#include <string.h>

static inline float rk_float_from_bits(uint32_t bits) {
  float x;
  memcpy(&x, &bits, sizeof x);
  return x;
}

static inline uint32_t rk_bits_from_float(float x) {
  uint32_t bits;
  memcpy(&bits, &x, sizeof bits);
  return bits;
}

static inline float rk_f32_from_bf16(uint16_t h) { return rk_float_from_bits((uint32_t)h << 16); }

static inline uint16_t rk_bf16_from_f32(float x) {
  uint32_t bits = rk_bits_from_float(x);
  if ((bits & 0x7fffffff) > 0x7f800000) return (uint16_t)((bits >> 16) | 0x40); // quiet NaN
  return (uint16_t)((bits + 0x7fff + ((bits >> 16) & 1)) >> 16);                // nearest, even
}

static inline float rk_f32_from_f16(uint16_t h) {
  uint32_t sign = (uint32_t)(h & 0x8000) << 16;
  uint32_t magnitude = h & 0x7fff;
  if (magnitude >= 0x7c00) return rk_float_from_bits(sign | 0x7f800000 | (magnitude & 0x3ff) << 13);
  // Exponent re-bias by a multiplication, which also normalises subnormals: 2^112.
  float scaled = rk_float_from_bits(magnitude << 13) * 0x1p112f;
  return rk_float_from_bits(sign | rk_bits_from_float(scaled));
}

static inline uint16_t rk_f16_from_f32(float x) {
  uint32_t bits = rk_bits_from_float(x);
  uint16_t sign = (uint16_t)(bits >> 16 & 0x8000);
  bits &= 0x7fffffff;
  if (bits > 0x7f800000) return sign | 0x7e00;
  if (bits >= 0x477ff000) return sign | 0x7c00; // 65520 and above round to infinity
  if (bits < 0x38800000) {                      // subnormal: let the adder round
    float sum = rk_float_from_bits(bits) + 0.5f;
    return sign | (uint16_t)(rk_bits_from_float(sum) - 0x3f000000);
  }
  uint32_t rounded = bits + 0xfff + (bits >> 13 & 1);
  return sign | (uint16_t)((rounded - 0x38000000) >> 13);
}

/// OCP 8-bit float e4m3: no infinity, NaN is 0x7f and 0xff. As f16 it has the same mantissa and an
/// exponent that is 8 too small, subnormals included.
static inline float rk_f32_from_f8(uint8_t b) {
  if ((b & 0x7f) == 0x7f) return rk_float_from_bits((uint32_t)(b & 0x80) << 24 | 0x7fc00000);
  return 256.0f * rk_f32_from_f16((uint16_t)((b & 0x80) << 8 | (b & 0x7f) << 7));
}

/// Rounds to nearest, ties to even; what lies beyond 448, infinity too, becomes 448.
static inline uint8_t rk_f8_from_f32(float x) {
  uint32_t bits = rk_bits_from_float(x);
  uint8_t sign = (uint8_t)(bits >> 24 & 0x80);
  bits &= 0x7fffffff;
  if (bits > 0x7f800000) return sign | 0x7f;
  if (bits >= 0x43e00000) return sign | 0x7e; // 448
  if (bits < 0x3c800000) {                    // below 2^-6: the adder rounds to multiples of 2^-9
    float sum = rk_float_from_bits(bits) + 16384.0f;
    return sign | (uint8_t)(rk_bits_from_float(sum) - 0x46800000);
  }
  uint32_t rounded = bits + 0x7ffff + (bits >> 20 & 1);
  return sign | (uint8_t)((rounded - 0x3c000000) >> 20);
}

#endif
