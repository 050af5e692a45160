// SPDX-License-Identifier: Apache-2.0

import HTTPTypes
import Hummingbird
import NIOCore
import RetortJSON

/// Reads the bodies of requests.
struct RequestReader: Sendable {
    let maximumBytes: Int
    let timeout: Duration
    let memory: BodyMemory

    /// The body as an object.
    /// - Parameter limit: The most bytes, if fewer than of other requests.
    /// - Throws: ``APIError`` for another type of content, a body that is too long, too slow or no
    ///   JSON object.
    func object(_ request: Request, upTo limit: Int = .max) async throws -> JSONObject {
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
        let body = try await bytes(request, min(limit, maximumBytes))
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

    private func bytes(_ request: Request, _ limit: Int) async throws -> ByteBuffer {
        if let length = request.headers[.contentLength].flatMap({ Int($0) }), length > limit {
            throw Self.tooLarge(limit)
        }
        let body = request.body
        let share = memory.share()
        defer { share.release() }
        let timeout = timeout
        return try await withThrowingTaskGroup(of: ByteBuffer.self) { group in
            group.addTask {
                do {
                    var bytes = ByteBuffer()
                    for try await part in body {
                        guard part.readableBytes <= limit - bytes.readableBytes else {
                            throw Self.tooLarge(limit)
                        }
                        try share.take(part.readableBytes)
                        bytes.writeImmutableBuffer(part)
                    }
                    return bytes
                } catch let error as APIError {
                    throw error
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
            guard let bytes = try await group.next() else { throw CancellationError() }
            return bytes
        }
    }

    private static func tooLarge(_ limit: Int) -> APIError {
        var error = APIError(
            .contentTooLarge, "the body is longer than \(limit) bytes", code: "body_too_large")
        error.closesConnection = true
        return error
    }
}
