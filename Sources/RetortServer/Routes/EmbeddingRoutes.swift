// SPDX-License-Identifier: Apache-2.0

import Foundation
import HTTPTypes
import Hummingbird
import RetortEngine
import RetortJSON

/// `POST /v1/embeddings`
struct EmbeddingRoutes: Sendable {
    let core: ServerCore

    func add(to router: Router<ServerContext>) {
        for path: RouterPath in ["/v1/embeddings", "/embeddings"] {
            router.post(path) { request, context in
                try await embed(
                    try EmbeddingRequest(try await core.fields(request)), context.clientName)
            }
        }
    }

    private func embed(_ request: EmbeddingRequest, _ client: String) async throws -> Response {
        let lease = try await core.lease(request.model)
        let backend = lease.backend
        try backend.allowance(client: client, route: "embeddings").check(
            choices: 1, wantsLogprobs: false)
        guard let length = backend.embeddingLength else {
            throw APIError(
                .badRequest, "the model '\(lease.id)' makes no embeddings", param: "model",
                code: "unsupported_operation")
        }
        if let dimensions = request.dimensions, dimensions != length {
            throw APIError.invalid("dimensions", "is \(dimensions), the model's have \(length)")
        }
        let inputs = try request.input.encoded(backend, addSpecialTokens: true, field: "input")
        var data: [JSONValue] = []
        for (index, tokens) in inputs.enumerated() {
            try GenerationPlan.check(tokens, backend, "input")
            let vector: [Float]
            do {
                vector = Self.normalised(try await backend.embed(tokens))
            } catch let refusal as EngineRefusal {
                throw APIError(refusal)
            }
            data.append([
                "object": "embedding", "index": .integer(Int64(index)),
                "embedding": request.isBase64
                    ? .string(Self.base64(vector)) : .array(vector.map(LogprobsWire.number)),
            ])
        }
        let count = JSONValue.integer(Int64(inputs.reduce(0) { $0 + $1.count }))
        return Response(json: [
            "object": "list", "data": .array(data), "model": .string(lease.id),
            "usage": ["prompt_tokens": count, "total_tokens": count],
        ])
    }

    /// OpenAI's embeddings have the length one.
    static func normalised(_ vector: [Float]) -> [Float] {
        let norm = vector.reduce(0.0) { $0 + Double($1) * Double($1) }.squareRoot()
        return norm > 0 ? vector.map { Float(Double($0) / norm) } : vector
    }

    /// 32-bit floats, the low byte first.
    private static func base64(_ vector: [Float]) -> String {
        var data = Data(capacity: 4 * vector.count)
        for value in vector {
            withUnsafeBytes(of: value.bitPattern.littleEndian) { data.append(contentsOf: $0) }
        }
        return data.base64EncodedString()
    }
}

/// A request to `/v1/embeddings`.
struct EmbeddingRequest: Sendable {
    var model: String?
    var input: CompletionRequest.Prompts
    var isBase64: Bool
    var dimensions: Int?

    init(_ fields: Fields) throws(APIError) {
        model = try fields.string("model")
        input = try CompletionRequest.Prompts(
            try fields.require("input", fields["input"]), fields, name: "input")
        isBase64 = try fields.word("encoding_format", of: ["float", "base64"]) == "base64"
        dimensions = try fields.integer("dimensions", in: 1...Int(Int32.max))
    }
}
