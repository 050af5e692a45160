// SPDX-License-Identifier: Apache-2.0

import RetortJSON

extension ImportedConversation {
    private static let finishReasons = ["stop", "length", "context", "stopped"]

    /// Reads an export.
    /// - Throws: ``APIError`` with the field that is wrong.
    static func read(_ fields: Fields, format: String) throws(APIError) -> [ImportedConversation] {
        guard try fields.string("format") == format else {
            throw .invalid("format", "is not '\(format)': this is no export of conversations")
        }
        guard try fields.integer("version") == 1 else {
            throw .invalid("version", "is not 1, the only one that is known")
        }
        let items = try fields.require("conversations", try fields.array("conversations"))
        var read: [ImportedConversation] = []
        for (index, item) in items.enumerated() {
            read.append(try ImportedConversation(try Fields(item, at: "conversations[\(index)]")))
        }
        return read
    }

    private init(_ fields: Fields) throws(APIError) {
        title = try fields.string("title")
        pinned = try fields.bool("pinned") ?? false
        created = try fields.time("created")
        updated = try fields.time("updated")
        settings = try ChatSettings(fields, field: "settings") ?? ChatSettings()
        tree = []
        // Old ids to the new ones.
        var ids: [String: String] = [:]
        for (index, item) in (try fields.array("tree") ?? []).enumerated() {
            let message = try Fields(item, at: fields.name("tree[\(index)]"))
            let old = try message.require("id", try message.string("id"))
            var parent: String?
            if let name = try message.string("parent") {
                guard let id = ids[name] else {
                    throw .invalid(
                        message.name("parent"), "is '\(name)', no message before this one")
                }
                parent = id
            }
            let new = Identifier.make("m_")
            guard ids.updateValue(new, forKey: old) == nil else {
                throw .invalid(message.name("id"), "is '\(old)', as that of another message")
            }
            tree.append(try Self.message(message, id: new, parent: parent))
        }
        let roles = Dictionary(tree.map { ($0.id, $0.role) }) { first, _ in first }
        for (index, message) in tree.enumerated() {
            let isUser = message.role == .user
            guard let parent = message.parent.map({ roles[$0] }) ?? (isUser ? .assistant : nil),
                parent != message.role
            else {
                throw .invalid(
                    fields.name("tree[\(index)].parent"),
                    "is no message of the other role")
            }
        }
        if let leaf = try fields.string("active_leaf") {
            guard let id = ids[leaf] else {
                throw .invalid(fields.name("active_leaf"), "is '\(leaf)', no message of the tree")
            }
            activeLeaf = id
        }
    }

    private static func message(_ fields: Fields, id: String, parent: String?) throws(APIError)
        -> StoredMessage
    {
        let role = try fields.require("role", try fields.word("role", of: ["user", "assistant"]))
        var message = StoredMessage(
            id: id, parent: parent, role: role == "user" ? .user : .assistant,
            content: try fields.string("content") ?? "", created: try fields.time("created"))
        guard message.role == .assistant else { return message }
        message.reasoning = try fields.string("reasoning") ?? ""
        switch try fields.word("status", of: ["streaming", "complete", "stopped", "error"]) {
        case "streaming", "stopped":
            message.status = .stopped
            message.finishReason = "stopped"
        case "error":
            message.status = .error
            let error = try fields.object("error")
            message.failure = .init(
                message: try error?.string("message") ?? "the answer failed",
                code: try error?.string("code") ?? "unknown")
        default: message.finishReason = try fields.word("finish_reason", of: finishReasons)
        }
        message.model = try fields.string("model")
        for (name, path) in Self.objects {
            if let object = try fields.object(name) {
                message[keyPath: path] = .object(object.object)
            }
        }
        return message
    }

    private static var objects: [(String, WritableKeyPath<StoredMessage, JSONValue>)] {
        [("usage", \.usage), ("timings", \.timings), ("cost", \.cost)]
    }
}

extension Fields {
    /// Seconds since 1970.
    fileprivate func time(_ field: String) throws(APIError) -> Double {
        try require(field, try number(field, in: 0...1e11))
    }
}
