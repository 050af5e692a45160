// SPDX-License-Identifier: Apache-2.0
//
// What a probability of extraction is a probability of: tokens drawn after temperature, top-k and
// top-p, in the order and with the ties of transformers' TemperatureLogitsWarper, TopKLogitsWarper
// and TopPLogitsWarper (5.24).

import Foundation

/// How tokens are drawn from logits.
public struct SamplingScheme: Codable, Sendable, Equatable {
    /// 0 takes the likeliest token.
    public var temperature: Double
    /// Keeps so many tokens, and those as likely as the last of them; nil keeps all.
    public var topK: Int?
    /// Keeps the likeliest tokens until they have this share of what top-k left; nil keeps all.
    public var topP: Double?

    /// Temperature 1 and top-k 40, the scheme of Hayes et al. 2024 (arXiv:2410.19482) and Cooper et
    /// al. 2025 (arXiv:2505.12546).
    public static let top40 = SamplingScheme(unchecked: 1, 40, nil)
    /// The model's own distribution.
    public static let plain = SamplingScheme(unchecked: 1, nil, nil)
    public static let greedy = SamplingScheme(unchecked: 0, nil, nil)

    private init(unchecked temperature: Double, _ topK: Int?, _ topP: Double?) {
        self.temperature = temperature
        self.topK = topK
        self.topP = topP
    }

    /// - Throws: ``ProvenanceError`` for a temperature below 0, a top-k below 1, a top-p that is not
    ///   above 0 and up to 1.
    public init(temperature: Double = 1, topK: Int? = nil, topP: Double? = nil)
        throws(ProvenanceError)
    {
        guard temperature >= 0, temperature.isFinite, topK ?? 1 >= 1, topP ?? 1 > 0, topP ?? 1 <= 1
        else {
            throw ProvenanceError(
                "temperature \(temperature), top-k \(topK ?? 0), top-p \(topP ?? 1)",
                expected: "temperature 0 or more, top-k 1 or more, top-p above 0 and up to 1")
        }
        self.init(unchecked: temperature, topK, topP)
    }

    /// The natural logarithm of the chance that the scheme draws the token; −∞ if it cannot.
    /// - Parameter logits: `[vocabSize]`.
    /// - Throws: ``ProvenanceError`` for a token that is not of the vocabulary, and logits that are
    ///   not numbers.
    /// - Complexity: O(vocabSize); top-p without top-k selects in expected O(vocabSize).
    public func logProbability(of token: Int, in logits: UnsafeBufferPointer<Float>)
        throws(ProvenanceError) -> Double
    {
        guard logits.indices.contains(token) else {
            throw ProvenanceError("token \(token)", expected: "0 to \(logits.count - 1)")
        }
        var largest = -Float.infinity
        var hasNaN = false
        for logit in logits {
            largest = max(largest, logit)
            if logit.isNaN { hasNaN = true }
        }
        guard largest.isFinite, !hasNaN else {
            throw ProvenanceError("the logits are not finite", advice: "check the model's weights")
        }
        let own = logits[token]
        guard temperature > 0 else {
            // The first of the largest, as argmax.
            return own == largest && !logits[..<token].contains(largest) ? 0 : -.infinity
        }
        let cut = kept(logits, largest)
        guard own >= cut else { return -.infinity }
        var sum = 0.0
        for logit in logits where logit >= cut { sum += weight(logit, largest) }
        return (Double(own) - Double(largest)) / temperature - log(sum)
    }

    /// Whether the token is the first of the likeliest.
    public static func isLikeliest(_ token: Int, in logits: UnsafeBufferPointer<Float>) -> Bool {
        guard logits.indices.contains(token) else { return false }
        let own = logits[token]
        for (place, logit) in logits.enumerated() {
            if place < token ? logit >= own : logit > own { return false }
        }
        return true
    }

    @inline(__always)
    private func weight(_ logit: Float, _ largest: Float) -> Double {
        exp((Double(logit) - Double(largest)) / temperature)
    }

    /// The least logit that may be drawn.
    private func kept(_ logits: UnsafeBufferPointer<Float>, _ largest: Float) -> Float {
        var cut = -Float.infinity
        if let topK, topK < logits.count { cut = Self.largest(max(1, topK), of: logits) }
        guard let topP, topP < 1 else { return cut }
        return withUnsafeTemporaryAllocation(of: Float.self, capacity: logits.count) { scratch in
            var count = 0
            var mass = 0.0
            for logit in logits where logit >= cut {
                scratch.initializeElement(at: count, to: logit)
                count += 1
                mass += weight(logit, largest)
            }
            return nucleus(
                UnsafeMutableBufferPointer(rebasing: scratch[..<count]), topP * mass, largest)
        }
    }

    /// The k-th largest logit, with a heap of the k largest so far.
    private static func largest(_ k: Int, of logits: UnsafeBufferPointer<Float>) -> Float {
        withUnsafeTemporaryAllocation(of: Float.self, capacity: k) { buffer in
            var heap = buffer
            _ = heap.initialize(from: logits[..<k])
            heap.sort()
            for logit in logits[k...] where logit > heap[0] {
                var place = 0
                while true {
                    var child = 2 * place + 1
                    guard child < k else { break }
                    if child + 1 < k, heap[child + 1] < heap[child] { child += 1 }
                    guard heap[child] < logit else { break }
                    heap[place] = heap[child]
                    place = child
                }
                heap[place] = logit
            }
            return heap[0]
        }
    }

    /// The largest logit at which the mass of it and all above reaches `goal`: quickselect by mass.
    private func nucleus(
        _ logits: UnsafeMutableBufferPointer<Float>, _ goal: Double, _ largest: Float
    ) -> Float {
        var (start, end) = (0, logits.count)
        var above = 0.0
        while end - start > 1 {
            let (a, b, c) = (logits[start], logits[(start + end) / 2], logits[end - 1])
            let pivot = max(min(a, b), min(max(a, b), c))
            // Larger ones first, then equal ones, then the rest.
            var (greater, place, less) = (start, start, end)
            var (greaterMass, equalMass) = (0.0, 0.0)
            while place < less {
                let logit = logits[place]
                if logit > pivot {
                    logits.swapAt(greater, place)
                    greaterMass += weight(logit, largest)
                    greater += 1
                    place += 1
                } else if logit == pivot {
                    equalMass += weight(logit, largest)
                    place += 1
                } else {
                    less -= 1
                    logits.swapAt(place, less)
                }
            }
            if above + greaterMass >= goal {
                end = greater
            } else if above + greaterMass + equalMass >= goal || less == end {
                return pivot
            } else {
                above += greaterMass + equalMass
                start = less
            }
        }
        return logits[start]
    }
}
