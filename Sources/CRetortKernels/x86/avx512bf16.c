// SPDX-License-Identifier: Apache-2.0
//
// The AVX-512 table once more, with products of bf16 pairs (Cooper Lake, Sapphire Rapids, Zen 4).

#define RK_WITH_BF16
#include "avx512.c"
