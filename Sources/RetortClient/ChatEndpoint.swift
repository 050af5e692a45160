// SPDX-License-Identifier: Apache-2.0

import Foundation

/// The base address of an OpenAI-compatible API, such as `https://api.deepseek.com/v1`.
public struct ChatEndpoint: Sendable, Equatable, CustomStringConvertible {
    /// Without a slash at the end.
    public let description: String
    /// Name and, unless it is the scheme's own, port.
    public let host: String

    /// - Throws: ``ClientError`` of kind `invalidSetting` for what is no http(s) address.
    public init(parsing text: String) throws(ClientError) {
        guard text.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F }),
            let parts = URLComponents(string: text), let name = parts.host, !name.isEmpty,
            let scheme = parts.scheme?.lowercased(), ["http", "https"].contains(scheme)
        else {
            throw ClientError(
                .invalidSetting,
                "the endpoint is not an address; expected one such as https://api.example.com/v1")
        }
        // What stands there may be a secret, hence the error does not repeat it.
        guard parts.user == nil, parts.password == nil, parts.query == nil, parts.fragment == nil
        else {
            throw ClientError(
                .invalidSetting,
                "the endpoint's address at \(name) has a user, a query or a fragment; expected none"
                    + " (give the key by an environment variable or a file)")
        }
        var base = text
        while base.hasSuffix("/") { base.removeLast() }
        // Pasted from an example of a call.
        if base.hasSuffix("/chat/completions") { base.removeLast("/chat/completions".count) }
        while base.hasSuffix("/") { base.removeLast() }
        description = base
        host = parts.port.map { "\(name):\($0)" } ?? name
    }

    /// Where chats are completed.
    var chatCompletions: String { "\(description)/chat/completions" }
}
