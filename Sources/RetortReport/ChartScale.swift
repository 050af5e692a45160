// SPDX-License-Identifier: Apache-2.0

import Foundation

/// Maps numbers to places along an axis.
package struct ChartScale {
    package let lower: Double
    package let upper: Double
    package let isLogarithmic: Bool
    /// Places of `lower` and `upper`.
    package let from: Double
    package let to: Double

    /// An axis for finite values; widened where they are all the same.
    package init(_ values: [Double], isLogarithmic: Bool = false, from: Double, to: Double) {
        let known = values.filter { $0.isFinite && (!isLogarithmic || $0 > 0) }
        var low = known.min() ?? (isLogarithmic ? 1 : 0)
        var high = known.max() ?? 1
        if isLogarithmic {
            if high <= low { high = low * 10 }
        } else if high <= low {
            let room = low == 0 ? 1 : abs(low) * 0.1
            low -= room
            high += room
        }
        lower = low
        upper = high
        self.isLogarithmic = isLogarithmic
        self.from = from
        self.to = to
    }

    package func place(_ value: Double) -> Double {
        let share: Double
        if isLogarithmic {
            share = log10(max(value, lower) / lower) / log10(upper / lower)
        } else {
            share = (value - lower) / (upper - lower)
        }
        return from + min(max(share, 0), 1) * (to - from)
    }

    /// Round numbers between the ends, at most about `count`.
    package func ticks(_ count: Int) -> [Double] {
        if isLogarithmic, upper / lower >= 10 {
            let decades = Int(log10(lower).rounded(.up))...Int(log10(upper).rounded(.down))
            return decades.map { pow(10, Double($0)) }
        }
        let rough = (upper - lower) / Double(max(1, count))
        let magnitude = pow(10, log10(rough).rounded(.down))
        let factor = [1.0, 2, 5, 10].first { $0 * magnitude >= rough } ?? 10
        let step = factor * magnitude
        guard step > 0, step.isFinite else { return [lower, upper] }
        var ticks: [Double] = []
        var tick = (lower / step).rounded(.up)
        while tick * step <= upper * (1 + 1e-12), ticks.count < 50 {
            ticks.append(tick * step)
            tick += 1
        }
        return ticks
    }
}
