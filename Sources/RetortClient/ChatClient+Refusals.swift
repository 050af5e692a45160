// SPDX-License-Identifier: Apache-2.0

import NIOHTTP1
import RetortJSON

extension ChatClient {
    /// Sorts a refusal by its status, its headers and what stands in its body.
    func refusal(_ status: Int, _ headers: HTTPHeaders, _ body: [UInt8]) -> AttemptFailure {
        let json = try? JSONValue(parsing: body, options: .init(maximumDepth: 64))
        return failure(refusal(status, json?["error"] ?? json), headers)
    }

    /// Sorts a failure that was reported inside an answer with the status 200.
    func reported(_ fault: JSONValue, _ headers: HTTPHeaders) -> AttemptFailure {
        let code = fault["code"]?.intValue ?? fault["status"]?.intValue ?? 0
        let refusal = refusal(code, fault)
        if (400...599).contains(code) { return failure(refusal, headers) }
        return AttemptFailure(
            .unavailable, "the endpoint reports a failure\(refusal.label) instead of an answer")
    }

    private func refusal(_ status: Int, _ fault: JSONValue?) -> Refusal {
        Refusal(
            status: status, fault: fault, host: configuration.endpoint.host,
            key: configuration.key)
    }

    private func failure(_ refusal: Refusal, _ headers: HTTPHeaders) -> AttemptFailure {
        AttemptFailure(refusal.error, retryAfter: pause(headers))
    }

    /// Seconds or a date; some endpoints are exact with milliseconds.
    private func pause(_ headers: HTTPHeaders) -> Duration? {
        if let text = headers.first(name: "Retry-After-Ms"), let milliseconds = Double(text),
            (0...1e9).contains(milliseconds)
        {
            return .milliseconds(milliseconds)
        }
        return headers.first(name: "Retry-After").flatMap {
            RetryAfter.pause($0, now: configuration.clock.now())
        }
    }
}
