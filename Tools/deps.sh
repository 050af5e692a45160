#!/bin/sh
# Checks what the build needs. Installs Debian packages where it may, else says what to install.
set -eu

if ! command -v swift >/dev/null 2>&1; then
    echo "deps: no swift on the PATH. Install Swift 6.2 or later: https://www.swift.org/install" >&2
    exit 1
fi

version=$(swift --version 2>/dev/null | sed -n 's/.*Swift version \([0-9]*\.[0-9]*\).*/\1/p' | head -n 1)
major=${version%%.*}
minor=${version#*.}
if [ "${major:-0}" -lt 6 ] || { [ "$major" -eq 6 ] && [ "${minor:-0}" -lt 2 ]; }; then
    echo "deps: found Swift ${version:-of an unknown version}, need 6.2 or later: https://www.swift.org/install" >&2
    exit 1
fi
