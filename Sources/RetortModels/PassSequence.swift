// SPDX-License-Identifier: Apache-2.0

import RetortTensor

/// Rows of a pass that belong to one sequence.
struct PassSequence {
    /// Held by the caller of the pass.
    unowned let cache: KVCache
    let firstRow: Int
    let rows: Int
    /// Of the first of the rows.
    let position: Int

    func part(of x: Rows) -> Rows {
        Rows(x[firstRow], rows: rows, columns: x.columns, stride: x.stride)
    }

    func cached(layer: Int) -> CachedSequence {
        let layer = cache.layers[layer]
        return CachedSequence(
            keys: layer.keys, values: layer.values, firstRow: firstRow, rows: rows,
            position: position)
    }
}
