// SPDX-License-Identifier: Apache-2.0
//
// Which tables this processor can run. Which one is used is the caller's choice.

#include "CRetortKernels.h"

extern const rk_kernels rk_kernels_scalar;
#if defined(__x86_64__)
extern const rk_kernels rk_kernels_avx2;
extern const rk_kernels rk_kernels_avx512;
extern const rk_kernels rk_kernels_avx512bf16;
#elif defined(__aarch64__)
extern const rk_kernels rk_kernels_neon;
extern const rk_kernels rk_kernels_neondotprod;
extern const rk_kernels rk_kernels_neoni8mm;
extern const rk_kernels rk_kernels_neonbf16;

#if defined(__linux__)
#include <sys/auxv.h>

// The kernel's bits (asm/hwcap.h), spelled out since older headers lack them.
static int has_dotprod(void) { return (getauxval(AT_HWCAP) >> 20 & 1) != 0; }
static int has_i8mm(void) { return (getauxval(AT_HWCAP2) >> 13 & 1) != 0; }
static int has_bf16(void) { return (getauxval(AT_HWCAP2) >> 14 & 1) != 0; }
#elif defined(__APPLE__)
#include <sys/sysctl.h>

static int has_feature(const char *name) {
  int value = 0;
  size_t size = sizeof value;
  return sysctlbyname(name, &value, &size, 0, 0) == 0 && value != 0;
}
static int has_dotprod(void) { return has_feature("hw.optional.arm.FEAT_DotProd"); }
static int has_i8mm(void) { return has_feature("hw.optional.arm.FEAT_I8MM"); }
static int has_bf16(void) { return has_feature("hw.optional.arm.FEAT_BF16"); }
#else
static int has_dotprod(void) { return 0; }
static int has_i8mm(void) { return 0; }
static int has_bf16(void) { return 0; }
#endif
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
#elif defined(__aarch64__)
  case RK_NEON: return &rk_kernels_neon;
  case RK_NEON_DOTPROD: return has_dotprod() ? &rk_kernels_neondotprod : 0;
  case RK_NEON_I8MM: return has_dotprod() && has_i8mm() ? &rk_kernels_neoni8mm : 0;
  case RK_NEON_BF16: return rk_kernels_for(RK_NEON_I8MM) && has_bf16() ? &rk_kernels_neonbf16 : 0;
#endif
  default: return 0;
  }
}
