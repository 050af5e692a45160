// SPDX-License-Identifier: Apache-2.0
//
// DEFLATE (RFC 1951) from memory, given out in pieces, so that a small file that stands for a huge one
// costs a window of memory and stops where the reader says.

/// Decompresses one DEFLATE stream.
struct Inflater {
    /// What is wrong with a stream, or the error of whoever takes its pieces.
    enum Failure: Error {
        case cut
        case damaged
        case refused(ProvenanceError)
    }

    private static let window = 1 << 15

    private let input: UnsafeRawBufferPointer
    /// Of the next byte that is not in `bits` yet.
    private var position: Int
    private var bits: UInt64 = 0
    private var bitCount = 0
    /// The window of what was given out, then what was not.
    private var output = [UInt8](repeating: 0, count: 4 * Inflater.window)
    private var filled = 0
    private var given = 0
    private let take: (UnsafeRawBufferPointer) throws(ProvenanceError) -> Void

    /// - Parameter take: Gets the pieces in order; they are not kept.
    init(
        _ input: UnsafeRawBufferPointer, from position: Int,
        take: @escaping (UnsafeRawBufferPointer) throws(ProvenanceError) -> Void
    ) {
        self.input = input
        self.position = position
        self.take = take
    }

    /// Reads the stream and returns the position of the first byte after it.
    mutating func run() throws(Failure) -> Int {
        var isLast = false
        while !isLast {
            isLast = try take(bits: 1) == 1
            switch try take(bits: 2) {
            case 0: try stored()
            case 1: try compressed(Self.fixedLiterals, Self.fixedDistances)
            case 2:
                let (literals, distances) = try codes()
                try compressed(literals, distances)
            default: throw .damaged
            }
        }
        try flush(keepsWindow: false)
        return position - bitCount / 8
    }

    // MARK: bits

    private mutating func fill() {
        while bitCount <= 56 && position < input.count {
            bits |= UInt64(input[position]) << UInt64(bitCount)
            position += 1
            bitCount += 8
        }
    }

    private mutating func take(bits count: Int) throws(Failure) -> Int {
        if bitCount < count { fill() }
        guard bitCount >= count else { throw .cut }
        let value = Int(bits & (1 << UInt64(count) - 1))
        bits >>= UInt64(count)
        bitCount -= count
        return value
    }

    /// A code as a table over as many bits as its longest word has.
    private struct Code {
        /// Symbol × 16 + length; 0 for what is no word.
        var table: [UInt16]
        var longest: Int

        init?(lengths: some Collection<Int>) {
            var counts = [Int](repeating: 0, count: 16)
            for length in lengths { counts[length] += 1 }
            counts[0] = 0
            longest = counts.lastIndex { $0 > 0 } ?? 1
            var next = [Int](repeating: 0, count: 17)
            for length in 1...15 {
                next[length + 1] = (next[length] + counts[length]) << 1
                guard next[length] + counts[length] <= 1 << length else { return nil }
            }
            table = [UInt16](repeating: 0, count: 1 << longest)
            for (symbol, length) in lengths.enumerated() where length > 0 {
                var word = 0
                for bit in 0..<length where next[length] >> bit & 1 == 1 {
                    word |= 1 << (length - 1 - bit)
                }
                next[length] += 1
                while word < table.count {
                    table[word] = UInt16(symbol << 4 | length)
                    word += 1 << length
                }
            }
        }
    }

    private mutating func symbol(_ code: borrowing Code) throws(Failure) -> Int {
        if bitCount < 15 { fill() }
        let entry = Int(code.table[Int(bits & (1 << UInt64(code.longest) - 1))])
        let length = entry & 15
        guard length > 0 else { throw .damaged }
        guard length <= bitCount else { throw .cut }
        bits >>= UInt64(length)
        bitCount -= length
        return entry >> 4
    }

    // MARK: blocks

    private static let fixedLiterals = Code(
        lengths: (0..<288).map { $0 < 144 ? 8 : $0 < 256 ? 9 : $0 < 280 ? 7 : 8 })
    private static let fixedDistances = Code(lengths: [Int](repeating: 5, count: 30))
    private static let lengthOrder = [
        16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15,
    ]

