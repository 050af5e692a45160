// SPDX-License-Identifier: Apache-2.0

/// A cluster of accounts among honest keys, to measure how well it is found.
public struct ClusterTrial: Sendable {
    public struct Result: Sendable {
        /// Accounts of the cluster that an alert names, over all of them.
        public let recall: Double
        /// Of the keys that alerts of clusters name, those of the cluster.
        public let precision: Double
        public let clusters: Int
        /// Accounts that would be told by themselves.
        public let alone: Int
        public let honest: Int
        /// Honest keys that an alert of a cluster names.
        public let mistaken: [String]
    }

    private let simulator: TrafficSimulator
    private let reference: ReferenceProfile
    private let accounts: Int
    private let share: Double

    /// - Parameters:
    ///   - accounts: Of the cluster; each has 8 to 40 requests.
    ///   - share: Of their requests, the extraction's; the others are honest work of all kinds.
    public init(
        seed: UInt64, reference: ReferenceProfile, accounts: Int = 1000, share: Double = 0.5
    ) {
        simulator = TrafficSimulator(seed: seed)
        self.reference = reference
        self.accounts = accounts
        self.share = share
    }

    /// Classes of 30 pupils, other keys of 20 to 400 requests, and the accounts.
    public func keys(honestOfEachKind count: Int) -> [TrafficSimulator.Key] {
        var random = SeededGenerator(seed: simulator.seed, 77)
        var keys: [TrafficSimulator.Key] = []
        for kind in TrafficKind.benign {
            for index in 0..<count {
                keys.append(
                    .init(
                        name: "k-\(kind.rawValue)-\(index)", benign: kind,
                        requests: random.spread(90, 0.8) + 20,
                        group: kind == .classroom ? simulator.seed &+ UInt64(index / 30) : nil))
            }
        }
        for index in 0..<accounts {
            keys.append(
                .init(
                    name: "account-\(index)",
                    benign: TrafficKind.benign[random.below(TrafficKind.benign.count)],
                    extraction: .hydra, share: share, requests: random.between(8, 40),
                    group: simulator.seed &+ 1_000_000))
        }
        return keys
    }

    public func run(honestOfEachKind count: Int = 60, calibration: MonitorCalibration) -> Result {
        var settings = MonitorSettings()
        settings.calibration = calibration
        settings.reference = reference
        let monitor = ExtractionMonitor(settings: settings)
        for key in keys(honestOfEachKind: count) {
            simulator.forEachRequest(of: key) { monitor.add($0) }
        }
        let result = monitor.finish()
        let clusters = result.alerts.filter { $0.cluster != nil }
        let named = Set(clusters.flatMap(\.keys))
        let found = named.count(where: { $0.hasPrefix("account-") })
        return Result(
            recall: Double(found) / Double(max(1, accounts)),
            precision: named.isEmpty ? 1 : Double(found) / Double(named.count),
            clusters: clusters.count,
            alone: result.alerts.count { $0.cluster == nil && $0.keys[0].hasPrefix("account-") },
            honest: count * TrafficKind.benign.count,
            mistaken: named.filter { !$0.hasPrefix("account-") }.sorted())
    }
}
