// SPDX-License-Identifier: Apache-2.0

import RetortJSON

/// How a conversation is answered; nil is the model's default.
package struct ChatSettings: Sendable, Equatable {
    package var model: String?
    package var system: String?
    package var temperature: Double?
    package var topP: Double?
    package var topK: Int?
    package var minP: Double?
    /// Thought and answer together.
    package var maximumTokens: Int?
    package var seed: Int?
    package var stop: [String] = []
    package var thinking: Bool?
    package var thinkingBudget: Int?

    package init() {}

    static let names = [
        "model", "system", "temperature", "top_p", "top_k", "min_p", "max_tokens", "seed", "stop",
        "thinking", "thinking_budget",
    ]

    /// - Throws: ``APIError`` with the field that is out of its bounds.
    init(_ fields: Fields) throws(APIError) {
        model = try fields.string("model")
        system = try fields.string("system")
        if let system, system.unicodeScalars.count > 100_000 {
            throw .invalid(fields.name("system"), "is longer than 100000 characters")
        }
        temperature = try fields.number("temperature", in: 0...2)
        topP = try fields.number("top_p", in: 0...1)
        if topP == 0 { throw .invalid(fields.name("top_p"), "is 0, expected more") }
        topK = try fields.integer("top_k")
        minP = try fields.number("min_p", in: 0...1)
        maximumTokens = try fields.integer("max_tokens", in: 1...Int(Int32.max))
        let bound = (1 << 53) - 1
        seed = try fields.integer("seed", in: -bound...bound)
        stop = try fields.stopStrings("stop")
        thinking = try fields.bool("thinking")
        thinkingBudget = try fields.integer("thinking_budget")
    }

    /// Reads the object `field`; what is missing there is the default.
    init?(_ body: Fields, field: String) throws(APIError) {
        guard let fields = try body.object(field) else { return nil }
        try self.init(fields)
    }

    /// Settings as the store keeps them.
    init(stored text: String) throws {
        try self.init(Fields(try JSONValue(parsing: text), at: "settings"))
    }

    /// These with the fields of `other` laid over them; null there is the default.
    func overlaid(by other: Fields?) throws(APIError) -> ChatSettings {
        guard let other else { return self }
        var object = json.objectValue ?? JSONObject()
        for name in Self.names {
            if let value = other.object[name] { object[name] = value }
        }
        return try ChatSettings(Fields(object, path: other.path))
    }

    package var json: JSONValue {
        [
            "model": .text(model), "system": .text(system), "temperature": .time(temperature),
            "top_p": .time(topP), "top_k": .count(topK), "min_p": .time(minP),
            "max_tokens": .count(maximumTokens), "seed": .count(seed),
            "stop": .array(stop.map { .string($0) }),
            "thinking": thinking.map { .bool($0) } ?? .null,
            "thinking_budget": .count(thinkingBudget),
        ]
    }
}
