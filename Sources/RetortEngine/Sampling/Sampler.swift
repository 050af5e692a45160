// SPDX-License-Identifier: Apache-2.0
//
// Chooses tokens in a few linear passes over the vocabulary: a histogram over the leading bits of
// the probabilities finds where top-k and top-p cut, and only the bucket of the cut is sorted.

import RetortTensor

/// Chooses tokens for one sequence and remembers what the penalties need.
public final class Sampler {
    public let parameters: SamplingParameters
    /// The seed in use, also where the parameters left it open.
    public let seed: UInt64
    private let vocabSize: Int
    private let table: Kernels
    private var random: SplitMix64
    /// How often each token stands in the answer so far.
    private var answerCounts: [UInt32]
    private var isSeen: [Bool]
    private var seen: [Int32] = []
    private let bias: [(token: Int, value: Float)]
    private var histogram: [Bucket]
    private var edge: [Float] = []
    private var watermarker: Watermarker?
    private var isFirst = true

    private struct Bucket {
        var count = 0
        var mass: Float = 0
    }

    /// Buckets by exponent and the first 4 bits of the fraction of a probability below 2.
    private static let bucketShift = 19
    private static let bucketCount = Int(Float(2).bitPattern >> 19)

    /// - Throws: ``EngineError`` if a parameter is out of its range.
    public init(parameters: SamplingParameters, vocabSize: Int) throws {
        try parameters.validate()
        self.parameters = parameters
        self.vocabSize = vocabSize
        let table = try Kernels.current()
        self.table = table
        watermarker = try parameters.watermark.map { try Watermarker($0, table) }
        seed = parameters.seed ?? UInt64.random(in: .min ... .max)
        random = SplitMix64(seed: seed)
        let needsCounts =
            parameters.repetitionPenalty != 1 || parameters.presencePenalty != 0
            || parameters.frequencyPenalty != 0
        answerCounts = Array(repeating: 0, count: needsCounts ? vocabSize : 0)
        isSeen = Array(repeating: false, count: needsCounts ? vocabSize : 0)
        bias = parameters.logitBias.compactMap { token, value in
            token >= 0 && Int(token) < vocabSize ? (Int(token), value) : nil
        }
        histogram = Array(repeating: Bucket(), count: parameters.isGreedy ? 0 : Self.bucketCount)
    }

    /// Tells the penalties what the prompt holds.
    public func observe(prompt: some Sequence<Int32>) {
        guard !isSeen.isEmpty else { return }
        for token in prompt { markSeen(token) }
    }

    /// Tells of a token of the answer that was not chosen here.
    public func observe(forced token: Int32) { watermarker?.append(token) }

    private func markSeen(_ token: Int32) {
        guard isSeen.indices.contains(Int(token)), !isSeen[Int(token)] else { return }
        isSeen[Int(token)] = true
        seen.append(token)
    }

    /// Chooses the next token. The logits are overwritten.
    /// - Parameter logits: `[vocabSize]`.
    /// - Throws: ``EngineError`` if there is no finite logit to choose from.
    public func next(_ logits: UnsafeMutableBufferPointer<Float>) throws(EngineError) -> Int32 {
        guard logits.count == vocabSize, let base = logits.baseAddress else {
            throw EngineError("\(logits.count) logits were given for \(vocabSize) tokens")
        }
        if isFirst {
            for token in parameters.bannedFirst where logits.indices.contains(Int(token)) {
                base[Int(token)] = -.infinity
            }
            isFirst = false
        }
        for entry in bias { base[entry.token] += entry.value }
        applyPenalties(base)
        var best = Self.largest(logits)
        guard best.value.isFinite else { throw Self.notFinite }
        let isMarked = watermarker?.begin(&random) ?? false
        if isMarked, watermarker?.scheme == .greenList {
            watermarker?.shift(
                logits, largest: best.value,
                temperature: parameters.isGreedy ? 0 : parameters.temperature)
            best = Self.largest(logits)
        }
        var token = best.index
        if !parameters.isGreedy {
            table.probabilities(logits, temperature: parameters.temperature)
            // A single NaN among the logits makes every probability NaN.
            guard base[token].isFinite else { throw Self.notFinite }
            token = isMarked ? mark(logits, likeliest: token) : draw(logits)
        }
        watermarker?.append(Int32(token))
        if !isSeen.isEmpty {
            markSeen(Int32(token))
            answerCounts[token] += 1
        }
        return Int32(token)
    }

    private static let notFinite = EngineError(
        "the model's logits are not finite; its weights may be damaged")

    private func applyPenalties(_ logits: UnsafeMutablePointer<Float>) {
        for token in seen {
            let index = Int(token)
            var logit = logits[index]
            let penalty = parameters.repetitionPenalty
            logit = logit > 0 ? logit / penalty : logit * penalty
            let count = answerCounts[index]
            if count > 0 {
                logit -= parameters.presencePenalty + parameters.frequencyPenalty * Float(count)
            }
            logits[index] = logit
        }
    }

