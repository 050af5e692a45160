// SPDX-License-Identifier: Apache-2.0

import RetortGuard
import RetortJSON
import Testing

@Suite("Clusters of keys") struct ClusterTests {
    private let simulator = TrafficSimulator(seed: 9002)

    private func clusters(_ keys: [TrafficSimulator.Key]) -> [MonitorAlert] {
        let monitor = ExtractionMonitor()
        for key in keys { simulator.forEachRequest(of: key) { monitor.add($0) } }
        return monitor.finish().alerts.filter { $0.cluster != nil }
    }

    private func accounts(_ count: Int, share: Double) -> [TrafficSimulator.Key] {
        (0..<count).map { index in
            TrafficSimulator.Key(
                name: "account-\(index)",
                benign: TrafficKind.benign[index % TrafficKind.benign.count], extraction: .hydra,
                share: share, requests: 10 + index % 30, group: 77)
        }
    }

    private func honest(_ count: Int) -> [TrafficSimulator.Key] {
        TrafficKind.benign.flatMap { kind in
            (0..<count).map { index in
                TrafficSimulator.Key(
                    name: "\(kind.rawValue)-\(index)", benign: kind, requests: 30,
                    group: kind == .classroom ? 5 : nil)
            }
        }
    }

    @Test("accounts that share the work of an extraction are found among honest keys")
    func hydra() throws {
        let alerts = clusters(accounts(300, share: 0.5) + honest(12))
        let alert = try #require(alerts.first)
        let found = alert.keys.count { $0.hasPrefix("account-") }
        #expect(Double(found) >= 0.9 * 300)
        #expect(Double(found) >= 0.95 * Double(alert.keys.count))
        #expect(alert.evidence.first?.text.contains("share") == true)
        #expect(alert.json()["keys"]?.arrayValue?.count == alert.keys.count)
        #expect(alert.json()["key"] == nil)
    }

    @Test("none of them is told by itself")
    func alone() {
        let monitor = ExtractionMonitor()
        for key in accounts(60, share: 0.5) {
            simulator.forEachRequest(of: key) { monitor.add($0) }
        }
        let result = monitor.finish()
        #expect(!result.alerts.contains { $0.cluster == nil })
        #expect(result.small == 60)
    }

    @Test("a class that shares templates and an address is no extraction, nor are strangers")
    func classroom() {
        #expect(clusters(honest(30)).isEmpty)
    }

    @Test("the order of the log does not change what is found")
    func order() {
        let keys = accounts(80, share: 0.6)
        #expect(clusters(keys).map(\.keys) == clusters(keys.reversed()).map(\.keys))
    }
}
