// SPDX-License-Identifier: Apache-2.0

import RetortGuard
import RetortJSON
import Testing

@Suite("Traffic simulator") struct SimulatorTests {
    private func lines(seed: UInt64, gateway: Bool = false) -> [String] {
        let simulator = TrafficSimulator(seed: seed)
        let keys = simulator.keys(
            honest: 1, extracting: 1, shares: [1, 0.1], accounts: 3, requests: 30)
        var lines: [String] = []
        simulator.forEachLine(of: keys, gateway: gateway) { lines.append($0) }
        return lines
    }

    @Test("there are the kinds that were promised")
    func kinds() {
        #expect(TrafficKind.benign.count >= 12)
        #expect(TrafficKind.extraction.count >= 8)
        #expect(Set(TrafficKind.benign).isDisjoint(with: TrafficKind.extraction))
    }

    @Test("the same seed gives the same traffic, another seed another")
    func seeds() {
        #expect(lines(seed: 1) == lines(seed: 1))
        #expect(lines(seed: 1) != lines(seed: 2))
    }

    @Test("a log has no label: neither of a kind nor of extraction", arguments: [false, true])
    func labels(gateway: Bool) throws {
        for line in lines(seed: 3, gateway: gateway) {
            let value = try JSONValue(parsing: line)
            let names = value.objectValue?.keys ?? []
            #expect(!names.contains("kind") && !names.contains("extraction"))
            let key = value["key"] ?? value["metadata"]?["user_api_key_hash"]
            let name = try #require(key?.stringValue)
            #expect(name.hasPrefix("key-"))
            #expect(!TrafficKind.allCases.contains { name.contains($0.rawValue) })
        }
    }

    @Test("both formats give the monitor the same sketches")
    func formats() throws {
        var ours = RequestLog()
        var gateway = RequestLog()
        let first = lines(seed: 4).compactMap { ours.record(of: Array($0.utf8), number: 1) }
        let second = lines(seed: 4, gateway: true)
            .compactMap { gateway.record(of: Array($0.utf8), number: 1) }
        #expect(first.count > 30 * (TrafficKind.benign.count + 2 * TrafficKind.extraction.count))
        #expect(first.count == second.count)
        #expect(first.map(\.sketch.prompt) == second.map(\.sketch.prompt))
        #expect(first.map(\.sketch.vector) == second.map(\.sketch.vector))
        #expect(first.map(\.n) == second.map(\.n))
        #expect(first.map(\.maxTokens) == second.map(\.maxTokens))
    }

    @Test("requests come in the order of time")
    func times() {
        let simulator = TrafficSimulator(seed: 5)
        for kind in TrafficKind.extraction {
            let key = TrafficSimulator.Key(
                name: "a", benign: .chat, extraction: kind, share: 0.5, requests: 200)
            var before = 0.0
            simulator.forEachRequest(of: key) { record in
                #expect(record.time >= before)
                before = record.time
            }
        }
    }

    @Test("honest kinds do a little of what extraction does a lot of")
    func overlap() {
        let simulator = TrafficSimulator(seed: 6)
        var samples = 0
        var reasoning = 0
        var logprobs = 0
        for kind in TrafficKind.benign {
            for number in 0..<6 {
                let key = TrafficSimulator.Key(name: "\(number)", benign: kind, requests: 200)
                simulator.forEachRequest(of: key) { record in
                    if record.n > 1 { samples += 1 }
                    if record.sketch.trace > 0 { reasoning += 1 }
                    if record.logprobs != nil { logprobs += 1 }
                }
            }
        }
        #expect(samples > 100)
        #expect(reasoning > 100)
        #expect(logprobs > 100)
    }
}
