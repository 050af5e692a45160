// SPDX-License-Identifier: Apache-2.0

import HTTPTypes
import Hummingbird
import NIOCore
import RetortJSON

/// Reads the bodies of requests.
struct RequestReader: Sendable {
    let maximumBytes: Int
    let timeout: Duration

    /// The body as an object.
    /// - Throws: ``APIError`` for another type of content, a body that is too long, too slow or no
    ///   JSON object.
    func object(_ request: Request) async throws -> JSONObject {
        if let type = request.headers[.contentType] {
            let essence = type.prefix { $0 != ";" }.lowercased()
                .filter { $0 != " " && $0 != "\t" }
            guard essence == "application/json" || essence.hasSuffix("+json") else {
                throw APIError(
                    .unsupportedMediaType,
                    "the content type is '\(essence)', expected application/json",
                    code: "unsupported_media_type")
            }
        }
        if let encoding = request.headers[.contentEncoding], encoding.lowercased() != "identity" {
            throw APIError(
                .unsupportedMediaType, "the body is encoded as '\(encoding)', expected it plain",
                code: "unsupported_media_type")
        }
        let body = try await bytes(request)
        let value: JSONValue
        do throws(JSONError) {
            value = try JSONValue(parsing: body.readableBytesView)
        } catch {
            throw APIError(.badRequest, "the body is \(error)", code: "invalid_json")
        }
        guard let object = value.objectValue else {
            throw APIError(
                .badRequest, "the body is \(value.kind), expected an object", code: "invalid_json")
        }
        return object
    }

    private func bytes(_ request: Request) async throws -> ByteBuffer {
        if let length = request.headers[.contentLength].flatMap({ Int($0) }), length > maximumBytes
        {
            throw tooLarge
        }
        let body = request.body
        let limit = maximumBytes
        let timeout = timeout
        return try await withThrowingTaskGroup(of: ByteBuffer?.self) { group in
            group.addTask {
                do {
                    return try await body.collect(upTo: limit)
                } catch is NIOTooManyBytesError {
                    return nil
                } catch is CancellationError {
                    throw CancellationError()
                } catch {
                    // The client went away, or its chunks are none.
                    var error = APIError(
                        .badRequest, "the body ended before it was whole", code: "incomplete_body")
                    error.closesConnection = true
                    throw error
                }
            }
            group.addTask {
                try await Task.sleep(for: timeout)
                var error = APIError(
                    .requestTimeout, "the body did not arrive within \(timeout)",
                    code: "request_timeout")
                error.closesConnection = true
                throw error
            }
            defer { group.cancelAll() }
            guard let collected = try await group.next(), let bytes = collected else {
                throw tooLarge
            }
            return bytes
        }
    }

    private var tooLarge: APIError {
        var error = APIError(
            .contentTooLarge, "the body is longer than \(maximumBytes) bytes",
            code: "body_too_large")
        error.closesConnection = true
        return error
    }
}
