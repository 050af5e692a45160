// SPDX-License-Identifier: Apache-2.0
//
// Which tables this processor can run. Which one is used is the caller's choice.

#include "CRetortKernels.h"

extern const rk_kernels rk_kernels_scalar;
#if defined(__x86_64__)
extern const rk_kernels rk_kernels_avx2;
extern const rk_kernels rk_kernels_avx512;
extern const rk_kernels rk_kernels_avx512bf16;
#endif

const rk_kernels *rk_kernels_for(rk_isa isa) {
  switch (isa) {
  case RK_SCALAR: return &rk_kernels_scalar;
#if defined(__x86_64__)
  case RK_AVX2:
    return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") &&
                   __builtin_cpu_supports("f16c")
               ? &rk_kernels_avx2
               : 0;
  case RK_AVX512:
    return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
                   __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512dq") &&
                   __builtin_cpu_supports("avx512vnni")
               ? &rk_kernels_avx512
               : 0;
  case RK_AVX512_BF16:
    return rk_kernels_for(RK_AVX512) && __builtin_cpu_supports("avx512bf16")
               ? &rk_kernels_avx512bf16
               : 0;
#endif
  default: return 0;
  }
}
