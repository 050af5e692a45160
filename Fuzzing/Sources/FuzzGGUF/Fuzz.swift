// SPDX-License-Identifier: Apache-2.0
//
// Any bytes as a GGUF file: everything that a look at a file touches, without a disk.

import RetortFormats

@_cdecl("LLVMFuzzerTestOneInput")
public func fuzz(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    let bytes = Array(UnsafeBufferPointer(start: start, count: count))
    guard let file = try? GGUFFile(bytes: bytes, name: "fuzz") else { return 0 }
    for name in file.tensorNames {
        _ = file.info(name)
        _ = try? file.tensor(name).firstNonFinite()
    }
    for (key, value) in file.metadata {
        _ = try? file.integer(key)
        _ = value.stringValue
        guard let array = value.arrayValue else { continue }
        _ = array.strings
        _ = array.integers
        _ = array.floats
        _ = array[0]
        _ = array[array.count - 1]?.arrayValue?[0]
    }
    _ = try? ModelConfig(file)
    return 0
}
