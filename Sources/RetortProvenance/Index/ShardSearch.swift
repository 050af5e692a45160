// SPDX-License-Identifier: Apache-2.0
//
// Binary search in one shard's suffix array. A pattern is in the shard's own numbers, without separators. A
// damaged file can give wrong answers here (a full check finds that) or an error, never a read outside.

import CRetortKernels

/// A pattern in a shard's symbols, followed by at least eight bytes that may be read.
typealias ShardPattern<Symbol> = UnsafeBufferPointer<Symbol>

/// The searchable part of a shard; the pointers live as long as the shard.
struct ShardSearch<Symbol: FixedWidthInteger & UnsignedInteger & BitwiseCopyable> {
    let text: UnsafePointer<Symbol>
    /// Separators included.
    let textCount: Int
    let suffixes: UnsafePointer<Int32>
    /// How many suffixes there are.
    let count: Int
    let lookup: LookupTable

    private static var perKey: Int { 8 / MemoryLayout<Symbol>.size }

    private static var damaged: ProvenanceError {
        ProvenanceError("the index is damaged: a position is outside its text; build it again")
    }

    /// Where suffix number `index` starts in the text.
    @inline(__always)
    func position(_ index: Int) throws(ProvenanceError) -> Int {
        let position = Int(suffixes[index])
        guard position >= 0 && position < textCount else { throw Self.damaged }
        return position
    }

    /// How many symbols from `known` on the suffix at `position` shares with the pattern, `known`
    /// included.
    ///
    /// The last symbol of the text is a separator, which no pattern has: equal symbols are inside.
    @inline(__always)
    func commonPrefix(_ position: Int, _ pattern: ShardPattern<Symbol>, from known: Int) -> Int {
        let suffix = UnsafeRawPointer(text + position)
        guard let start = pattern.baseAddress else { return 0 }
        let size = MemoryLayout<Symbol>.size
        let end = pattern.count &* size
        var offset = known &* size
        while offset < end {
            let a = suffix.loadUnaligned(fromByteOffset: offset, as: UInt64.self)
            let b = UnsafeRawPointer(start).loadUnaligned(fromByteOffset: offset, as: UInt64.self)
            let difference = (a ^ b).littleEndian
            if difference != 0 {
                return min(
                    (offset &+ difference.trailingZeroBitCount >> 3) / size, pattern.count)
            }
            offset &+= 8
        }
        return pattern.count
    }

    /// The part of the array whose suffixes begin with the pattern's first `lookup.order` symbols, or with
    /// all of a shorter pattern.
    private func bucket(_ pattern: ShardPattern<Symbol>) throws(ProvenanceError) -> Range<Int> {
        var code = 0
        var width = 1
        for offset in 0..<lookup.order {
            code *= lookup.base
            if offset < pattern.count { code += Int(pattern[offset]) } else { width *= lookup.base }
        }
        let low = Int(lookup.starts[code])
        let high = Int(lookup.starts[code + width])
        guard low <= high, high <= count else { throw Self.damaged }
        return low..<high
    }

    /// Where the two ends of the pattern's interval can be.
    private struct Narrowed {
        var lower: Range<Int>
        var upper: Range<Int>
        var upperEnd: Int { upper.upperBound }
    }

    /// Narrows a part of the array by the sampled keys. Each end of the interval is in its range or at the
    /// range's upper bound; of a pattern longer than a key, the upper end can be sooner.
    private func narrow(_ range: Range<Int>, _ pattern: ShardPattern<Symbol>) -> Narrowed {
        let stride = LookupTable.stride
        let first = (range.lowerBound + stride - 1) / stride
        let last = (range.upperBound + stride - 1) / stride
        guard first < last else { return Narrowed(lower: range, upper: range) }
        var low: UInt64 = 0
        let used = min(pattern.count, Self.perKey)
        for offset in 0..<used {
            low = low << UInt64(Symbol.bitWidth) | UInt64(pattern[offset])
        }
        var high = low
        let free = UInt64((Self.perKey - used) * Symbol.bitWidth)
        if free > 0 {
            low <<= free
            high = high << free | (1 << free - 1)
        }
        // The first sample that is not below, and the first that is above.
        var a = first
        var end = last
        while a < end {
            let middle = (a &+ end) >> 1
            if lookup.keys[middle] < low { a = middle &+ 1 } else { end = middle }
        }
        var b = a
        var step = 1
        var limit = b
        while limit < last && lookup.keys[limit] <= high {
            b = limit &+ 1
            limit = min(limit &+ step, last)
            step &*= 2
        }
        while b < limit {
            let middle = (b &+ limit) >> 1
            if lookup.keys[middle] <= high { b = middle &+ 1 } else { limit = middle }
        }
        let upperEnd = b < last ? b * stride : range.upperBound
        let lowerEnd =
            pattern.count <= Self.perKey && a < last ? a * stride : upperEnd
        let lowerStart = a > first ? (a - 1) * stride + 1 : range.lowerBound
        let upperStart = b > first ? (b - 1) * stride + 1 : range.lowerBound
        return Narrowed(
            lower: lowerStart..<max(lowerStart, lowerEnd),
            upper: upperStart..<max(upperStart, upperEnd))
    }

