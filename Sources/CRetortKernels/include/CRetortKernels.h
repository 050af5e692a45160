// SPDX-License-Identifier: Apache-2.0
#ifndef CRETORT_KERNELS_H
#define CRETORT_KERNELS_H
#endif
