// SPDX-License-Identifier: Apache-2.0

import HTTPTypes
import RetortEngine
import RetortJSON
import RetortTemplates

/// An error as clients get it: OpenAI's `{"error": {"message", "type", "param", "code"}}`, below
/// `/v1/messages` Anthropic's.
///
/// Official clients repeat a request on 408, 409, 429 and every 5xx, so what is the client's own
/// fault is none of these.
public struct APIError: Error, Sendable, Equatable, CustomStringConvertible {
    public var status: HTTPResponse.Status
    public var message: String
    public var type: String
    /// The field that is wrong, as a path: `messages[0].content`.
    public var param: String?
    public var code: String?
    /// Seconds after which to try again.
    public var retryAfter: Int?
    /// The methods that a path knows, for 405.
    public var allow: [String] = []
    /// The connection cannot be used any more: a part of the body was not read.
    public var closesConnection = false

    public init(
        _ status: HTTPResponse.Status, _ message: String, type: String = "invalid_request_error",
        param: String? = nil, code: String? = nil, retryAfter: Int? = nil
    ) {
        self.status = status
        self.message = message
        self.type = type
        self.param = param
        self.code = code
        self.retryAfter = retryAfter
    }

    public var description: String { message }

    /// OpenAI's body.
    var json: JSONValue {
        [
            "error": [
                "message": .string(message), "type": .string(type),
                "param": param.map { .string($0) } ?? .null,
                "code": code.map { .string($0) } ?? .null,
            ]
        ]
    }

    /// Anthropic's body.
    func anthropicJSON(requestID: String) -> JSONValue {
        let type =
            switch status.code {
            case 400, 405, 408, 415, 431: "invalid_request_error"
            case 401: "authentication_error"
            case 403: "permission_error"
            case 404: "not_found_error"
            case 413: "request_too_large"
            case 429: "rate_limit_error"
            case 503: "overloaded_error"
            default: "api_error"
            }
        let text = param.map { "\($0): \(message)" } ?? message
        return [
            "type": "error", "error": ["type": .string(type), "message": .string(text)],
            "request_id": .string(requestID),
        ]
    }
}

extension APIError {
    /// A value that a field cannot have.
    static func invalid(_ param: String, _ message: String, code: String = "invalid_value")
        -> APIError
    {
        APIError(.badRequest, "'\(param)' \(message)", param: param, code: code)
    }

    static func notFound(_ message: String, param: String? = nil) -> APIError {
        APIError(
            .notFound, message, type: "not_found_error", param: param, code: "not_found")
    }

    /// Of the server itself. What happened is in its log, not in the answer.
    static let internalError = APIError(
        .internalServerError,
        "the server met an error; its log has the details under this request's id",
        type: "server_error", code: "internal_error")

    static func stopping(retryAfter: Int) -> APIError {
        APIError(
            .serviceUnavailable, "the server is shutting down and takes no more requests",
            type: "unavailable_error", code: "unavailable", retryAfter: retryAfter)
    }

    init(_ fault: ModelFault) {
        switch fault {
        case .unknown:
            self.init(
                .notFound, fault.description, type: "not_found_error", param: "model",
                code: "model_not_found")
        case .unavailable(_, let retryAfter):
            self.init(
                .serviceUnavailable, fault.description, type: "unavailable_error",
                code: "unavailable", retryAfter: retryAfter)
        case .broken:
            self.init(
                .internalServerError, fault.description, type: "server_error", param: "model",
                code: "model_load_failed")
        }
    }

    init(_ refusal: EngineRefusal) {
        switch refusal {
        case .queueIsFull(_, let retryAfter):
            self.init(
                .tooManyRequests, refusal.description, type: "rate_limit_error", code: "queue_full",
                retryAfter: retryAfter)
        case .stopping: self = .stopping(retryAfter: 5)
        case .invalid(let parameter, let error):
            self.init(
                .badRequest, error.description, param: Self.names[parameter] ?? parameter,
                code: "invalid_value")
        }
    }

    /// The engine's parameters by their names in requests.
    private static let names = ["maximumTokens": "max_tokens", "sampling": "temperature"]

    /// A conversation that the template refuses is the client's; so is one for a model without a
    /// template.
    init(rendering error: any Error) {
        self.init(.badRequest, "\(error)", param: "messages", code: "invalid_conversation")
    }

    static func contextLengthExceeded(_ tokens: Int, _ length: Int, param: String) -> APIError {
        APIError(
            .badRequest,
            "the prompt has \(tokens) tokens and the context holds \(length) with the answer; shorten it",
            param: param, code: "context_length_exceeded")
    }
}
