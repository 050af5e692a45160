// SPDX-License-Identifier: Apache-2.0
//
// Marks one answer. A place is marked if all the tokens that choose its words are the answer's own: who looks
// for the mark has the answer and not its prompt, and answers to the same prompt stay different.
//
// Where a context has been before in the answer, schemes that keep a token's distribution draw plainly: the same
// words twice would make texts repeat themselves. What is computed is what matters: Gumbel's race is
// argmin -log(u)/p, and a token whose p is below the best so far times the least -log u needs no word.

import RetortTensor

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// A watermark's progress within one answer.
struct Watermarker {
    let scheme: WatermarkScheme
    private let parameters: WatermarkParameters
    private let functions: [WatermarkPRF]
    private let tournament: SynthIDFunction?
    private let greenLimit: UInt32
    /// The last tokens of the answer, the oldest first.
    private var window: [Int32] = []
    private var contexts: Set<UInt64> = []
    private var place: Place?
    private var candidates: [Candidate] = []

    private enum Place {
        case words(WatermarkPRF.Context)
        case table(SynthIDFunction.Context)
    }

    private struct Candidate {
        var token: Int32
        var bits: UInt32
        var weight: Float
    }

    /// Tokens below it are left out of a tournament: all of a large vocabulary are not one in a thousand draws.
    private static let leastCandidate: Float = 1e-10
    /// -log of the largest u.
    private static let leastExponential: Float = 5.96e-8
    /// Logits so far below the best, in temperatures, are not shifted: e^-30.
    private static let range: Float = 30

    /// - Throws: ``EngineError`` if a parameter is out of its range.
    init(_ parameters: WatermarkParameters) throws(EngineError) {
        try parameters.validate()
        self.parameters = parameters
        scheme = parameters.scheme
        functions = parameters.functions
        greenLimit = parameters.greenLimit
        if case .synthIDText(let keys) = parameters.secret {
            tournament = SynthIDFunction(keys: keys)
        } else {
            tournament = nil
        }
        window.reserveCapacity(parameters.contextWidth + 1)
    }

    /// Whether the token at hand is to be marked: to be asked once for each.
    mutating func begin(_ random: inout SplitMix64) -> Bool {
        place = nil
        guard window.count == parameters.contextWidth else { return false }
        if scheme != .greenList {
            guard contexts.insert(WatermarkFingerprint.of(window)).inserted else { return false }
        }
        if let tournament {
            place = .table(tournament.context(window))
        } else {
            let isSecond =
                functions.count > 1 && Double(random.unitFloat()) < parameters.secondKeyShare
            place = .words(functions[isSecond ? 1 : 0].context(window))
        }
        return true
    }

    /// Takes a token into the answer.
    mutating func append(_ token: Int32) {
        if window.count == parameters.contextWidth { window.removeFirst() }
        window.append(token)
    }

    // MARK: Green lists

    /// Adds the bias to the logits of green tokens.
    /// - Parameter largest: Of the logits.
    func shift(
        _ logits: UnsafeMutableBufferPointer<Float>, largest: Float, temperature: Float
    ) {
        guard case .words(let context) = place else { return }
        let bias = parameters.greenBias
        let least = largest - bias - temperature * Self.range
        var group = 0
        while group * 4 < logits.count {
            let members = group * 4..<min(group * 4 + 4, logits.count)
            if members.contains(where: { logits[$0] > least }) {
                let words = context.words(group: UInt32(group))
                for token in members
                where WatermarkParameters.isGreen(words[token & 3], limit: greenLimit) {
                    logits[token] += bias
                }
            }
            group += 1
        }
    }

    // MARK: Gumbel

    /// The token whose u^(1/p) is largest, among those whose probability is at least `threshold`.
    /// - Parameter likeliest: Begins the race, so that most of the others need no word.
    func race(
        _ p: UnsafeMutableBufferPointer<Float>, threshold: Float, likeliest: Int
    ) -> Int {
        guard case .words(let context) = place else { return likeliest }
        var best = Float.infinity
        var winner = likeliest
        func enter(_ group: Int) {
            let words = context.words(group: UInt32(group))
            for token in group * 4..<min(group * 4 + 4, p.count) where p[token] >= threshold {
                let time = -logf(WatermarkPRF.uniform(words[token & 3])) / p[token]
                if time < best {
                    best = time
                    winner = token
                }
            }
        }
        enter(likeliest / 4)
        var group = 0
        while group * 4 < p.count {
            let start = group * 4
            let end = min(start + 4, p.count)
            var most = p[start]
            for token in start + 1..<max(start + 1, end) { most = max(most, p[token]) }
            if most >= threshold, most * best > Self.leastExponential { enter(group) }
            group += 1
        }
        return winner
    }

    // MARK: Tournament

    /// A token drawn after a tournament of two leaves at each layer, in closed form: of the tokens whose
    /// probability is at least `threshold`.
    mutating func tournamentDraw(
        _ p: UnsafeMutableBufferPointer<Float>, threshold: Float, _ random: inout SplitMix64
    ) -> Int {
        collect(p, max(threshold, Self.leastCandidate))
        var total: Float = 0
        for candidate in candidates { total += candidate.weight }
        for index in candidates.indices { candidates[index].weight /= total }
        for layer in 0..<UInt32(parameters.layers) {
            var mass: Float = 0
            for candidate in candidates {
                mass += Float(candidate.bits >> layer & 1) * candidate.weight
            }
            for index in candidates.indices {
                candidates[index].weight *=
                    1 + Float(candidates[index].bits >> layer & 1) - mass
            }
        }
        total = 0
        for candidate in candidates { total += candidate.weight }
        var rest = random.unitFloat() * total
        var last: Int32 = 0
        for candidate in candidates where candidate.weight > 0 {
            last = candidate.token
            rest -= candidate.weight
            if rest < 0 { break }
        }
        return Int(last)
    }

    private mutating func collect(_ p: UnsafeMutableBufferPointer<Float>, _ threshold: Float) {
        candidates.removeAll(keepingCapacity: true)
        guard let place else { return }
        var group = -1
        var words = SIMD4<UInt32>.zero
        for token in p.indices where p[token] >= threshold {
            let bits: UInt32
            switch place {
            case .table(let context):
                bits = tournament?.bits(context, token: Int32(token)) ?? 0
            case .words(let context):
                if token >> 2 != group {
                    group = token >> 2
                    words = context.words(group: UInt32(group))
                }
                bits = words[token & 3]
            }
            candidates.append(Candidate(token: Int32(token), bits: bits, weight: p[token]))
        }
    }
}