    /// The first of the largest; NaN counts as the smallest.
    package static func largest(_ x: UnsafeMutableBufferPointer<Float>) -> (
        index: Int, value: Float
    ) {
        // Blocks first: the maximum of a block is a vector operation, its index rarely needed.
        var best = -Float.infinity
        var index = 0
        let block = 64
        var start = 0
        while start < x.count {
            let end = min(start + block, x.count)
            var lanes = SIMD16<Float>(repeating: -.infinity)
            var top = -Float.infinity
            if end - start == block {
                for offset in stride(from: 0, to: block, by: 16) {
                    let part = UnsafeRawPointer(x.baseAddress.unsafelyUnwrapped + start + offset)
                        .loadUnaligned(as: SIMD16<Float>.self)
                    lanes.replace(with: part, where: part .> lanes)
                }
                top = lanes.max()
            } else {
                for place in start..<end where x[place] > top { top = x[place] }
            }
            if top > best {
                best = top
                index = (start..<end).first { x[$0] == top } ?? index
            }
            start = end
        }
        return (index, best)
    }

    /// A token chosen by the watermark's key, of `[vocabSize]` probabilities.
    private func mark(
        _ probabilities: UnsafeMutableBufferPointer<Float>, likeliest: Int
    ) -> Int {
        switch watermarker?.scheme {
        case .gumbel, .gumbelDualKey:
            let threshold = cut(probabilities)
            return watermarker?.race(probabilities, threshold: threshold, likeliest: likeliest)
                ?? likeliest
        case .synthID:
            let threshold = cut(probabilities)
            return watermarker?.tournamentDraw(probabilities, threshold: threshold, &random)
                ?? likeliest
        // What is green was shifted before.
        case .greenList, nil: return draw(probabilities)
        }
    }

    /// A token drawn by its probability, `[vocabSize]` of them.
    private func draw(_ probabilities: UnsafeMutableBufferPointer<Float>) -> Int {
        guard let p = probabilities.baseAddress else { return 0 }
        let threshold = cut(probabilities)
        var mass: Float = 0
        for index in 0..<vocabSize where p[index] >= threshold { mass += p[index] }
        var rest = random.unitFloat() * mass
        var last = 0
        for index in 0..<vocabSize where p[index] >= threshold {
            rest -= p[index]
            last = index
            if rest < 0 { break }
        }
        return last
    }

    /// The smallest probability that top-k, top-p and min-p leave.
    private func cut(_ p: UnsafeMutableBufferPointer<Float>) -> Float {
        let usesTopK = parameters.topK > 0 && parameters.topK < vocabSize
        let usesTopP = parameters.topP < 1
        var threshold = Float.leastNonzeroMagnitude
        if usesTopK || usesTopP {
            for index in histogram.indices { histogram[index] = Bucket() }
            for value in p {
                let index = Int(value.bitPattern >> UInt32(Self.bucketShift))
                histogram[index].count += 1
                histogram[index].mass += value
            }
        }
        var total: Float = 1
        if usesTopK { (threshold, total) = cutAtCount(p) }
        if usesTopP { threshold = max(threshold, cutAtMass(p, parameters.topP * total)) }
        if parameters.minP > 0 { threshold = max(threshold, parameters.minP * (p.max() ?? 0)) }
        return threshold
    }

    /// The `topK`-th largest probability and the sum of those not below it.
    private func cutAtCount(_ p: UnsafeMutableBufferPointer<Float>) -> (Float, Float) {
        var count = 0
        var mass: Float = 0
        for bucket in histogram.indices.reversed() where histogram[bucket].count > 0 {
            if count + histogram[bucket].count < parameters.topK {
                count += histogram[bucket].count
                mass += histogram[bucket].mass
                continue
            }
            sortEdge(bucket, p)
            let threshold = edge[parameters.topK - count - 1]
            for value in edge where value >= threshold { mass += value }
            return (threshold, mass)
        }
        return (.leastNonzeroMagnitude, 1)
    }

    /// The probability at which the sum of the most likely tokens reaches `target`.
    private func cutAtMass(_ p: UnsafeMutableBufferPointer<Float>, _ target: Float) -> Float {
        var mass: Float = 0
        for bucket in histogram.indices.reversed() where histogram[bucket].count > 0 {
            if mass + histogram[bucket].mass < target {
                mass += histogram[bucket].mass
                continue
            }
            sortEdge(bucket, p)
            for value in edge {
                mass += value
                if mass >= target { return value }
            }
            return edge.last ?? .leastNonzeroMagnitude
        }
        return .leastNonzeroMagnitude
    }

    /// Fills `edge` with the probabilities of one bucket, the largest first.
    private func sortEdge(_ bucket: Int, _ p: UnsafeMutableBufferPointer<Float>) {
        edge.removeAll(keepingCapacity: true)
        for value in p where Int(value.bitPattern >> UInt32(Self.bucketShift)) == bucket {
            edge.append(value)
        }
        edge.sort(by: >)
    }
}
