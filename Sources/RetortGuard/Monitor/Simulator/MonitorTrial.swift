// SPDX-License-Identifier: Apache-2.0

/// Windows of simulated keys and what they are, to calibrate and to measure.
public struct MonitorTrial: Sendable {
    public struct Row: Sendable {
        public let kind: TrafficKind
        /// 0 for honest keys.
        public let share: Double
        /// By ``MonitorSignal``'s order.
        public let values: [Double]

        public init(kind: TrafficKind, share: Double, values: [Double]) {
            self.kind = kind
            self.share = share
            self.values = values
        }
    }

    public let simulator: TrafficSimulator
    public let requests: Int
    public let reference: ReferenceProfile

    /// - Parameter references: Honest keys of each kind that the reference is made of.
    public init(seed: UInt64, requests: Int = 1500, references: Int = 3) {
        simulator = TrafficSimulator(seed: seed)
        self.requests = requests
        var builder = ReferenceBuilder()
        for kind in TrafficKind.benign {
            for index in 0..<references {
                let key = TrafficSimulator.Key(
                    name: "reference-\(kind.rawValue)-\(index)", benign: kind, requests: requests)
                simulator.forEachRequest(of: key) { builder.add($0) }
            }
        }
        reference = builder.profile()
    }

    /// Honest keys, `count` of each kind.
    public func benign(_ kind: TrafficKind, count: Int) -> [Row] {
        (0..<count).map { index in
            row(
                TrafficSimulator.Key(
                    name: "\(kind.rawValue)-\(index)", benign: kind, requests: requests,
                    group: kind == .classroom ? UInt64(index / 30) + simulator.seed : nil),
                kind)
        }
    }

    /// Keys that extract, beside honest traffic of all kinds in turn.
    public func extraction(_ kind: TrafficKind, share: Double, count: Int) -> [Row] {
        (0..<count).map { index in
            let beside = TrafficKind.benign[index % TrafficKind.benign.count]
            return row(
                TrafficSimulator.Key(
                    name: "\(kind.rawValue)-\(share)-\(index)", benign: beside, extraction: kind,
                    share: share, requests: requests), kind)
        }
    }

    /// Shares of extraction that are measured.
    public static let shares = [1, 0.5, 0.25, 0.1, 0.05]

    /// Honest keys that are hard to tell from extraction.
    public func grey(count: Int) -> [Row] {
        TrafficKind.grey.flatMap { benign($0, count: count) }
    }

    /// All kinds, those of extraction at all shares.
    public func all(count: Int) -> [Row] {
        TrafficKind.benign.flatMap { benign($0, count: count) }
            + TrafficKind.extraction.flatMap { kind in
                Self.shares.flatMap { extraction(kind, share: $0, count: count) }
            }
    }

    private func row(_ key: TrafficSimulator.Key, _ kind: TrafficKind) -> Row {
        var settings = MonitorSettings()
        settings.window = requests
        settings.reference = reference
        settings.releases = [TrafficSimulator.release]
        let monitor = ExtractionMonitor(settings: settings)
        simulator.forEachRequest(of: key) { monitor.add($0) }
        return Row(
            kind: kind, share: key.extraction == nil ? 0 : key.share,
            values: monitor.keys[key.name]?.worst?.report.values ?? [])
    }
}
