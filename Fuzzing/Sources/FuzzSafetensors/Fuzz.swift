// SPDX-License-Identifier: Apache-2.0
//
// Any bytes as a safetensors file; the JSON reader and the readers of config.json and
// generation_config.json get the same bytes after the length.

import RetortFormats
import RetortJSON
import RetortTensor

@_cdecl("LLVMFuzzerTestOneInput")
public func fuzz(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    let bytes = Array(UnsafeBufferPointer(start: start, count: count))
    let json = Array(bytes.dropFirst(8))
    if let config = try? ModelConfig(json: json) {
        _ = try? ModelConfig(json: Array(config.json(dtype: .f32).text().utf8))
    }
    if let generation = try? GenerationConfig(json: json) { _ = generation.json.text() }
    guard let file = try? SafetensorsFile(bytes: bytes, name: "fuzz") else { return 0 }
    for name in file.tensorNames {
        _ = file.info(name)
        _ = try? file.tensor(name).firstNonFinite()
    }
    return 0
}
