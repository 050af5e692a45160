// SPDX-License-Identifier: Apache-2.0
//
// Seeded traffic of honest and of extracting keys, to calibrate and to measure the monitor with. Texts come from a grammar: what
// holds for them is a lower bound for nothing and an upper bound for nothing in the world, but the same for all who run it.

import Foundation

/// Simulated traffic, key by key.
public struct TrafficSimulator: Sendable {
    public let seed: UInt64
    public let secret: SketchSecret

    /// The beginning of simulated time, 2026-11-02 00:00 UTC, a Monday.
    public static let start = 1_793_577_600.0
    /// When the simulated service brings out a new model.
    public static let release = start + 7 * 86_400

    public init(seed: UInt64, secret: SketchSecret = .open) {
        self.seed = seed
        self.secret = secret
    }

    /// A simulated key.
    public struct Key: Sendable, Equatable {
        public var name: String
        /// What it does beside, or all that it does if it is honest.
        public var benign: TrafficKind
        public var extraction: TrafficKind?
        /// Of its requests, the extraction's.
        public var share: Double
        public var requests: Int
        /// Seed of what keys of a class or of a cluster have in common.
        public var group: UInt64?

        public init(
            name: String, benign: TrafficKind, extraction: TrafficKind? = nil, share: Double = 0,
            requests: Int, group: UInt64? = nil
        ) {
            self.name = name
            self.benign = benign
            self.extraction = extraction
            self.share = share
            self.requests = requests
            self.group = group
        }
    }

    /// Calls `body` with the requests of a key in the order of time.
    /// - Parameter text: Whether the records carry their texts.
    public func forEachRequest(
        of key: Key, text: Bool = false, _ body: (RequestRecord) throws -> Void
    ) rethrows {
        try forEachDraft(of: key) { draft, record in
            var record = record
            record.sketch = RequestSketcher(secret: secret).sketch(
                system: draft.system, user: draft.user, turns: draft.turns)
            if text { record.text = draft.user }
            try body(record)
        }
    }

    func forEachDraft(
        of key: Key, _ body: (TrafficDraft, RequestRecord) throws -> Void
    ) rethrows {
        let name = SipHash(k0: seed, k1: 1).hash(key.name)
        var random = SeededGenerator(seed: seed, name)
        var benign = TrafficPersona(
            kind: key.benign, random: SeededGenerator(seed: random.next()), group: key.group)
        var extraction = key.extraction.map {
            TrafficPersona(kind: $0, random: SeededGenerator(seed: random.next()), group: key.group)
        }
        // Half of those who mix take care to use the same settings for both.
        let isCareful = key.share < 1 && random.chance(0.5)
        var clock = TrafficClock(key: key, random: SeededGenerator(seed: random.next()))
        let client = TrafficClient(key: key, random: &random)
        for index in 0..<key.requests {
            let time = clock.next()
            var isExtraction = false
            if key.extraction != nil {
                var share = key.share
                if key.extraction == .redirect {
                    // Half of what it extracts it does in the two days after the release.
                    let age = time - Self.release
                    share *= age < 0 ? 0.3 : age < 2 * 86_400 ? 1.6 : 0.6
                    share = key.share == 1 ? (age < 0 ? 0.5 : 1) : min(1, share)
                }
                isExtraction = random.chance(share)
            }
            var draft = isExtraction ? extraction?.next() ?? benign.next() : benign.next()
            if isExtraction, isCareful {
                draft.temperature = benign.temperature ?? draft.temperature
                draft.isStream = benign.isStream
                // But an answer that is cut short is worth little.
                if draft.logprobs == nil {
                    draft.maxTokens = benign.maxTokens.map { max(1024, $0) } ?? draft.maxTokens
                }
            }
            let limit = draft.maxTokens.map { $0 * draft.n } ?? .max
            let completion = min(draft.completion, limit)
            let record = RequestRecord(
                id: "\(key.name)-\(index)", time: time, key: key.name,
                address: secret.address(client.address(&random)), userAgent: client.agent,
                model: time >= Self.release && client.followsReleases ? "model-2" : "model-1",
                promptTokens: ((draft.system?.utf8.count ?? 0) + draft.user.utf8.count) / 4
                    + (draft.turns - 1) * 250,
                completionTokens: completion, reasoningTokens: min(draft.reasoning, completion),
                temperature: draft.temperature, topP: draft.topP, maxTokens: draft.maxTokens,
                n: draft.n, logprobs: draft.logprobs, isStream: draft.isStream, thoughts: "full",
                sketch: RequestSketch())
            try body(draft, record)
        }
    }
}
