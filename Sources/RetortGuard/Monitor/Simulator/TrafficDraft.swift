// SPDX-License-Identifier: Apache-2.0

/// A request of the simulator before it has a time and an id.
struct TrafficDraft {
    var system: String?
    var user = ""
    var turns = 1
    var completion = 300
    var reasoning = 0
    var temperature: Double?
    var topP: Double?
    var maxTokens: Int?
    var n = 1
    var logprobs: Int?
    var isStream = false
}

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
    /// A habit, from 0 to 1.
    var habit = 0.5

    /// - Parameters:
    ///   - group: A seed that keys of one class or one cluster share.
    init(kind: TrafficKind, random: SplitMix, group: UInt64? = nil) {
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
        if kind.isExtraction { prepareExtraction(group) } else { prepareBenign(group, all) }
    }

    mutating func domain() -> Int { domains[grammar.random.popular(domains.count)] }

    mutating func next() -> TrafficDraft {
        var draft = TrafficDraft(
            system: system, temperature: temperature, topP: topP, maxTokens: maxTokens,
            isStream: isStream)
        if kind.isExtraction { extract(&draft) } else { work(&draft) }
        return draft
    }
}
