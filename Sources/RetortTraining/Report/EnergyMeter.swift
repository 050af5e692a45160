// SPDX-License-Identifier: Apache-2.0
//
// Linux counts the energy of processor packages and memory in files below /sys/class/powercap
// (https://docs.kernel.org/power/powercap/powercap.html). Often only root may read them.

import Foundation

/// Sums up what the counters say since it was made. Not for two threads at a time.
public final class EnergyMeter {
    /// Where the counters lie on Linux.
    public static let powercap = "/sys/class/powercap"

    private struct Zone {
        let path: String
        /// The largest value, behind which the counter begins at 0 again, in microjoules.
        let range: UInt64
        var last: UInt64
    }

    private var zones: [Zone]
    private var joules = 0.0

    /// - Parameter root: The directory with `intel-rapl:0` and so on.
    /// - Returns: Nil if there are no counters or they cannot be read.
    public init?(root: String = EnergyMeter.powercap) {
        let names = (try? FileManager.default.contentsOfDirectory(atPath: root)) ?? []
        var packages: [String] = []
        var memories: [String] = []
        var platforms: [String] = []
        for name in names.sorted() where name.hasPrefix("intel-rapl:") {
            let path = "\(root)/\(name)"
            let isPart = name.count(where: { $0 == ":" }) > 1
            switch Self.text("\(path)/name") {
            case let kind? where kind.hasPrefix("package") && !isPart: packages.append(path)
            // A part of a package's zone that its counter does not include.
            case "dram"? where isPart: memories.append(path)
            case "psys"? where !isPart: platforms.append(path)
            default: break
            }
        }
        // The platform's counter includes the packages'.
        let chosen = packages.isEmpty ? platforms : packages + memories
        zones = []
        for path in chosen {
            guard let last = Self.number("\(path)/energy_uj"),
                let range = Self.number("\(path)/max_energy_range_uj"), range > 0
            else { return nil }
            zones.append(Zone(path: path, range: range, last: last))
        }
        if zones.isEmpty { return nil }
    }

    /// Joules since the meter was made; nil as soon as a counter cannot be read any more. To be asked
    /// before a counter has gone round: some do within a minute under load.
    public func read() -> Double? {
        for index in zones.indices {
            let zone = zones[index]
            guard let now = Self.number("\(zone.path)/energy_uj") else { return nil }
            let (used, isBefore) = now.subtractingReportingOverflow(zone.last)
            let wrapped = zone.range >= zone.last ? zone.range - zone.last + now : now
            joules += Double(isBefore ? wrapped : used) * 1e-6
            zones[index].last = now
        }
        return joules
    }

    private static func text(_ path: String) -> String? {
        FileManager.default.contents(atPath: path).map {
            String(decoding: $0, as: UTF8.self).trimmingCharacters(in: .whitespacesAndNewlines)
        }
    }

    private static func number(_ path: String) -> UInt64? { text(path).flatMap { UInt64($0) } }
}
