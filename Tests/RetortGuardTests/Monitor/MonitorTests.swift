// SPDX-License-Identifier: Apache-2.0

import RetortGuard
import RetortJSON
import TestSupport
import Testing

@Suite("Extraction monitor") struct MonitorTests {
    private let simulator = TrafficSimulator(seed: 9001)

    /// What the monitor says of keys by themselves.
    private func judge(
        _ keys: [TrafficSimulator.Key], _ settings: MonitorSettings = MonitorSettings(),
        appeals: Appeals = Appeals()
    ) -> ExtractionMonitor.Result {
        let monitor = ExtractionMonitor(settings: settings)
        for key in keys { simulator.forEachRequest(of: key) { monitor.add($0) } }
        return monitor.finish(appeals: appeals)
    }

    private func key(
        _ name: String, _ benign: TrafficKind, _ extraction: TrafficKind? = nil, share: Double = 0,
        requests: Int = 1500
    ) -> TrafficSimulator.Key {
        TrafficSimulator.Key(
            name: name, benign: benign, extraction: extraction, share: share, requests: requests)
    }

    @Test("heavy honest keys of every kind are not told", arguments: TrafficKind.benign)
    func honest(kind: TrafficKind) {
        #expect(judge([key("a", kind), key("b", kind)]).alerts.isEmpty)
    }

    @Test("pure extraction of every kind is told", arguments: TrafficKind.extraction)
    func pure(kind: TrafficKind) throws {
        let result = judge([key("a", .chat, kind, share: 1), key("b", .translation)])
        let alert = try #require(result.alerts.first)
        #expect(result.alerts.map(\.keys) == [["a"]])
        #expect(alert.score >= 0.5 && alert.score < 1)
        #expect(alert.action > .watch)
        #expect(!alert.evidence.isEmpty)
    }

    @Test("a quarter of a key's traffic tells it", arguments: TrafficKind.extraction)
    func mixed(kind: TrafficKind) {
        let result = judge([key("a", .summaries, kind, share: 0.25)])
        #expect(result.alerts.count == 1)
    }

    @Test("hidden reasoning that is asked for leads to hiding it, with requests to look at")
    func evidence() throws {
        let result = judge([key("a", .support, .elicitation, share: 0.5)])
        let alert = try #require(result.alerts.first)
        let evidence = try #require(alert.evidence.first { $0.signal == .traceSeeking })
        #expect(alert.action == .hideThoughts || alert.action == .block)
        #expect(evidence.value > evidence.usual)
        #expect(evidence.text.contains("hidden reasoning"))
        #expect(evidence.examples.count == 3)
        let json = alert.json()
        #expect(json["key"] == "a")
        #expect(json["score"]?.doubleValue ?? 0 >= 0.5)
        #expect(json["action"]?.stringValue == alert.action.rawValue)
        #expect(json["evidence"]?.arrayValue?.count == alert.evidence.count)
        // No text, even if the records have some.
        #expect(json["evidence"]?.arrayValue?.first?["texts"] == nil)
        let example = evidence.examples[0]
        #expect(alert.json(texts: [example: "the text"]).text().contains("the text"))
    }

    @Test("few requests prove little")
    func small() {
        let result = judge([key("a", .chat, .elicitation, share: 1, requests: 150)])
        #expect(result.alerts.isEmpty)
        #expect(result.small == 1)
        let enough = judge([key("a", .chat, .elicitation, share: 1, requests: 250)])
        #expect(enough.alerts.count == 1)
    }

    @Test("what came before does not hide what comes after: windows end")
    func later() {
        let monitor = ExtractionMonitor()
        simulator.forEachRequest(of: key("quiet", .mail, requests: 6000)) { record in
            var record = record
            record.key = "a"
            monitor.add(record)
        }
        simulator.forEachRequest(of: key("loud", .mail, .coverage, share: 0.5)) { record in
            var record = record
            record.key = "a"
            monitor.add(record)
        }
        #expect(monitor.finish().alerts.count == 1)
    }

    @Test("memory is the same for a key of many requests")
    func memory() {
        let few = judge([key("a", .chat, requests: 1600)]).mostKeyBytes
        let many = judge([key("a", .chat, requests: 16_000)]).mostKeyBytes
        #expect(few == many)
        #expect(many < 40_000)
    }

