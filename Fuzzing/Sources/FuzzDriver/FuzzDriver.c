// SPDX-License-Identifier: Apache-2.0
//
// SwiftPM calls the entry of an executable <target>_main. Each of these hands over to libFuzzer.
// ENTRIES comes from the manifest: ENTRY(name) for every target.

#include <stddef.h>
#include <stdint.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerRunDriver(int *argc, char ***argv, int (*callback)(const uint8_t *, size_t));

#define ENTRY(name)                                                                                \
  int name##_main(int argc, char **argv);                                                          \
  int name##_main(int argc, char **argv) {                                                         \
    return LLVMFuzzerRunDriver(&argc, &argv, LLVMFuzzerTestOneInput);                              \
  }

ENTRIES
