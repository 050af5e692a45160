// SPDX-License-Identifier: Apache-2.0

import HTTPTypes
import Hummingbird
import NIOCore
import RetortJSON

/// `/api/conversations/{id}/export` and `/api/conversations/import`
struct ExportRoutes: Sendable {
    private static let format = "retort-conversations"
    private static let maximumBytes = 16 << 20

    func add(to api: AppRouter) {
        api.on(.get, "/api/conversations/{id}/export") { call in try await export(call) }
        api.on(.post, "/api/conversations/import") { call in
            let fields = try await call.fields(upTo: Self.maximumBytes)
            let items = try ImportedConversation.read(fields, format: Self.format)
            let taken = try await call.store.take(items, owner: call.owner)
            return Response(
                json: ["conversations": .array(taken.map(\.summary))], status: .created)
        }
    }

    private func export(_ call: AppCall) async throws -> Response {
        let format = call.query("format") ?? "json"
        guard format == "json" || format == "markdown" else {
            throw APIError.invalid("format", "is '\(format)', expected json or markdown")
        }
        let conversation = try await call.store.conversation(call.id, owner: call.owner)
        let isJSON = format == "json"
        let text =
            isJSON
            ? Self.document(conversation, call.store.now()).text(.pretty) + "\n"
            : conversation.markdown
        let name = Self.fileName(conversation.title) + (isJSON ? ".json" : ".md")
        return Response(
            status: .ok,
            headers: [
                .contentType: isJSON ? "application/json" : "text/markdown; charset=utf-8",
                .contentDisposition: "attachment; filename=\"\(name)\"",
            ],
            body: .init(byteBuffer: ByteBuffer(string: text)))
    }

    private static func document(_ conversation: StoredConversation, _ time: Double) -> JSONValue {
        var copy = conversation
        copy.activeRun = nil
        for index in copy.tree.indices {
            copy.tree[index].run = nil
            guard copy.tree[index].status == .streaming else { continue }
            copy.tree[index].status = .stopped
            copy.tree[index].finishReason = "stopped"
        }
        return [
            "format": .string(format), "version": 1, "exported": .double(time),
            "conversations": [copy.json],
        ]
    }

    /// Letters and digits of the title that every file system takes.
    private static func fileName(_ title: String?) -> String {
        let words = (title ?? "").lowercased()
            .split { !($0.isASCII && ($0.isLetter || $0.isNumber)) }
        let name = words.joined(separator: "-").prefix(60)
        return name.isEmpty ? "conversation" : String(name)
    }
}

extension StoredConversation {
    /// The branch that is shown, for reading.
    var markdown: String {
        var parts = ["# \(title ?? "Conversation")"]
        for message in branch(to: activeLeaf) {
            parts.append(message.role == .user ? "## You" : "## \(message.model ?? "Assistant")")
            if let reasoning = message.reasoning, !reasoning.isEmpty {
                let seconds = message.timings["reasoning_seconds"]?.doubleValue
                let title = seconds.map { "Thought for \(Int($0.rounded())) s" } ?? "Thought"
                parts.append(
                    "<details><summary>\(title)</summary>\n\n\(reasoning)\n\n</details>")
            }
            if !message.content.isEmpty { parts.append(message.content) }
        }
        return parts.joined(separator: "\n\n") + "\n"
    }
}
