// SPDX-License-Identifier: Apache-2.0

import Hummingbird
import RetortJSON

/// `/api/conversations` and their messages
struct ConversationRoutes: Sendable {
    private static let maximumTitle = 500
    private static let maximumContent = 1_000_000

    func add(to api: AppRouter) {
        api.on(.get, "/api/conversations") { call in Response(json: try await list(call)) }
        api.on(.post, "/api/conversations") { call in
            let fields = try await call.fields()
            let conversation = try await call.store.create(
                owner: call.owner, title: try title(fields),
                settings: try ChatSettings(fields, field: "settings"))
            return Response(json: conversation.json, status: .created)
        }
        api.on(.get, "/api/conversations/{id}") { call in
            Response(json: try await call.store.conversation(call.id, owner: call.owner).json)
        }
        api.on(.patch, "/api/conversations/{id}") { call in
            let fields = try await call.fields()
            var change = ConversationChange()
            change.title = try title(fields)
            change.pinned = try fields.bool("pinned")
            change.settings = try ChatSettings(fields, field: "settings")
            change.activeLeaf = try fields.string("active_leaf")
            let summary = try await call.store.change(call.id, owner: call.owner, change).summary
            return Response(json: summary)
        }
        api.on(.delete, "/api/conversations/{id}") { call in
            let (until, run) = try await call.store.delete(call.id, owner: call.owner)
            if let run { call.app.runs.find(run, owner: call.owner)?.stop() }
            return Response(json: ["id": .string(call.id), "restorable_until": .double(until)])
        }
        api.on(.post, "/api/conversations/{id}/restore") { call in
            Response(json: try await call.store.restore(call.id, owner: call.owner).summary)
        }
        api.on(.post, "/api/conversations/{id}/messages") { call in
            Response(json: try await addMessage(call), status: .created)
        }
    }

    private func title(_ fields: Fields) throws(APIError) -> String? {
        let title = try fields.string("title")
        if let title, title.unicodeScalars.count > Self.maximumTitle {
            throw .invalid("title", "is longer than \(Self.maximumTitle) characters")
        }
        return title
    }

    private func list(_ call: AppCall) async throws -> JSONValue {
        var limit = 50
        if let text = call.query("limit") {
            guard let value = Int(text), (1...200).contains(value) else {
                throw APIError.invalid("limit", "is '\(text)', expected 1 to 200")
            }
            limit = value
        }
        let page = try await call.store.conversations(
            owner: call.owner, query: call.query("query"), limit: limit,
            cursor: call.query("cursor").flatMap { $0.isEmpty ? nil : $0 })
        return [
            "conversations": .array(page.conversations.map(\.summary)),
            "next_cursor": .text(page.next),
        ]
    }

    private func addMessage(_ call: AppCall) async throws -> JSONValue {
        let fields = try await call.fields()
        let content = try fields.require("content", try fields.string("content"))
        guard content.contains(where: { !$0.isWhitespace }) else {
            throw APIError.invalid("content", "is empty")
        }
        guard content.unicodeScalars.count <= Self.maximumContent else {
            throw APIError.invalid("content", "is longer than \(Self.maximumContent) characters")
        }
        let added = try await call.store.addMessage(
            call.id, owner: call.owner, parent: try fields.string("parent"), content: content)
        return ["message": added.message.json, "revision": .count(added.revision)]
    }
}
