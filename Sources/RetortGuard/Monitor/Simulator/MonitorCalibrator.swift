// SPDX-License-Identifier: Apache-2.0

import Foundation

/// Finds a calibration on simulated windows.
public enum MonitorCalibrator {
    /// Signals that the rule leaves out: the simulator's honest keys do not vary in them as real ones do. They are told as evidence.
    static let left: [MonitorSignal] = [.template, .settings, .growth]

    /// Weights that are not let below this: in the simulator these signals add nothing to the others, but they speak without a
    /// lexicon. None is an alarm by itself.
    static let least: [MonitorSignal: Double] = [.distance: 0.25, .sharedPrompts: 0.1]

    /// `usual` from the honest windows, weights by logistic regression with weights from 0 on and a penalty on large ones, the alarm
    /// above what honest windows reach.
    public static func calibrate(_ rows: [MonitorTrial.Row]) -> MonitorCalibration {
        let honest = rows.filter { $0.share == 0 && !$0.values.isEmpty }
        let signals = MonitorSignal.allCases
        var calibration = MonitorCalibration(
            usual: signals.indices.map { index in quantile(honest.map { $0.values[index] }, 0.97) },
            weights: signals.map { left.contains($0) ? 0 : 1 }, alarm: 1)
        // Where most honest windows have nothing at all, a rate of 0.1 % is usual nevertheless.
        for (index, signal) in signals.enumerated() where signal.floor < 0.1 {
            calibration.usual[index] = max(0.001, calibration.usual[index])
        }
        let usable = rows.filter { !$0.values.isEmpty }
        calibration.weights = weights(
            usable.map { calibration.excess($0.values) }, usable.map { $0.share > 0 },
            free: signals.map { !left.contains($0) }, least: signals.map { least[$0] ?? 0 })
        let sums = honest.map { calibration.parts($0.values).reduce(0, +) }
        // Above what all honest windows but two in 1,000 reach, and a seventh more for kinds that the simulator does not know.
        calibration.alarm = max(0.1, quantile(sums, 0.998) * 1.15)
        return calibration
    }

    static func quantile(_ values: [Double], _ share: Double) -> Double {
        let sorted = values.sorted()
        guard !sorted.isEmpty else { return 0 }
        return sorted[min(sorted.count - 1, Int(share * Double(sorted.count)))]
    }

    /// Projected gradient steps; honest and extracting windows weigh the same together.
    private static func weights(
        _ rows: [[Double]], _ labels: [Bool], free: [Bool], least: [Double]
    ) -> [Double] {
        var weights = free.map { $0 ? 1.0 : 0 }
        var bias = -1.0
        let positives = Double(max(1, labels.count(where: { $0 })))
        let negatives = Double(max(1, labels.count(where: { !$0 })))
        for step in 0..<3000 {
            var gradient = weights.map { 0.002 * $0 }
            var biasGradient = 0.0
            for (row, label) in zip(rows, labels) {
                let sum = zip(row, weights).reduce(bias) { $0 + $1.0 * $1.1 }
                let error =
                    (1 / (1 + exp(-sum)) - (label ? 1 : 0)) / (label ? positives : negatives)
                biasGradient += error
                for index in row.indices { gradient[index] += error * row[index] }
            }
            let rate = 2 / (1 + Double(step) / 500)
            bias -= rate * biasGradient
            for index in weights.indices where free[index] {
                weights[index] = max(least[index], weights[index] - rate * gradient[index])
            }
        }
        return weights
    }
}
