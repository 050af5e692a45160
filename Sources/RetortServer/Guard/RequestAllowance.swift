// SPDX-License-Identifier: Apache-2.0

import HTTPTypes

/// What a client may ask for.
public struct RequestAllowance: Sendable {
    /// Answers to one request; nil leaves it to the API.
    public var maximumChoices: Int?
    public var logprobs = true
    /// Why nothing is answered now; nil if something is.
    var refusal: APIError?

    public init() {}

    /// - Throws: ``APIError`` 403 for what this client may not have, 429 if it is slowed.
    func check(choices: Int, wantsLogprobs: Bool) throws(APIError) {
        if let refusal { throw refusal }
        if let maximumChoices, choices > maximumChoices {
            throw Self.refused("more than \(maximumChoices) answers to a request", param: "n")
        }
        if wantsLogprobs, !logprobs { throw Self.refused("logprobs", param: "logprobs") }
    }

    private static func refused(_ what: String, param: String) -> APIError {
        APIError(
            .forbidden, "this key may not ask for \(what)", type: "permission_error",
            param: param, code: "not_allowed")
    }
}