    private mutating func codes() throws(Failure) -> (Code?, Code?) {
        let literalCount = try take(bits: 5) + 257
        let distanceCount = try take(bits: 5) + 1
        let lengthCount = try take(bits: 4) + 4
        var lengths = [Int](repeating: 0, count: 19)
        for index in 0..<lengthCount { lengths[Self.lengthOrder[index]] = try take(bits: 3) }
        guard let code = Code(lengths: lengths) else { throw .damaged }
        lengths = []
        while lengths.count < literalCount + distanceCount {
            let symbol = try symbol(code)
            switch symbol {
            case 0..<16: lengths.append(symbol)
            case 16:
                guard let last = lengths.last else { throw .damaged }
                let count = try take(bits: 2) + 3
                lengths.append(contentsOf: repeatElement(last, count: count))
            case 17:
                let count = try take(bits: 3) + 3
                lengths.append(contentsOf: repeatElement(0, count: count))
            default:
                let count = try take(bits: 7) + 11
                lengths.append(contentsOf: repeatElement(0, count: count))
            }
        }
        guard lengths.count == literalCount + distanceCount, lengths[256] > 0 else {
            throw .damaged
        }
        return (
            Code(lengths: lengths[..<literalCount]), Code(lengths: lengths[literalCount...])
        )
    }

    private mutating func stored() throws(Failure) {
        _ = try take(bits: bitCount % 8)
        let count = try take(bits: 16)
        guard try take(bits: 16) == count ^ 0xFFFF else { throw .damaged }
        for _ in 0..<count { try put(UInt8(try take(bits: 8))) }
    }

    private static let lengthBases = [
        3, 4, 5, 6, 7, 8, 9, 10, 11, 13, 15, 17, 19, 23, 27, 31, 35, 43, 51, 59, 67, 83, 99, 115,
        131,
        163, 195, 227, 258,
    ]
    private static let distanceBases = [
        1, 2, 3, 4, 5, 7, 9, 13, 17, 25, 33, 49, 65, 97, 129, 193, 257, 385, 513, 769, 1025, 1537,
        2049, 3073, 4097, 6145, 8193, 12289, 16385, 24577,
    ]

    private mutating func compressed(_ literals: Code?, _ distances: Code?) throws(Failure) {
        guard let literals, let distances else { throw .damaged }
        while true {
            let value = try symbol(literals)
            if value < 256 {
                try put(UInt8(value))
                continue
            }
            if value == 256 { return }
            let index = value - 257
            guard index < Self.lengthBases.count else { throw .damaged }
            let extra = index < 8 || index == 28 ? 0 : index / 4 - 1
            let length = Self.lengthBases[index] + (try take(bits: extra))
            let place = try symbol(distances)
            guard place < Self.distanceBases.count else { throw .damaged }
            let far = place < 4 ? 0 : place / 2 - 1
            let distance = Self.distanceBases[place] + (try take(bits: far))
            guard distance <= filled else { throw .damaged }
            if filled + length > output.count { try flush(keepsWindow: true) }
            for _ in 0..<length {
                output[filled] = output[filled - distance]
                filled += 1
            }
        }
    }

    private mutating func put(_ byte: UInt8) throws(Failure) {
        if filled == output.count { try flush(keepsWindow: true) }
        output[filled] = byte
        filled += 1
    }

    private mutating func flush(keepsWindow: Bool) throws(Failure) {
        do throws(ProvenanceError) {
            try output.withUnsafeBufferPointer { bytes throws(ProvenanceError) in
                try take(
                    UnsafeRawBufferPointer(UnsafeBufferPointer(rebasing: bytes[given..<filled])))
            }
        } catch { throw .refused(error) }
        given = filled
        guard keepsWindow else { return }
        // The buffer is larger than the window, so there is one.
        output.withUnsafeMutableBytes { bytes in
            let kept = UnsafeRawBufferPointer(rebasing: bytes[filled - Self.window..<filled])
            bytes.copyMemory(from: kept)
        }
        filled = Self.window
        given = filled
    }
}
