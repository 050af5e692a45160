#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# Checks the C kernels with check_arm.c: natively, and those for aarch64 in QEMU's user mode on
# processors with and without the later instructions. Installs nothing.
#
#   sh Tools/arm/check_arm.sh [native | arm]     both by default
#   CLANG, CROSS_LINKER, QEMU                    other names of what is used
set -eu
cd "$(dirname "$0")/../.."

kernels=Sources/CRetortKernels
CLANG=${CLANG:-clang}
CROSS_LINKER=${CROSS_LINKER:-aarch64-linux-gnu-gcc}
QEMU=${QEMU:-qemu-aarch64}
what=${1:-all}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT INT TERM

need() { # command, package
    command -v "$1" >/dev/null && return
    echo "$1 is missing ($2)" >&2
    exit 2
}

# compile folder-for-objects, flags of the compiler...
compile() {
    objects=$1
    shift
    mkdir -p "$objects"
    for source in "$kernels"/*.c "$kernels"/*/*.c Tools/arm/check_arm.c; do
        "$CLANG" "$@" -O2 -Wall -Wextra -Wno-unused-parameter -Werror -I "$kernels/include" \
            -c "$source" -o "$objects/$(echo "$source" | tr / _).o"
    done
}

need "$CLANG" "clang, or the one of a Swift toolchain: CLANG=…/usr/bin/clang"

if [ "$what" != arm ]; then
    compile "$work/native"
    "$CLANG" "$work"/native/*.o -lm -o "$work/native/check"
    echo "native:"
    "$work/native/check"
fi

if [ "$what" != native ]; then
    need "$CROSS_LINKER" "Debian: gcc-aarch64-linux-gnu"
    need "$QEMU" "Debian: qemu-user"
    # The linker's own headers: C libraries of another architecture have no fixed place.
    headers=$("$CROSS_LINKER" -print-sysroot)/usr/aarch64-linux-gnu/include
    [ -d "$headers" ] || headers=/usr/aarch64-linux-gnu/include
    compile "$work/arm" --target=aarch64-linux-gnu -isystem "$headers"
    "$CROSS_LINKER" -static "$work"/arm/*.o -lm -o "$work/arm/check"
    echo "cortex-a72, ARMv8.0:"
    "$QEMU" -cpu cortex-a72 "$work/arm/check" neon
    echo "neoverse-n1, ARMv8.2 with dot products:"
    "$QEMU" -cpu neoverse-n1 "$work/arm/check" neon neondotprod
    echo "all that QEMU knows:"
    "$QEMU" -cpu max "$work/arm/check" neon neondotprod neoni8mm neonbf16
fi
