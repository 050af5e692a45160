// SPDX-License-Identifier: Apache-2.0

/// One step of a normalizer: rewrites a text before it is cut into pieces.
enum NormalizerStep: Sendable {
    case canonical(composes: Bool)
    case prepend([UInt8])
    case replace(SplitPattern, [UInt8])
    case strip(left: Bool, right: Bool)
}

/// What a tokenizer does to a text first.
struct Normalizer: Sendable {
    var steps: [NormalizerStep] = []

    /// The normalised text, or nil if it is the text itself.
    /// - Parameter text: Valid UTF-8.
    func normalized(_ text: UnsafeBufferPointer<UInt8>, scratch: RegexScratch) -> [UInt8]? {
        var current: [UInt8]?
        for step in steps {
            if let bytes = current {
                if let next = bytes.withUnsafeBufferPointer({ step.apply($0, scratch) }) {
                    current = next
                }
            } else {
                current = step.apply(text, scratch)
            }
        }
        return current
    }
}

extension NormalizerStep {
    fileprivate func apply(_ text: UnsafeBufferPointer<UInt8>, _ scratch: RegexScratch) -> [UInt8]?
    {
        guard let base = text.baseAddress, !text.isEmpty else { return nil }
        switch self {
        case .canonical(let composes):
            if composes, CanonicalNormalization.isPlain(text) { return nil }
            return CanonicalNormalization.shared.normalize(text, composes: composes)
        case .prepend(let prefix):
            return prefix + text
        case .replace(.literal(let pattern), let content):
            return replace(pattern, by: content, in: text)
        case .replace(.regex(let program), let content):
            var output: [UInt8] = []
            var previous = 0
            RegexMatcher(program, base, 0, text.count, scratch).forEachMatch { start, end in
                output.append(contentsOf: text[previous..<start])
                output.append(contentsOf: content)
                previous = end
            }
            output.append(contentsOf: text[previous...])
            return output
        case .strip(let left, let right):
            let flags = UnicodeProperties.shared.flags
            var start: Int?
            var end = 0
            var i = 0
            while i < text.count {
                let (scalar, length) = decodeScalar(base, i)
                if flags[Int(scalar)] & ScalarFlags.whitespace == 0 {
                    start = start ?? i
                    end = i + length
                }
                i += length
            }
            let from = left ? start ?? text.count : 0
            let to = right ? max(end, from) : text.count
            return Array(text[from..<to])
        }
    }

    private func replace(
        _ pattern: [UInt8], by content: [UInt8], in text: UnsafeBufferPointer<UInt8>
    ) -> [UInt8] {
        guard let first = pattern.first, let base = text.baseAddress else { return Array(text) }
        var output: [UInt8] = []
        output.reserveCapacity(text.count + text.count / 4)
        var i = 0
        pattern.withUnsafeBufferPointer { wanted in
            guard let wantedBase = wanted.baseAddress else { return }
            while i < text.count {
                if text[i] == first, i + wanted.count <= text.count,
                    bytesEqual(base + i, wantedBase, wanted.count)
                {
                    output.append(contentsOf: content)
                    i += wanted.count
                } else {
                    output.append(text[i])
                    i += 1
                }
            }
        }
        return output
    }
}
