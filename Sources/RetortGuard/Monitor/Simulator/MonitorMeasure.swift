// SPDX-License-Identifier: Apache-2.0

import RetortJSON

/// How often a calibration tells keys, by kind and share.
public struct MonitorMeasure: Sendable {
    private struct Count: Sendable {
        var told = 0
        var all = 0

        var json: JSONValue {
            ["told": .integer(Int64(told)), "keys": .integer(Int64(all)), "rate": .double(rate)]
        }
        var rate: Double { Rate.of(told, all) }
    }

    private let calibration: MonitorCalibration
    private var counts: [TrafficKind: [Double: Count]] = [:]
    /// Of the window test by itself: windows further away than 95 % of the reference's.
    private var distances: [Double: Count] = [:]

    public init(_ calibration: MonitorCalibration) { self.calibration = calibration }

    public mutating func add(_ rows: [MonitorTrial.Row]) {
        let distance = MonitorSignal.allCases.firstIndex(of: .distance)
        for row in rows where !row.values.isEmpty {
            let sum = calibration.parts(row.values).reduce(0, +)
            counts[row.kind, default: [:]][row.share, default: Count()].all += 1
            let isGrey = TrafficKind.grey.contains(row.kind)
            if !isGrey { distances[row.share, default: Count()].all += 1 }
            if sum >= calibration.alarm { counts[row.kind]?[row.share]?.told += 1 }
            if let distance, !isGrey, row.values[distance] > 1 { distances[row.share]?.told += 1 }
        }
    }

    /// The share of keys told at a share of extraction: 0 for honest ones.
    public func rate(share: Double) -> Double { total(share).rate }

    private func total(_ share: Double) -> Count {
        counts.filter { !TrafficKind.grey.contains($0.key) }.values.compactMap { $0[share] }.reduce(
            into: Count()
        ) {
            $0.told += $1.told
            $0.all += $1.all
        }
    }

    public var json: JSONValue {
        let shares = Set(counts.values.flatMap(\.keys)).sorted()
        return .object(
            JSONObject(
                shares.map { share in
                    var object = total(share).json.objectValue ?? JSONObject()
                    object["window_test_alone"] = distances[share].map { .double($0.rate) }
                    object["kinds"] = .object(
                        JSONObject(
                            TrafficKind.allCases.compactMap { kind in
                                // In the list, but not in the sum.
                                counts[kind]?[share].map { (kind.rawValue, $0.json) }
                            }))
                    return (share == 0 ? "honest" : "share_\(share)", .object(object))
                }))
    }
}
