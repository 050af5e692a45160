// SPDX-License-Identifier: Apache-2.0

extension MonitorAlert.Evidence {
    /// The evidence of a window, what weighs most first; what adds less than a tenth of an alarm is left out.
    static func list(_ report: WindowReport, _ calibration: MonitorCalibration) -> [Self] {
        let parts = calibration.parts(report.values)
        return MonitorSignal.allCases.enumerated()
            .filter { parts[$0.offset] >= 0.1 * calibration.alarm }
            .sorted { parts[$0.offset] > parts[$1.offset] }
            .map { index, signal in
                let traits = signal.trait
                return Self(
                    signal: signal, value: report.values[index], usual: calibration.usual[index],
                    part: parts[index] / calibration.alarm,
                    examples: traits.map { report.examples[$0.rawValue] } ?? [],
                    text: text(
                        signal, report, value: report.values[index],
                        usual: calibration.usual[index]))
            }
    }

    private static func text(
        _ signal: MonitorSignal, _ report: WindowReport, value: Double, usual: Double
    ) -> String {
        let many = usual + signal.floor > 0 ? (value + signal.floor) / (usual + signal.floor) : 0
        let factor = number(many)
        if let trait = signal.trait {
            return
                "\(signal.title): \(report.counts[trait.rawValue]) of \(report.requests) requests, \(factor) times the measure of 97 % of honest keys"
        }
        return "\(signal.title): \(number(value)), of 97 % of honest keys at most \(number(usual))"
    }

    static func number(_ value: Double) -> String {
        guard value.isFinite else { return "?" }
        let scale = value < 1 ? 1000.0 : value < 10 ? 10 : 1
        let rounded = (value * scale).rounded() / scale
        return scale == 1 ? "\(Int(min(rounded, 1e9)))" : "\(rounded)"
    }
}

extension MonitorSignal {
    /// The requests that it counts.
    var trait: RequestTrait? {
        switch self {
        case .traceSeeking: return .traceStrong
        case .reasoningSweep: return .trace
        case .synthesis: return .synthesis
        case .sampling: return .samples
        case .logprobs: return .logprobs
        case .bareSweep, .templateSweep: return .bareLong
        case .languages: return .foreign
        default: return nil
        }
    }
}
