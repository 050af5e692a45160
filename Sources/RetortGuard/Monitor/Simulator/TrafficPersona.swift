// SPDX-License-Identifier: Apache-2.0

/// What is the same for all requests of one key.
struct TrafficPersona {
    let kind: TrafficKind
    var grammar: TextGrammar
    var domains: [Int]
    var system: String?
    var templates: [String] = []
    var languages: [Int] = []
    var temperature: Double?
    var topP: Double?
    var maxTokens: Int?
    var isStream = false
    /// Texts that come again.
    var pool: [String] = []
    /// The next of `pool`, or of a list.
    var cursor = 0
    /// A conversation that goes on.
    var turn = 0
    /// Another program of the same key, with settings of its own: how much of the traffic is its.
    var other = 0.0
    var otherTemperature: Double?
    var otherTokens: Int?
    /// A habit, from 0 to 1.
    var habit = 0.5

    /// - Parameters:
    ///   - group: A seed that keys of one class or one cluster share.
    init(kind: TrafficKind, random: SeededGenerator, group: UInt64? = nil) {
        self.kind = kind
        grammar = TextGrammar(random: random)
        domains = []
        let isBroad = kind.isExtraction ? grammar.random.chance(0.7) : false
        let count = isBroad ? Vocabulary.domains.count : grammar.random.between(1, 4)
        var all = Array(Vocabulary.domains.indices)
        all.shuffle(using: &grammar.random)
        domains = Array(all.prefix(kind.isExtraction ? max(6, count) : count))
        temperature = grammar.random.pick(nil, nil, 0.0, 0.2, 0.7, 1.0)
        topP = grammar.random.pick(nil, nil, nil, 0.9, 0.95, 1.0)
        maxTokens = grammar.random.pick(nil, 512, 1024, 2048, 4096)
        habit = grammar.random.unit()
        other = max(0, grammar.random.between(-0.5, 0.5))
        otherTemperature = grammar.random.pick(nil, 0.0, 0.3, 1.0)
        otherTokens = grammar.random.pick(nil, 300, 800, 4000)
        if kind.isExtraction { prepareExtraction(group) } else { prepareBenign(group, all) }
    }

    mutating func domain() -> Int { domains[grammar.random.popular(domains.count)] }

    mutating func next() -> TrafficDraft {
        var draft = TrafficDraft(
            system: system, temperature: temperature, topP: topP, maxTokens: maxTokens,
            isStream: isStream)
        if kind.isExtraction { extract(&draft) } else { work(&draft) }
        if !kind.isExtraction, grammar.random.chance(other), draft.logprobs == nil {
            draft.temperature = otherTemperature
            if kind != .labelling { draft.maxTokens = otherTokens }
        }
        return draft
    }
}
