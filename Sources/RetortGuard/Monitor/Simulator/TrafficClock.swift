// SPDX-License-Identifier: Apache-2.0

import Foundation

/// When the requests of a key come: by people in the day, in batches at night, or steadily by a program.
struct TrafficClock {
    private enum Habit { case people, batches, steady }

    private var random: SeededGenerator
    private let habit: Habit
    private var time: Double
    /// Mean seconds between requests, of the hours in which there are any.
    private let gap: Double
    private var left = 0
    private let offset: Double
    private let burst: Bool

    init(key: TrafficSimulator.Key, random: SeededGenerator) {
        var random = random
        switch key.benign {
        case .chat, .playground, .classroom, .support, .tutor, .mail, .studyCards, .exercises:
            habit = .people
        case .agent, .promptTests, .codeAudit: habit = random.chance(0.5) ? .people : .batches
        default: habit = random.chance(0.5) ? .batches : .steady
        }
        offset = random.between(-5.0, 5.0) * 3600
        // Windows of 1,500 requests last from one day to two weeks.
        let days = random.between(1.0, 14.0)
        burst = key.extraction == .redirect
        gap = days * 86_400 / Double(max(1, key.requests)) * (key.requests < 200 ? 0.6 : 1)
        // So that about half of the keys see the release.
        time =
            burst
            ? TrafficSimulator.release - days * 43_200
            : TrafficSimulator.start + random.between(0.0, 10.0) * 86_400
        self.random = random
    }

    mutating func next() -> Double {
        let before = time
        switch habit {
        case .steady: time += gap * random.exponential()
        case .batches:
            if left == 0 {
                left = random.spread(120, 0.8)
                time += gap * Double(left) * random.between(0.5, 1.5)
            }
            left -= 1
            time += random.exponential() * 2
        case .people:
            time += gap * 0.45 * random.exponential()
            // Few requests at night: the time is skipped.
            let hour = (time + offset).truncatingRemainder(dividingBy: 86_400) / 3600
            if hour < 7 || hour > 23, random.chance(0.8) { time += 3600 * random.between(0.5, 8.0) }
        }
        if burst, time > TrafficSimulator.release, time < TrafficSimulator.release + 2 * 86_400 {
            // Three times as fast.
            time -= gap * 0.3 * random.unit()
            time = max(time, TrafficSimulator.release, before)
        }
        return (time * 1000).rounded() / 1000
    }
}

/// What a key's programs look like from outside.
struct TrafficClient {
    let agent: String
    let followsReleases: Bool
    private let addresses: [String]

    init(key: TrafficSimulator.Key, random: inout SeededGenerator) {
        agent = random.pick(
            "openai-python/2.8.1", "openai-node/6.9.0", "curl/8.14.1", "python-requests/2.32.5",
            "langchain/1.1.0", "go-http-client/2.0")
        followsReleases = random.chance(key.extraction == nil ? 0.6 : 0.8)
        // A class or a cluster of accounts shares some.
        if let group = key.group {
            var shared = SeededGenerator(seed: group)
            let pool = (0..<(key.extraction == .hydra ? 150 : 2)).map { _ in Self.address(&shared) }
            addresses = (0..<random.between(1, 3)).map { _ in random.pick(pool) }
        } else {
            addresses = (0..<random.between(1, 4)).map { _ in Self.address(&random) }
        }
    }

    func address(_ random: inout SeededGenerator) -> String { random.pick(addresses) }

    private static func address(_ random: inout SeededGenerator) -> String {
        "\(random.between(11, 220)).\(random.below(256)).\(random.below(256)).\(random.below(256))"
    }
}
