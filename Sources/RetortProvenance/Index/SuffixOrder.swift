// SPDX-License-Identifier: Apache-2.0

/// The suffix array of a small text; the index itself sorts in memory that it manages.
package enum SuffixOrder {
    /// - Parameter text: Symbols below `alphabet`.
    package static func of<Symbol: FixedWidthInteger>(_ text: [Symbol], alphabet: Int) -> [Int32] {
        var order = [Int32](repeating: 0, count: text.count)
        text.withUnsafeBufferPointer { text in
            order.withUnsafeMutableBufferPointer { order in
                SuffixSorter.sort(text, alphabet: alphabet, into: order)
            }
        }
        return order
    }
}
