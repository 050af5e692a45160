// SPDX-License-Identifier: Apache-2.0

import Foundation

/// Counts of values in equally wide bins, several groups side by side.
package struct Histogram {
    /// The first bin begins at 0.
    package let width: Double
    /// By bin: the counts of each group.
    package let counts: [[Int]]

    /// - Parameters:
    ///   - groups: Values, none below 0; what is not finite is left out.
    ///   - bins: The most bins.
    package init(_ groups: [[Double]], bins: Int = 24) {
        let known = groups.map { $0.filter { $0.isFinite && $0 >= 0 } }
        let most = known.compactMap { $0.max() }.max() ?? 0
        let rough = (most + 1) / Double(max(1, bins))
        // A round width, so that the ends can be read.
        let magnitude = pow(10, log10(rough).rounded(.down))
        let factor = [1.0, 2, 5, 10].first { $0 * magnitude >= rough } ?? 10
        let width = max(1, factor * magnitude)
        self.width = width
        let count = Int(most / width) + 1
        var counts = [[Int]](repeating: [Int](repeating: 0, count: groups.count), count: count)
        for (group, values) in known.enumerated() {
            for value in values { counts[min(count - 1, Int(value / width))][group] += 1 }
        }
        self.counts = counts
    }

    /// One bar for each bin, one part for each group.
    /// - Parameter parts: The groups' names, in order.
    package func bars(_ parts: [String]) -> [BarChart.Bar] {
        counts.enumerated().map { bin, counts in
            let low = MarkupText.short(Double(bin) * width)
            let high = MarkupText.short(Double(bin + 1) * width)
            let each = zip(parts, counts).map { "\($1) \($0)" }.joined(separator: ", ")
            return BarChart.Bar(
                name: low, values: counts.map(Double.init), note: "\(low) to \(high): \(each)")
        }
    }
}
