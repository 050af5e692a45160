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

# Header and Debian package of each system library.
missing=""
while read -r header package; do
    printf '#include <%s>\n' "$header" | clang -E -x c - >/dev/null 2>&1 || missing="$missing $package"
done <<LIBRARIES
zlib.h zlib1g-dev
sqlite3.h libsqlite3-dev
LIBRARIES
[ -n "$missing" ] || exit 0

if command -v apt-get >/dev/null 2>&1 && [ "$(id -u)" -eq 0 ]; then
    echo "deps: installing$missing" >&2
    apt-get update -q >&2
    # shellcheck disable=SC2086
    DEBIAN_FRONTEND=noninteractive apt-get install -qy $missing >&2
else
    echo "deps: missing$missing (Debian's names). Install them, for example: sudo apt-get install$missing" >&2
    exit 1
fi
