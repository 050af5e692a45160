// SPDX-License-Identifier: Apache-2.0
//
// Requests, redirects, retries. Redirects are followed here and not by the HTTP library because the
// token must stay with the host that it was given for, and because the first answer's headers count.

import AsyncHTTPClient
import Foundation
import NIOCore
import NIOHTTP1
import RetortJSON
import Synchronization

/// Bytes received by one try, shared with the watchdog of its transfer.
final class TransferActivity: Sendable {
    private let counter = Atomic(0)

    var bytes: Int { counter.load(ordering: .relaxed) }
    func add(_ count: Int) { counter.wrappingAdd(count, ordering: .relaxed) }
}

/// An answer after redirects.
struct HubResponse: Sendable {
    let response: HTTPClientResponse
    /// The headers of every answer that the endpoint itself gave on the way.
    let endpointHeaders: HTTPHeaders
    /// Whether the last answer came from the endpoint and not from where it sent us.
    let isFromEndpoint: Bool

    var status: Int { Int(response.status.code) }
    var headers: HTTPHeaders { response.headers }
}

extension HubClient {
    private static let maximumRedirects = 10
    private static let maximumDocumentSize = 64 << 20

    // MARK: One try

    /// Sends a GET request and follows its redirects.
    func open(_ address: String, headers: [(String, String)] = []) async throws(TransferFailure)
        -> HubResponse
    {
        guard var url = URL(string: address) else {
            throw .final(.badAnswer, "\(RepoPath.printable(address)) is not an address")
        }
        var collected = HTTPHeaders()
        for _ in 0...Self.maximumRedirects {
            guard let origin = Origin(url) else {
                throw .final(.badAnswer, "the server redirects to an address that is not http(s)")
            }
            let isEndpoint = origin == configuration.endpoint.origin
            var request = HTTPClientRequest(url: url.absoluteString)
            request.headers.add(name: "User-Agent", value: "retort")
            request.headers.add(name: "Accept-Encoding", value: "identity")
            for (name, value) in headers { request.headers.add(name: name, value: value) }
            if isEndpoint, let token = configuration.token {
                request.headers.add(name: "Authorization", value: "Bearer \(token.text)")
            }
            let response: HTTPClientResponse
            do {
                response = try await http.execute(request, deadline: .distantFuture)
            } catch {
                throw TransferFailure(transport: error)
            }
            contact.make()
            if isEndpoint { collected.add(contentsOf: response.headers) }
            guard [301, 302, 303, 307, 308].contains(response.status.code) else {
                return HubResponse(
                    response: response, endpointHeaders: collected, isFromEndpoint: isEndpoint)
            }
            guard let location = response.headers.first(name: "Location"),
                let next = URL(string: location, relativeTo: url)?.absoluteURL
            else { throw .final(.badAnswer, "the server redirects without saying where to") }
            guard url.scheme?.lowercased() != "https" || next.scheme?.lowercased() == "https"
            else {
                throw .final(.badAnswer, "the server redirects from https to an address without it")
            }
            url = next
        }
        throw .final(
            .badAnswer, "the server redirects more than \(Self.maximumRedirects) times in a row")
    }

    /// The answer as JSON with the endpoint's headers.
    func document(_ address: String, about subject: HubSubject) async throws(HubError)
        -> (value: JSONValue, headers: HTTPHeaders)
    {
        try checkOnline()
        return try await retrying { () async throws(TransferFailure) in
            try await guarded { activity async throws(TransferFailure) in
                let answer = try await open(address)
                guard answer.status == 200 else { throw refusal(answer, of: subject) }
                let bytes = try await Self.collect(answer.response.body, activity)
                do throws(JSONError) {
                    return (try JSONValue(parsing: bytes), answer.endpointHeaders)
                } catch {
                    throw .final(
                        .badAnswer,
                        "\(configuration.endpoint.host) does not answer as a hub does: \(error)")
                }
            }
        }
    }

    private static func collect(_ body: HTTPClientResponse.Body, _ activity: TransferActivity)
        async throws(TransferFailure) -> [UInt8]
    {
        var bytes: [UInt8] = []
        do {
            for try await buffer in body {
                activity.add(buffer.readableBytes)
                guard bytes.count + buffer.readableBytes <= maximumDocumentSize else {
                    throw TransferFailure.final(
                        .badAnswer,
                        "the server's answer is longer than \(ByteCount(maximumDocumentSize))")
                }
                bytes.append(contentsOf: buffer.readableBytesView)
            }
        } catch {
            throw TransferFailure(transport: error)
        }
        return bytes
    }

    /// Runs one try beside a watchdog that ends it when too little comes in.
    func guarded<Result: Sendable>(
        _ body: @escaping @Sendable (TransferActivity) async throws(TransferFailure) -> Result
    ) async throws(TransferFailure) -> Result {
        let activity = TransferActivity()
        let timeout = configuration.stallTimeout
        let enough = configuration.stallBytes
        typealias Outcome = Swift.Result<Result, TransferFailure>
        let outcome = await withTaskGroup(of: Outcome?.self) { group in
            group.addTask {
                do throws(TransferFailure) {
                    return .success(try await body(activity))
                } catch {
                    return .failure(error)
                }
            }
            group.addTask {
                var seen = 0
                while true {
                    do { try await Task.sleep(for: timeout) } catch { return nil }
                    let bytes = activity.bytes
                    guard bytes - seen >= enough else {
                        return .failure(.passing("too little came in \(timeout)"))
                    }
                    seen = bytes
                }
            }
            // The watchdog answers nil only when the whole was cancelled: then the body counts.
            var first = await group.next() ?? nil
            if first == nil { first = await group.next() ?? nil }
            group.cancelAll()
            return first
        }
        switch outcome {
        case .success(let result): return result
        case .failure(var failure):
            failure.received = activity.bytes
            throw failure
        case nil: throw .final(.cancelled, "the pull was cancelled")
        }
    }

    // MARK: Many tries

    /// Tries until it works, cannot work, or brought next to nothing too many times in a row.
    func retrying<Result: Sendable>(
        onRetry: @Sendable (_ reason: String, _ delay: Duration) -> Void = { _, _ in },
        _ attempt: () async throws(TransferFailure) -> Result
    ) async throws(HubError) -> Result {
        let policy = configuration.retry
        var failures = 0
        while true {
            let failure: TransferFailure
            do throws(TransferFailure) {
                return try await attempt()
            } catch {
                failure = error
            }
            if Task.isCancelled { throw HubError(.cancelled, "the pull was cancelled") }
            if failure.received >= policy.bytesThatCount { failures = 0 }
            failures += 1
            let isLast = failures >= policy.maximumAttempts
            var delay = policy.delay(afterAttempt: failures, random: .random(in: 0...1))
            let reason: String
            switch failure.cause {
            case .final(let error): throw error
            case .unreachable(let text):
                guard contact.isMade, !isLast else { throw unreachable(text) }
                reason = text
            case .passing(let text, let retryAfter):
                guard !isLast else {
                    throw HubError(
                        .interrupted,
                        "\(text), \(failures) times in a row; what was downloaded is kept: pull again"
                            + " to continue")
                }
                if let retryAfter {
                    guard retryAfter <= policy.maximumDelay else {
                        throw HubError(
                            .interrupted,
                            "\(text) and asks to wait \(retryAfter.components.seconds) s; pull again"
                                + " then, what was downloaded is kept")
                    }
                    delay = retryAfter
                }
                reason = text
            }
            onRetry(reason, delay)
            do {
                try await Task.sleep(for: delay)
            } catch {
                throw HubError(.cancelled, "the pull was cancelled")
            }
        }
    }
}