    /// The first suffix in a part of the array that is not smaller than the pattern, and how much of the
    /// pattern the best of it and its predecessor share, if the search looked at them.
    private func lowerBound(_ range: Range<Int>, _ pattern: ShardPattern<Symbol>)
        throws(ProvenanceError) -> (index: Int, common: Int)
    {
        var low = range.lowerBound
        var high = range.upperBound
        var lowCommon = 0
        var highCommon = 0
        // Between two samples: what most steps will read, asked for at once, takes little longer than one.
        if range.count <= LookupTable.stride {
            for index in Swift.stride(from: low &+ 3, to: high, by: 4) {
                rk_prefetch(text + Int(suffixes[index]))
            }
        }
        while low < high {
            let middle = (low &+ high) >> 1
            let place = try position(middle)
            let common = commonPrefix(place, pattern, from: min(lowCommon, highCommon))
            if common < pattern.count && text[place &+ common] < pattern[common] {
                low = middle &+ 1
                lowCommon = common
            } else {
                high = middle
                highCommon = common
            }
        }
        return (low, max(lowCommon, highCommon))
    }

    /// The suffixes that begin with the pattern.
    func interval(_ pattern: ShardPattern<Symbol>) throws(ProvenanceError) -> Range<Int> {
        let bucket = try bucket(pattern)
        if pattern.count <= lookup.order || bucket.isEmpty { return bucket }
        let narrowed = narrow(bucket, pattern)
        let lower = try lowerBound(narrowed.lower, pattern).index
        // Most patterns are rare: steps of growing size find the end sooner than halving.
        var low = pattern.count <= Self.perKey ? max(lower, narrowed.upper.lowerBound) : lower
        var high = max(low, narrowed.upperEnd)
        var step = 1
        while low < high {
            let probe = min(low + step, high) - 1
            if try commonPrefix(position(probe), pattern, from: 0) == pattern.count {
                low = probe + 1
                step *= 2
            } else {
                high = probe
                break
            }
        }
        while low < high {
            let middle = (low + high) >> 1
            if try commonPrefix(position(middle), pattern, from: 0) == pattern.count {
                low = middle + 1
            } else {
                high = middle
            }
        }
        return lower..<low
    }

    /// Whether the text has the pattern.
    func contains(_ pattern: ShardPattern<Symbol>) throws(ProvenanceError) -> Bool {
        let bucket = try bucket(pattern)
        if pattern.count <= lookup.order || bucket.isEmpty { return !bucket.isEmpty }
        let lower = try lowerBound(narrow(bucket, pattern).lower, pattern).index
        guard lower < bucket.upperBound else { return false }
        return try commonPrefix(position(lower), pattern, from: 0) == pattern.count
    }

    /// How many of the pattern's first symbols stand together somewhere in the text.
    func longestPrefix(_ pattern: ShardPattern<Symbol>) throws(ProvenanceError) -> Int {
        let bucket = try bucket(pattern)
        if bucket.isEmpty || pattern.count <= lookup.order {
            if !bucket.isEmpty { return pattern.count }
            var length = min(pattern.count, lookup.order) - 1
            while length > 0,
                try self.bucket(ShardPattern(rebasing: pattern[..<length])).isEmpty
            { length -= 1 }
            return max(0, length)
        }
        let lower = try lowerBound(narrow(bucket, pattern).lower, pattern).index
        // The best match is a neighbour of the place where the pattern would stand.
        var best = 0
        if lower < bucket.upperBound {
            best = commonPrefix(try position(lower), pattern, from: 0)
        }
        if lower > bucket.lowerBound {
            best = max(best, commonPrefix(try position(lower - 1), pattern, from: 0))
        }
        return best
    }
}
