// SPDX-License-Identifier: Apache-2.0

/// Takes thoughts out of an answer. A server or a template that does not know a model's markers
/// leaves them there.
enum ThoughtFilter {
    private static let openings = [
        "<think>", "<thinking>", "<thought>", "[think]", "<|start_thinking|>",
        "<|begin_of_thought|>", "<seed:think>",
    ].map { Array($0.utf8) }
    private static let closings = [
        "</think>", "</thinking>", "</thought>", "[/think]", "<|end_thinking|>",
        "<|end_of_thought|>", "</seed:think>",
    ].map { Array($0.utf8) }

    /// The text outside of thoughts. Any closing marker ends a thought; one that nothing opened says
    /// that all before it was one, and a thought that does not end goes to the end of the text.
    static func withoutThoughts(_ bytes: [UInt8]) -> [UInt8] {
        var answer: [UInt8] = []
        answer.reserveCapacity(bytes.count)
        var isThought = false
        var position = 0
        while position < bytes.count {
            let byte = bytes[position]
            if byte == UInt8(ascii: "<") || byte == UInt8(ascii: "[") {
                if let length = length(of: openings, in: bytes, at: position) {
                    isThought = true
                    position += length
                    continue
                }
                if let length = length(of: closings, in: bytes, at: position) {
                    if !isThought { answer.removeAll(keepingCapacity: true) }
                    isThought = false
                    position += length
                    continue
                }
            }
            if !isThought { answer.append(byte) }
            position += 1
        }
        return answer
    }

    private static func length(of markers: [[UInt8]], in bytes: [UInt8], at position: Int) -> Int? {
        markers.first { MarkedAnswers.matches($0, in: bytes[...], at: position) }?.count
    }
}