    @Test("a turn to extraction right after a release is seen")
    func release() throws {
        var settings = MonitorSettings()
        settings.releases = [TrafficSimulator.release]
        let result = judge([key("a", .mail, .redirect, share: 0.5)], settings)
        let alert = try #require(result.alerts.first)
        #expect(alert.evidence.contains { $0.signal == .release })
        #expect(
            !judge([key("a", .mail, .redirect, share: 0.5)]).alerts
                .contains { $0.evidence.contains { $0.signal == .release } })
    }

    @Test("prompts that another key had are counted")
    func shared() throws {
        let monitor = ExtractionMonitor()
        for name in ["a", "b"] {
            simulator.forEachRequest(of: key("same", .chat, .elicitation, share: 1)) { record in
                var record = record
                record.key = name
                monitor.add(record)
            }
        }
        let alerts = monitor.finish().alerts.filter { $0.cluster == nil }
        let place = try #require(MonitorSignal.allCases.firstIndex(of: .sharedPrompts))
        #expect(alerts.count == 2)
        #expect(alerts.map { $0.values[place] }.max() ?? 0 > 0.8)
        #expect(alerts.map { $0.values[place] }.min() ?? 1 == 0)
    }

    @Test("the window test tells traffic like the reference from other traffic")
    func distance() throws {
        let place = try #require(MonitorSignal.allCases.firstIndex(of: .distance))
        var builder = ReferenceBuilder()
        for kind in TrafficKind.benign.prefix(6) {
            for number in 0..<2 {
                let key = key("reference-\(kind)-\(number)", kind)
                simulator.forEachRequest(of: key) { builder.add($0) }
            }
        }
        var settings = MonitorSettings()
        settings.reference = builder.profile()
        settings.calibration.alarm = 1e-9
        settings.calibration.weights = settings.calibration.weights.map { $0 + 1e-6 }
        settings.calibration.usual = settings.calibration.usual.map { _ in 0 }
        let alike = judge([key("a", .chat)], settings).alerts.first?.values[place] ?? .infinity
        let other = judge([key("b", .chat, .topicSweep, share: 1)], settings).alerts.first?
            .values[place]
        #expect(alike < 1)
        #expect(other ?? 0 > 1)
    }

    @Test("an exempt key is not told until its date")
    func exempt() throws {
        let folder = try TemporaryFolder()
        let log = try AuditLog(path: folder.path("audit"))
        let keys = [key("a", .chat, .elicitation, share: 1)]
        for (until, isExempt) in [(2e9, true), (1e9, false)] {
            try log.append(
                kind: "appeal", Appeals.body(key: "a", until: until, reason: "r", by: "b"), time: 1)
            let result = judge(keys, appeals: try Appeals(log))
            #expect(result.exempt == (isExempt ? ["a"] : []))
            #expect(result.alerts.isEmpty == isExempt)
        }
    }

    @Test("a calibration comes back from JSON, and a damaged one is refused")
    func calibration() throws {
        let standard = MonitorCalibration.standard
        #expect(try MonitorCalibration(standard.json) == standard)
        #expect(standard.score(sum: standard.alarm) == 0.5)
        for damage in [
            "[]", #"{"alarm":1}"#,
            standard.json.text().replacing("\"alarm\":", with: "\"alarm\":-"),
            standard.json.text().replacing("\"weight\":", with: "\"weight\":-"),
            standard.json.text().replacing("synthesis", with: "other"),
        ] {
            #expect(throws: GuardError.self) {
                try MonitorCalibration(JSONValue(parsing: damage))
            }
        }
    }

    @Test("the built-in weights are not negative, and no signal is an alarm that honest keys reach")
    func standard() {
        let standard = MonitorCalibration.standard
        #expect(standard.weights.allSatisfy { $0 >= 0 })
        #expect(standard.parts(standard.usual).reduce(0, +) == 0)
        // Prompts of others and the distance to the reference are not enough by themselves.
        for signal in [MonitorSignal.distance, .sharedPrompts, .growth, .template, .settings] {
            var values = standard.usual
            for (index, other) in MonitorSignal.allCases.enumerated() where other == signal {
                values[index] = 1e6
            }
            #expect(standard.parts(values).reduce(0, +) < standard.alarm)
        }
    }
}
