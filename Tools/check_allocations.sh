#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# Counts what a training step allocates: runs of few and of many steps differ by nothing else.
#
#   sh Tools/check_allocations.sh [RETORT]
#
# Needs a C compiler. Counts malloc, calloc, realloc and the aligned ones; memory that comes straight from the
# system (mmap) is planned once and does not depend on the steps.
set -eu
retort=${1:-.build/release/retort}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT INT TERM
cat >"$work/count.c" <<'C'
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
static atomic_long calls;
extern void *__libc_malloc(size_t), *__libc_calloc(size_t, size_t), *__libc_realloc(void *, size_t);
extern void *__libc_memalign(size_t, size_t);
void *malloc(size_t n) { calls++; return __libc_malloc(n); }
void *calloc(size_t n, size_t m) { calls++; return __libc_calloc(n, m); }
void *realloc(void *p, size_t n) { calls++; return __libc_realloc(p, n); }
void *aligned_alloc(size_t a, size_t n) { calls++; return __libc_memalign(a, n); }
int posix_memalign(void **p, size_t a, size_t n) { calls++; *p = __libc_memalign(a, n); return *p ? 0 : 12; }
__attribute__((destructor)) static void say(void) { fprintf(stderr, "calls %ld\n", atomic_load(&calls)); }
C
${CC:-cc} -O1 -shared -fPIC -o "$work/count.so" "$work/count.c"
calls() {
    LD_PRELOAD=$work/count.so "$retort" bench-train --hidden 64 --layers 2 --heads 4 --ffn 128 --vocab 512 --batch 4 \
        --length 64 --dtype "$1" --steps "$2" 2>&1 >/dev/null | sed -n 's/^calls //p'
}
for dtype in f32 bf16; do
    few=$(calls $dtype 4)
    many=$(calls $dtype 104)
    echo "$dtype: $(((many - few) / 100)) allocations a step ($few for 4 steps, $many for 104)"
done
