// SPDX-License-Identifier: Apache-2.0
//
// A curve of any length in bounded memory: neighbouring points are taken together as soon as there
// are too many, and of each group the smallest and the largest value are kept.

import Foundation

/// A point of a chart.
package struct ChartPoint: Equatable {
    package var x: Double
    package var y: Double

    package init(x: Double, y: Double) {
        self.x = x
        self.y = y
    }
}

/// Keeps at most ``limit`` points of a curve whose x grows, its extremes among them.
package struct Downsampler {
    fileprivate struct Bucket {
        var low: ChartPoint
        var high: ChartPoint
        var sum: Double
        var count: Int
        /// The first x that the bucket may hold.
        var start: Double
    }

    /// Points that are given out at most.
    package static let limit = 2000

    /// Whether buckets are equally wide on a logarithmic axis.
    private let isLogarithmic: Bool
    private var width: Double
    private var buckets: [Bucket] = []

    package init(isLogarithmic: Bool = false) {
        self.isLogarithmic = isLogarithmic
        // 100 a decade; on a linear axis single steps to begin with.
        width = isLogarithmic ? 0.01 : 1
    }

    private func place(_ x: Double) -> Double { isLogarithmic ? log10(max(x, 1)) : x }

    /// Adds a point; one that is not finite is left out.
    package mutating func add(_ x: Double, _ y: Double) {
        guard x.isFinite, y.isFinite else { return }
        let point = ChartPoint(x: x, y: y)
        let start = (place(x) / width).rounded(.down) * width
        if let last = buckets.last, start <= last.start {
            buckets[buckets.count - 1].take(point, sum: y, count: 1)
        } else {
            buckets.append(Bucket(low: point, high: point, sum: y, count: 1, start: start))
        }
        if buckets.count > Self.limit / 2 { merge() }
    }

    private mutating func merge() {
        width *= 2
        var merged: [Bucket] = []
        for var bucket in buckets {
            bucket.start = (bucket.start / width).rounded(.down) * width
            if let last = merged.last, bucket.start <= last.start {
                merged[merged.count - 1].take(bucket.low, sum: 0, count: 0)
                merged[merged.count - 1].take(bucket.high, sum: bucket.sum, count: bucket.count)
            } else {
                merged.append(bucket)
            }
        }
        buckets = merged
    }

    /// The curve, of each group its smallest and its largest value in the order of x.
    package var points: [ChartPoint] {
        var points: [ChartPoint] = []
        for bucket in buckets {
            let isRising = bucket.low.x <= bucket.high.x
            points.append(isRising ? bucket.low : bucket.high)
            if bucket.low != bucket.high { points.append(isRising ? bucket.high : bucket.low) }
        }
        return points
    }

    /// The groups' means, each in the place of its middle, averaged over about a 25th of the curve
    /// (an exponential mean whose beginning is corrected), and over six of them at least.
    package var smoothed: [ChartPoint] {
        // Groups of a logarithmic axis are few steps at its beginning, where curves are steep.
        let span = isLogarithmic ? 6 : max(6, Double(buckets.count) / 25)
        let share = 2 / (span + 1)
        var (sum, weight) = (0.0, 0.0)
        return buckets.map { bucket in
            sum += share * (bucket.mean.y - sum)
            weight += share * (1 - weight)
            return ChartPoint(x: bucket.mean.x, y: sum / weight)
        }
    }
}

extension Downsampler.Bucket {
    fileprivate mutating func take(_ point: ChartPoint, sum: Double, count: Int) {
        if point.y < low.y { low = point }
        if point.y > high.y { high = point }
        self.sum += sum
        self.count += count
    }

    fileprivate var mean: ChartPoint {
        ChartPoint(x: (low.x + high.x) / 2, y: sum / Double(max(1, count)))
    }
}
