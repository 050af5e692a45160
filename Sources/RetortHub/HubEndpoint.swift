// SPDX-License-Identifier: Apache-2.0

import Foundation

/// The address of a hub: scheme, host, port and an optional path before the API's.
public struct HubEndpoint: Sendable, Equatable, CustomStringConvertible {
    /// Without a slash at the end.
    public let description: String
    public let host: String
    let origin: Origin

    public static let huggingFace = HubEndpoint(
        description: "https://huggingface.co", host: "huggingface.co",
        origin: Origin(scheme: "https", host: "huggingface.co", port: 443))

    private init(description: String, host: String, origin: Origin) {
        self.description = description
        self.host = host
        self.origin = origin
    }

    /// - Throws: ``HubError`` of kind `invalidName` unless it is an `http` or `https` address
    ///   without credentials, query and fragment.
    public init(parsing text: String) throws(HubError) {
        let trimmed = text.trimmingCharacters(in: .whitespacesAndNewlines)
        guard let url = URL(string: trimmed), let origin = Origin(url), url.user == nil,
            url.password == nil, url.query == nil, url.fragment == nil
        else {
            throw HubError(
                .invalidName,
                "HF_ENDPOINT is not the address of a hub: expected https://HOST, without a name,"
                    + " password or query in it")
        }
        var address = trimmed[...]
        while address.hasSuffix("/") { address.removeLast() }
        self.init(description: String(address), host: origin.host, origin: origin)
    }
}

/// What a token may be sent to: the same scheme, host and port.
struct Origin: Sendable, Equatable {
    let scheme: String
    let host: String
    let port: Int

    init(scheme: String, host: String, port: Int) {
        self.scheme = scheme
        self.host = host
        self.port = port
    }

    /// Nil unless the address is `http` or `https` with a host.
    init?(_ url: URL) {
        guard let scheme = url.scheme?.lowercased(), scheme == "http" || scheme == "https",
            let host = url.host?.lowercased(), !host.isEmpty
        else { return nil }
        self.init(scheme: scheme, host: host, port: url.port ?? (scheme == "https" ? 443 : 80))
    }
}
