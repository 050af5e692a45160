// SPDX-License-Identifier: Apache-2.0

/// A linear model of standardised features, least squares with a penalty: the features are nearly
/// copies of each other, so that without one the weights would be noise.
package struct RidgeRegression: Sendable {
    private let lower: [Double]
    private let upper: [Double]
    private let means: [Double]
    private let scales: [Double]
    private let weights: [Double]
    private let intercept: Double

    /// - Parameters:
    ///   - rows: Features, of one length, two rows or more.
    ///   - labels: One for each row.
    ///   - clipped: The share of each feature's values at either end that is set to the value there.
    ///   - penalty: For each row, in units of a feature's variance.
    package init(rows: [[Double]], labels: [Double], clipped: Double, penalty: Double) {
        let count = rows[0].count
        var lower: [Double] = []
        var upper: [Double] = []
        var means: [Double] = []
        var scales: [Double] = []
        var columns: [[Double]] = []
        for feature in 0..<count {
            let values = rows.map { $0[feature] }
            let sorted = values.sorted()
            let low = ExactStatistics.quantile(clipped, ofSorted: sorted)
            let high = ExactStatistics.quantile(1 - clipped, ofSorted: sorted)
            let within = values.map { min(max($0, low), high) }
            let (mean, variance) = ExactStatistics.moments(within)
            // A constant feature weighs nothing.
            let scale = variance > 0 ? 1 / variance.squareRoot() : 0
            lower.append(low)
            upper.append(high)
            means.append(mean)
            scales.append(scale)
            columns.append(within.map { ($0 - mean) * scale })
        }
        let intercept = labels.reduce(0, +) / Double(labels.count)
        var matrix = (0..<count).map { i in
            (0..<count).map { j in Self.product(columns[i], columns[j]) }
        }
        for feature in 0..<count { matrix[feature][feature] += penalty * Double(rows.count) }
        let right = columns.map { Self.product($0, labels.map { $0 - intercept }) }
        self.lower = lower
        self.upper = upper
        self.means = means
        self.scales = scales
        self.intercept = intercept
        weights = Self.solve(matrix, right)
    }

    package func predict(_ row: [Double]) -> Double {
        var sum = intercept
        for feature in row.indices {
            let value = min(max(row[feature], lower[feature]), upper[feature])
            sum += weights[feature] * (value - means[feature]) * scales[feature]
        }
        return sum
    }

    private static func product(_ a: [Double], _ b: [Double]) -> Double {
        var sum = 0.0
        for place in a.indices { sum += a[place] * b[place] }
        return sum
    }

    /// Cholesky's decomposition; the penalty makes the matrix positive definite.
    private static func solve(_ matrix: [[Double]], _ right: [Double]) -> [Double] {
        let count = right.count
        var root = matrix
        for i in 0..<count {
            for j in 0...i {
                var sum = matrix[i][j]
                for k in 0..<j { sum -= root[i][k] * root[j][k] }
                root[i][j] =
                    i == j ? max(sum, .leastNormalMagnitude).squareRoot() : sum / root[j][j]
            }
        }
        var solution = right
        for i in 0..<count {
            for k in 0..<i { solution[i] -= root[i][k] * solution[k] }
            solution[i] /= root[i][i]
        }
        for i in (0..<count).reversed() {
            for k in i + 1..<count { solution[i] -= root[k][i] * solution[k] }
            solution[i] /= root[i][i]
        }
        return solution
    }
}
