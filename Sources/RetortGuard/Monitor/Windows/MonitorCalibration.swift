// SPDX-License-Identifier: Apache-2.0

import Foundation
import RetortJSON

/// The rule that makes one score of the signals. It is a sum, so that each alert can say what it is made of:
///
///     excess = min(4, max(0, log((value + floor) / (usual + floor))))
///     sum = Σ weight · excess,   score = sum / (sum + alarm)
///
/// `usual` is the value that 97 % of honest windows do not exceed; weights are not negative; a score of 0.5 is an alarm.
public struct MonitorCalibration: Sendable, Equatable {
    /// By ``MonitorSignal``'s order.
    public var usual: [Double]
    public var weights: [Double]
    /// The sum from which on a key is told.
    public var alarm: Double

    public init(usual: [Double], weights: [Double], alarm: Double) {
        self.usual = usual
        self.weights = weights
        self.alarm = alarm
    }

    static let mostExcess = 4.0

    public func excess(_ values: [Double]) -> [Double] {
        MonitorSignal.allCases.enumerated().map { index, signal in
            let ratio = (values[index] + signal.floor) / (usual[index] + signal.floor)
            return min(Self.mostExcess, max(0, log(ratio)))
        }
    }

    /// What each signal adds to the sum.
    public func parts(_ values: [Double]) -> [Double] {
        zip(excess(values), weights).map { $0 * $1 }
    }

    func sum(_ report: WindowReport) -> Double { parts(report.values).reduce(0, +) }

    /// From 0 to 1.
    public func score(sum: Double) -> Double { sum / (sum + alarm) }

    // MARK: JSON

    public var json: JSONValue {
        .object(
            JSONObject([
                ("alarm", .double(alarm)),
                (
                    "signals",
                    .object(
                        JSONObject(
                            MonitorSignal.allCases.enumerated().map { index, signal in
                                (
                                    signal.rawValue,
                                    [
                                        "usual": .double(usual[index]),
                                        "weight": .double(weights[index]),
                                    ]
                                )
                            }))
                ),
            ]))
    }

    /// - Throws: ``GuardError`` if a signal is missing or a number is not usable.
    public init(_ json: JSONValue) throws(GuardError) {
        var usual: [Double] = []
        var weights: [Double] = []
        for signal in MonitorSignal.allCases {
            let entry = json["signals"]?[signal.rawValue]
            guard let value = entry?["usual"]?.doubleValue, value.isFinite, value >= 0,
                let weight = entry?["weight"]?.doubleValue, weight.isFinite, weight >= 0
            else {
                throw GuardError(
                    "the calibration has no usable '\(signal.rawValue)': 'usual' and 'weight' must be numbers from 0 on; 'retort guard calibrate' makes one"
                )
            }
            usual.append(value)
            weights.append(weight)
        }
        guard let alarm = json["alarm"]?.doubleValue, alarm.isFinite, alarm > 0 else {
            throw GuardError("the calibration's 'alarm' must be a number above 0")
        }
        self.init(usual: usual, weights: weights, alarm: alarm)
    }
}
