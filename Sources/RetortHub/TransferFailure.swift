// SPDX-License-Identifier: Apache-2.0
//
// What one try of a request ended with, and whether another try may help.

import AsyncHTTPClient
import Foundation
import NIOCore
import NIOHTTP1
import NIOPosix
import NIOSSL

struct TransferFailure: Error {
    enum Cause {
        /// Trying again cannot help.
        case final(HubError)
        /// Trying again may help, after what the server asked for.
        case passing(reason: String, retryAfter: Duration?)
        /// No connection came about.
        case unreachable(reason: String)
    }

    var cause: Cause
    /// Bytes of content that the try brought before it failed.
    var received = 0

    static func final(_ kind: HubError.Kind, _ description: String) -> TransferFailure {
        TransferFailure(cause: .final(HubError(kind, description)))
    }

    static func passing(_ reason: String, retryAfter: Duration? = nil) -> TransferFailure {
        TransferFailure(cause: .passing(reason: reason, retryAfter: retryAfter))
    }

    init(cause: Cause) { self.cause = cause }

    /// Sorts an error of the HTTP client or of the sockets below it.
    init(transport error: any Error) {
        switch error {
        case let failure as TransferFailure: self = failure
        case let error as HubError: self.init(cause: .final(error))
        case is CancellationError:
            self.init(cause: .final(HubError(.cancelled, "the pull was cancelled")))
        case let error as NIOConnectionError:
            self.init(cause: .unreachable(reason: Self.reason(error)))
        case let error as HTTPClientError
        where error == .connectTimeout || error == .getConnectionFromPoolTimeout
            || error == .tlsHandshakeTimeout || error == .deadlineExceeded:
            self.init(cause: .unreachable(reason: "no answer in time"))
        case is NIOSSLError, is NIOSSLExtraError, is BoringSSLError:
            // A certificate that is not trusted will not be at the next try.
            self.init(
                cause: .unreachable(
                    reason: "no secure connection (\(RepoPath.printable("\(error)")))"))
        case let error as HTTPClientError where error == .cancelled:
            self.init(cause: .final(HubError(.cancelled, "the pull was cancelled")))
        case let error as HTTPClientError where error == .remoteConnectionClosed:
            self = .passing("the connection was closed")
        case HTTPParserError.invalidEOFState: self = .passing("the connection was closed")
        case is HTTPParserError: self = .passing("the server's answer is not HTTP")
        case let error as HTTPClientError: self = .passing(error.shortDescription)
        case let error as IOError
        where [ECONNREFUSED, EHOSTUNREACH, ENETUNREACH, ENETDOWN, ETIMEDOUT, EADDRNOTAVAIL]
            .contains(error.errnoCode):
            self.init(cause: .unreachable(reason: Self.text(of: error.errnoCode)))
        case let error as IOError: self = .passing(Self.text(of: error.errnoCode))
        default:
            self = .passing("the connection failed (\(RepoPath.printable("\(error)")))")
        }
    }

    private static func reason(_ error: NIOConnectionError) -> String {
        if let first = error.connectionErrors.first?.error {
            if let system = first as? IOError { return text(of: system.errnoCode) }
            if first is ChannelError { return "no answer in time" }
            return RepoPath.printable("\(first)")
        }
        if error.dnsAError != nil || error.dnsAAAAError != nil {
            return "the name \(error.host) cannot be looked up"
        }
        return "no connection to port \(error.port)"
    }

    private static func text(of code: Int32) -> String { String(cString: strerror(code)) }
}
