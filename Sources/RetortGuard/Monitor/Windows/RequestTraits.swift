// SPDX-License-Identifier: Apache-2.0

/// What of a request counts towards extraction. Honest users do each of these too: it is the amount that tells.
public enum RequestTrait: Int, Sendable, CaseIterable {
    /// Asks for hidden reasoning in words that few use.
    case traceStrong
    /// Asks for reasoning at all.
    case trace
    /// Asks for new instructions or prompts.
    case synthesis
    /// Four or more completions of one prompt.
    case samples
    /// Log-probabilities of short or of many alternatives.
    case logprobs
    /// One message with neither a conversation, a document nor a system message, and a long answer; not for exercises, which
    /// teachers ask for and `synthesis` counts.
    case bareLong
    /// Not English and not for translation.
    case foreign

    /// From here on of ``RequestSketch/trace`` few honest requests are.
    static let strongTrace: UInt8 = 5

    /// Whether a record has it.
    @inline(__always)
    func isIn(_ record: RequestRecord) -> Bool {
        let sketch = record.sketch
        switch self {
        case .traceStrong: return sketch.trace >= Self.strongTrace
        case .trace: return sketch.trace >= 3
        case .synthesis: return sketch.synthesis >= 4
        case .samples: return record.n >= 4
        case .logprobs:
            return record.logprobs.map { $0 >= 10 || (record.maxTokens ?? .max) <= 16 } ?? false
        case .bareLong:
            guard sketch.turns <= 1, sketch.flags.isEmpty, sketch.words >= 3, sketch.words <= 90,
                sketch.synthesis < 2 || sketch.synthesis > 3
            else { return false }
            return record.completionTokens / max(1, record.n) >= 700
        case .foreign:
            return sketch.language >= 2 && !sketch.flags.contains(.translation)
        }
    }
}
