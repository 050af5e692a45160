// SPDX-License-Identifier: Apache-2.0
//
// The NEON table with products of 2 x 8 and 8 x 2 bytes, and of unsigned bytes with signed ones.

#define RK_WITH_DOTPROD
#define RK_WITH_I8MM
#include "neon.c"
