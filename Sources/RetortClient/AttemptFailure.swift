// SPDX-License-Identifier: Apache-2.0
//
// What one try ended with, and what that means for the next.

import AsyncHTTPClient
import Foundation
import NIOCore
import NIOHTTP1
import NIOPosix
import NIOSSL

struct AttemptFailure: Error {
    let error: ClientError
    /// What the server asked to wait.
    var retryAfter: Duration?

    init(_ error: ClientError, retryAfter: Duration? = nil) {
        self.error = error
        self.retryAfter = retryAfter
    }

    init(
        _ kind: ClientError.Kind, _ reason: String, retryAfter: Duration? = nil,
        mayBeCharged: Bool = false
    ) {
        self.init(
            ClientError(kind, reason, mayBeCharged: mayBeCharged), retryAfter: retryAfter)
    }

    /// The same of a try that had reached the model.
    var charged: AttemptFailure { AttemptFailure(error.charged, retryAfter: retryAfter) }

    /// Sorts an error of the HTTP client or of the sockets below it.
    init(transport error: any Error) {
        switch error {
        case let failure as AttemptFailure: self = failure
        case is CancellationError:
            self.init(.cancelled, "the request was cancelled", mayBeCharged: true)
        case let error as NIOConnectionError: self.init(.unreachable, Self.reason(error))
        case is NIOSSLError, is NIOSSLExtraError, is BoringSSLError:
            self.init(.unreachable, "no secure connection came about")
        case let error as HTTPClientError: self.init(client: error)
        case HTTPParserError.invalidEOFState:
            self.init(.interrupted, "the connection was closed", mayBeCharged: true)
        case is HTTPParserError:
            self.init(.interrupted, "the server's answer is not HTTP", mayBeCharged: true)
        case let error as IOError
        where [ECONNREFUSED, EHOSTUNREACH, ENETUNREACH, ENETDOWN, EADDRNOTAVAIL]
            .contains(error.errnoCode):
            self.init(.unreachable, Self.text(of: error.errnoCode))
        case let error as IOError:
            self.init(.interrupted, Self.text(of: error.errnoCode), mayBeCharged: true)
        default:
            self.init(.interrupted, "the connection failed", mayBeCharged: true)
        }
    }

    private init(client error: HTTPClientError) {
        switch error {
        case .connectTimeout, .getConnectionFromPoolTimeout, .tlsHandshakeTimeout,
            .socksHandshakeTimeout, .httpProxyHandshakeTimeout:
            self.init(.unreachable, "no connection came about in time")
        case .deadlineExceeded, .readTimeout:
            self.init(.interrupted, "no answer came in time", mayBeCharged: true)
        case .cancelled: self.init(.cancelled, "the request was cancelled", mayBeCharged: true)
        case .remoteConnectionClosed:
            self.init(.interrupted, "the connection was closed", mayBeCharged: true)
        default: self.init(.interrupted, error.shortDescription, mayBeCharged: true)
        }
    }

    private static func reason(_ error: NIOConnectionError) -> String {
        if let first = error.connectionErrors.first?.error {
            if let system = first as? IOError { return text(of: system.errnoCode) }
            return "no connection came about in time"
        }
        if error.dnsAError != nil || error.dnsAAAAError != nil {
            return "the name \(error.host) cannot be looked up"
        }
        return "no connection to port \(error.port)"
    }

    private static func text(of code: Int32) -> String { String(cString: strerror(code)) }
}
