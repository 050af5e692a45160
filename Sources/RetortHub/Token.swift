// SPDX-License-Identifier: Apache-2.0

/// An access token. It describes itself without its text, so that it cannot end up in a log.
public struct Token: Sendable, Equatable, CustomStringConvertible, CustomReflectable {
    let text: String

    /// - Throws: ``HubError`` of kind `invalidName` if the text cannot stand in a header.
    public init(_ text: String) throws(HubError) {
        guard !text.isEmpty, text.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F }) else {
            throw HubError(
                .invalidName, "HF_TOKEN is not a token: expected ASCII letters and signs, no spaces"
            )
        }
        self.text = text
    }

    public var description: String { "<token>" }
    public var customMirror: Mirror { Mirror(self, children: []) }
}
