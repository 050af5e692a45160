// SPDX-License-Identifier: Apache-2.0

import RetortJSON

/// Which samples of a shard, counted from 0; ascending runs, so that a book of a million lines is one.
public struct RecordRanges: Sendable, Equatable {
    public private(set) var ranges: [ClosedRange<Int>]

    public init(_ ranges: [ClosedRange<Int>] = []) {
        self.ranges = []
        for range in ranges.sorted(by: { $0.lowerBound < $1.lowerBound }) { append(range) }
    }

    /// Adds a sample behind the others.
    public mutating func append(_ record: Int) { append(record...record) }

    private mutating func append(_ range: ClosedRange<Int>) {
        guard let last = ranges.last, range.lowerBound <= last.upperBound + 1 else {
            ranges.append(range)
            return
        }
        ranges[ranges.count - 1] = last.lowerBound...max(last.upperBound, range.upperBound)
    }

    public func contains(_ record: Int) -> Bool {
        var low = 0
        var high = ranges.count
        while low < high {
            let middle = (low + high) / 2
            if ranges[middle].upperBound < record { low = middle + 1 } else { high = middle }
        }
        return low < ranges.count && ranges[low].contains(record)
    }

    public var count: Int { ranges.reduce(0) { $0 + $1.count } }

    /// `[[0, 3], [7, 7]]`, both ends included.
    public var json: JSONValue {
        .array(
            ranges.map {
                .array([.integer(Int64($0.lowerBound)), .integer(Int64($0.upperBound))])
            })
    }

    /// - Returns: nil if it is something else.
    public init?(_ json: JSONValue) {
        guard let pairs = json.arrayValue else { return nil }
        var ranges: [ClosedRange<Int>] = []
        for pair in pairs {
            guard let ends = pair.arrayValue, ends.count == 2, let low = ends[0].intValue,
                let high = ends[1].intValue, low >= 0, low <= high, high < Int.max
            else { return nil }
            ranges.append(low...high)
        }
        self.init(ranges)
    }
}
