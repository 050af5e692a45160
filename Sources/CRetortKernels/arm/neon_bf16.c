// SPDX-License-Identifier: Apache-2.0
//
// The NEON table with products of bf16 as well (ARMv8.6: Neoverse V1 and N2, Apple M2).

#define RK_WITH_DOTPROD
#define RK_WITH_I8MM
#define RK_WITH_BF16
#include "neon.c"
