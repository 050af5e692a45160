// SPDX-License-Identifier: Apache-2.0

/// A partition of the bytes into runs that an automaton never tells apart. Classes are numbered in
/// the order of their bytes.
struct ByteClasses: Sendable, Equatable {
    /// The class of each of the 256 bytes.
    let map: [UInt8]
    let count: Int

    subscript(byte: UInt8) -> UInt8 { map[Int(byte)] }

    /// One byte of each class.
    var representatives: [UInt8] {
        (0..<256).filter { $0 == 0 || map[$0] != map[$0 - 1] }.map { UInt8($0) }
    }

    /// The coarsest partition that is finer than both.
    func refined(by other: ByteClasses) -> ByteClasses {
        var builder = Builder()
        builder.add(self)
        builder.add(other)
        return builder.classes
    }

    struct Builder {
        /// Whether a class starts at a byte.
        private var cuts = [Bool](repeating: false, count: 257)

        mutating func add(_ range: ClosedRange<UInt8>) {
            cuts[Int(range.lowerBound)] = true
            cuts[Int(range.upperBound) + 1] = true
        }

        mutating func add(_ classes: ByteClasses) {
            for byte in 1..<256 where classes.map[byte] != classes.map[byte - 1] {
                cuts[byte] = true
            }
        }

        var classes: ByteClasses {
            var map = [UInt8](repeating: 0, count: 256)
            for byte in 1..<256 { map[byte] = map[byte - 1] + (cuts[byte] ? 1 : 0) }
            return ByteClasses(map: map, count: Int(map[255]) + 1)
        }
    }
}
