// SPDX-License-Identifier: Apache-2.0

import Hummingbird
import RetortJSON
import RetortTemplates

/// `POST /tokenize` and `/detokenize`, in the shape of vLLM's.
struct TokenRoutes: Sendable {
    let core: ServerCore

    func add(to router: Router<ServerContext>) {
        router.post("/tokenize") { request, _ in
            try await tokenize(try TokenizeRequest(try await core.fields(request)))
        }
        router.post("/detokenize") { request, _ in
            let detokenize = try DetokenizeRequest(try await core.fields(request))
            let lease = try await core.lease(detokenize.model)
            let tokens = try Fields(JSONObject()).tokens(
                "tokens", detokenize.tokens, below: lease.backend.vocabularySize)
            return Response(json: ["prompt": .string(try lease.backend.text(tokens))])
        }
    }

    private func tokenize(_ request: TokenizeRequest) async throws -> Response {
        let lease = try await core.lease(request.model)
        let backend = lease.backend
        let tokens: [Int32]
        switch request.input {
        case .text(let text):
            tokens = try backend.tokens(text, addSpecialTokens: request.addsSpecialTokens ?? true)
        case .conversation(let conversation):
            let text: String
            do { text = try backend.render(conversation) } catch {
                throw APIError(rendering: error)
            }
            tokens = try backend.tokens(text, addSpecialTokens: request.addsSpecialTokens ?? false)
        }
        return Response(json: [
            "count": .integer(Int64(tokens.count)),
            "max_model_len": .integer(Int64(backend.contextLength)),
            "tokens": .array(tokens.map { .integer(Int64($0)) }),
            "token_strs": request.returnsTexts
                ? .array(tokens.map { .string(LogprobsWire.legacyToken($0, backend)) }) : .null,
        ])
    }
}

/// A request to `/tokenize`: a text or a conversation.
struct TokenizeRequest: Sendable {
    enum Input: Sendable {
        case text(String)
        case conversation(Conversation)
    }

    var model: String?
    var input: Input
    var addsSpecialTokens: Bool?
    var returnsTexts: Bool

    init(_ fields: Fields) throws(APIError) {
        model = try fields.string("model")
        addsSpecialTokens = try fields.bool("add_special_tokens")
        returnsTexts = try fields.bool("return_token_strs") ?? false
        let prompt = try fields.string("prompt")
        let messages = try fields.array("messages")
        let opensTurn = try fields.bool("add_generation_prompt") ?? true
        let variables = try fields.object("chat_template_kwargs")
        let tools = try fields.array("tools") ?? []
        guard let messages else {
            input = .text(try fields.require("prompt", prompt))
            return
        }
        var conversation = Conversation(try [Message](wire: messages, at: "messages"))
        conversation.addGenerationPrompt = opensTurn
        conversation.variables = variables?.object ?? JSONObject()
        conversation.tools = tools
        conversation.thinking = true
        input = .conversation(conversation)
    }
}

/// A request to `/detokenize`.
struct DetokenizeRequest: Sendable {
    var model: String?
    var tokens: [JSONValue]

    init(_ fields: Fields) throws(APIError) {
        model = try fields.string("model")
        tokens = try fields.require("tokens", try fields.array("tokens"))
    }
}
