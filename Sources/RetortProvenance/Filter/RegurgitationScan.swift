// SPDX-License-Identifier: Apache-2.0

/// All that whole texts repeat of protected ones.
public struct RegurgitationScan: Sendable {
    private let index: ProtectedTextIndex

    public init(_ index: ProtectedTextIndex) { self.index = index }

    /// The matches in a text that came in pieces of `piece` bytes, as a model's output does, each at its
    /// longest.
    public func matches(in text: UnsafeBufferPointer<UInt8>, piece: Int = 4)
        -> [RegurgitationMatcher.Match]
    {
        var matcher = RegurgitationMatcher(index)
        var found: [RegurgitationMatcher.Match] = []
        var offset = 0
        while offset < text.count {
            let end = min(offset + max(1, piece), text.count)
            if let match = matcher.feed(UnsafeBufferPointer(rebasing: text[offset..<end])) {
                if let last = found.last, last.outputStart == match.outputStart {
                    found[found.count - 1] = match
                } else {
                    found.append(match)
                }
            }
            offset = end
        }
        return found
    }
}
