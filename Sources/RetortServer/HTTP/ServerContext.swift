// SPDX-License-Identifier: Apache-2.0

import Hummingbird
import NIOCore

/// What handlers know of a request beside the request itself.
public struct ServerContext: RequestContext, Sendable {
    public var coreContext: CoreRequestContextStorage
    let channel: any Channel
    /// `req_…`, also in the header `X-Request-Id` and in the log.
    public internal(set) var requestID: String
    /// Who asks, if keys are needed.
    public internal(set) var client: ClientIdentity?

    public init(source: ApplicationRequestContextSource) {
        coreContext = .init(source: source)
        channel = source.channel
        requestID = Identifier.make("req_")
    }

    /// Whose share of the engine the request counts to: the key's, else the address's.
    var clientName: String { client?.id ?? channel.remoteAddress?.ipAddress ?? "" }
}

/// Ids of requests and answers.
enum Identifier {
    private static let digits = Array("0123456789abcdefghijklmnopqrstuvwxyz".utf8)

    /// `prefix` and 24 letters or digits, about 124 bits.
    static func make(_ prefix: String) -> String {
        var generator = SystemRandomNumberGenerator()
        let letters = (0..<24).map { _ in
            digits[Int.random(in: 0..<digits.count, using: &generator)]
        }
        return prefix + String(decoding: letters, as: UTF8.self)
    }
}
