// SPDX-License-Identifier: Apache-2.0

/// A whole response: the sum of a ``ResponseParser``'s events. A call that was abandoned is content.
public struct ParsedResponse: Sendable, Equatable {
    public private(set) var reasoning = ""
    public private(set) var content = ""
    /// The calls that are complete. They have no ids: who answers the request makes these.
    public private(set) var toolCalls: [Message.ToolCall] = []

    public init() {}

    /// Splits a whole text.
    public init(_ text: String, _ parser: ResponseParser) {
        var parser = parser
        add(parser.append(text))
        add(parser.finish())
    }

    private var name = ""
    private var arguments = ""

    public mutating func add(_ events: [ResponseParser.Event]) {
        for event in events { add(event) }
    }

    public mutating func add(_ event: ResponseParser.Event) {
        switch event {
        case .reasoning(let text): reasoning += text
        case .content(let text): content += text
        case .toolCallStart(_, let name):
            self.name = name
            arguments = ""
        case .toolCallArguments(_, let fragment): arguments += fragment
        case .toolCallEnd: toolCalls.append(Message.ToolCall(name: name, arguments: arguments))
        case .toolCallAbandoned(_, let text): content += text
        }
    }
}
