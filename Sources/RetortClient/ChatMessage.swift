// SPDX-License-Identifier: Apache-2.0

import RetortJSON

/// One message of a conversation that is sent.
public struct ChatMessage: Sendable, Equatable {
    public enum Role: String, Sendable, CaseIterable {
        case system, developer, user, assistant
    }

    public var role: Role
    public var content: String

    public init(_ role: Role, _ content: String) {
        self.role = role
        self.content = content
    }

    public var json: JSONValue { ["role": .string(role.rawValue), "content": .string(content)] }
}
