// SPDX-License-Identifier: Apache-2.0
//
// Any bytes as a shard of tokens. The hash is not checked: hardly any change would get past it.

import RetortTraining

@_cdecl("LLVMFuzzerTestOneInput")
public func fuzz(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    let bytes = Array(UnsafeBufferPointer(start: start, count: count))
    guard let dataset = try? TokenDataset(shard: bytes, name: "fuzz", checksHash: false) else {
        return 0
    }
    for document in 0..<dataset.documentCount { _ = try? dataset.document(document) }
    for packing in Packing.allCases {
        var options = BatchOptions.sequential(rows: 2, length: 8, packing: packing)
        options.window = 4
        guard let source = try? BatchSource(dataset, options: options),
            let batch = try? TrainingBatch(rows: 2, length: 8)
        else { continue }
        while (try? source.next(into: batch)) ?? false {}
    }
    return 0
}
