// SPDX-License-Identifier: Apache-2.0
//
// The NEON table once more, with dot products of four bytes (Cortex-A76, Neoverse N1, Apple M1).

#define RK_WITH_DOTPROD
#include "neon.c"
