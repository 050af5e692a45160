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
    /// Of a tournament: its tokens, their g-values and probabilities.
    private var tokens: [Int32] = []
    private var bits: [UInt32] = []
    private var weights: [Float] = []
    private let kernels: Kernels

    private enum Place {
        case words(WatermarkPRF.Context)
        case table(SynthIDFunction.Context)
    }

    /// Tokens below it are left out of a tournament: all of a large vocabulary are not one in a thousand draws.
    private static let leastCandidate: Float = 1e-10
    /// -log of the largest u.
    private static let leastExponential: Float = 5.96e-8
    /// Logits so far below the best, in temperatures, are not shifted: e^-30.
    private static let range: Float = 30

    /// - Throws: ``EngineError`` if a parameter is out of its range.
    init(_ parameters: WatermarkParameters, _ kernels: Kernels) throws(EngineError) {
        try parameters.validate()
        self.kernels = kernels
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

    // MARK: Words

    /// Words are drawn for so many tokens at a time, if at least one of them is in question.
    private static let block = 64

    /// Goes through the tokens in blocks.
    /// - Parameters:
    ///   - isNeeded: Whether one of these tokens needs its word.
    ///   - body: Gets the block's tokens, and the words from the first of them on.
    @inline(__always)
    private static func forEachBlock(
        _ count: Int, _ context: WatermarkPRF.Context, _ kernels: Kernels,
        _ isNeeded: (Range<Int>) -> Bool,
        _ body: (Range<Int>, UnsafeMutableBufferPointer<UInt32>) -> Void
    ) {
        withUnsafeTemporaryAllocation(of: UInt32.self, capacity: block) { words in
            for start in stride(from: 0, to: count, by: block) {
                let tokens = start..<min(start + block, count)
                guard isNeeded(tokens) else { continue }
                context.fill(words, group: UInt32(start / 4), kernels)
                body(tokens, words)
            }
        }
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
        Self.forEachBlock(logits.count, context, kernels) {
            Self.largest(logits, $0) > least
        } _: { tokens, words in
            let part = UnsafeMutableBufferPointer(rebasing: logits[tokens])
            guard let words = words.baseAddress else { return }
            kernels.add(bias, to: part, where: words, areBelow: greenLimit)
        }
    }

    @inline(__always)
    private static func largest(_ x: UnsafeMutableBufferPointer<Float>, _ range: Range<Int>)
        -> Float
    {
        var largest = -Float.infinity
        for index in range where x[index] > largest { largest = x[index] }
        return largest
    }

    // MARK: Gumbel

    /// The token whose u^(1/p) is largest, among those whose probability is at least `threshold`.
    /// - Parameter likeliest: Begins the race, so that most of the others need no word.
    func race(
        _ p: UnsafeMutableBufferPointer<Float>, threshold: Float, likeliest: Int
    ) -> Int {
        guard case .words(let context) = place else { return likeliest }
        var winner = likeliest
        var best = -logf(WatermarkPRF.uniform(context.word(token: Int32(likeliest)))) / p[likeliest]
        Self.forEachBlock(p.count, context, kernels) { tokens in
            let most = Self.largest(p, tokens)
            return most >= threshold && most * best > Self.leastExponential
        } _: { tokens, words in
            for token in tokens where p[token] >= threshold {
                let u = WatermarkPRF.uniform(words[token - tokens.lowerBound])
                // -log u is more than 1 - u, which decides nearly all.
                guard 1 - u < best * p[token] else { continue }
                let time = -logf(u) / p[token]
                if time < best {
                    best = time
                    winner = token
                }
            }
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
        let total = weights.reduce(0, +)
        let (layers, kernels) = (parameters.layers, kernels)
        weights.withUnsafeMutableBufferPointer { weights in
            for index in weights.indices { weights[index] /= total }
            bits.withUnsafeBufferPointer { bits in
                if let bits = bits.baseAddress {
                    kernels.tournament(weights, bits: bits, layers: layers)
                }
            }
        }
        var rest = random.unitFloat() * weights.reduce(0, +)
        var last = 0
        for (index, weight) in weights.enumerated() where weight > 0 {
            last = index
            rest -= weight
            if rest < 0 { break }
        }
        return tokens.isEmpty ? 0 : Int(tokens[last])
    }

    private mutating func add(_ token: Int, _ bits: UInt32, _ weight: Float) {
        tokens.append(Int32(token))
        self.bits.append(bits)
        weights.append(weight)
    }

    private mutating func collect(_ p: UnsafeMutableBufferPointer<Float>, _ threshold: Float) {
        tokens.removeAll(keepingCapacity: true)
        bits.removeAll(keepingCapacity: true)
        weights.removeAll(keepingCapacity: true)
        switch place {
        case nil: return
        case .table(let context):
            for token in p.indices where p[token] >= threshold {
                add(token, tournament?.bits(context, token: Int32(token)) ?? 0, p[token])
            }
        case .words(let context):
            Self.forEachBlock(p.count, context, kernels) {
                Self.largest(p, $0) >= threshold
            } _: { block, words in
                for token in block where p[token] >= threshold {
                    add(token, words[token - block.lowerBound], p[token])
                }
            }
        }
    }
}
