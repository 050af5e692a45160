// SPDX-License-Identifier: Apache-2.0
//
// Answers of a required form: JSON, or a call of a function.

import HTTPTypes
import RetortEngine
import RetortGrammar
import RetortJSON
import RetortTemplates

extension GenerationPlan {
    /// What the answer must be, nil if it is free.
    static func constraint(
        _ request: ConversationRequest, tools: [JSONValue], _ format: ToolCallFormat,
        _ backend: any GenerationBackend
    ) throws(APIError) -> OutputConstraint? {
        if let form = request.form { return try constraint(form, backend, request.formField) }
        switch request.toolChoice {
        case .none, .auto: return nil
        case .required, .function: break
        }
        // Formats whose arguments are not JSON are left to the model.
        guard backend.constrains, let syntax = format.syntax, syntax.arguments == .json else {
            return nil
        }
        let cache = try grammars(backend, "tools")
        var calls: [(name: String, arguments: TokenConstraint)] = []
        for tool in tools {
            let name = tool["function"]?["name"]?.stringValue ?? ""
            let schema =
                tool["function"]?["parameters"] ?? [
                    "type": "object", "properties": [:], "additionalProperties": false,
                ]
            calls.append((name, try compiled(.jsonSchema(schema.text()), cache, "tools")))
        }
        return OutputConstraint(pieces(calls, syntax), cache: cache)
    }

    /// An answer that is of a grammar.
    static func constraint(
        _ form: GrammarSource, _ backend: any GenerationBackend, _ field: String = "response_format"
    ) throws(APIError) -> OutputConstraint {
        let cache = try grammars(backend, field)
        return OutputConstraint([.grammar(try compiled(form, cache, field))], cache: cache)
    }

    private static func pieces(
        _ calls: [(name: String, arguments: TokenConstraint)], _ syntax: ToolCallSyntax
    ) -> [OutputConstraint.Piece] {
        func written(_ name: String) -> String {
            guard syntax.nameIsJSONString else { return name }
            return String(JSONValue.string(name).text().dropFirst().dropLast())
        }
        let end = OutputConstraint.Piece.text(syntax.end + syntax.sectionEnd)
        let begin = syntax.sectionBegin + syntax.begin
        if calls.count == 1, let call = calls.first {
            return [
                .text(begin + written(call.name) + syntax.afterName), .grammar(call.arguments), end,
            ]
        }
        // What follows the name is special tokens in some formats, which a choice cannot write; it
        // takes part only where one name begins another.
        let names = calls.map { written($0.name) }
        let isAmbiguous = names.indices.contains { index in
            names.indices.contains { $0 != index && names[$0].hasPrefix(names[index]) }
        }
        let alternatives = calls.map { call in
            let name = written(call.name)
            return isAmbiguous
                ? OutputConstraint.Alternative(
                    name + syntax.afterName, then: [.grammar(call.arguments)])
                : OutputConstraint.Alternative(
                    name, then: [.text(syntax.afterName), .grammar(call.arguments)])
        }
        return [.text(begin), .choice(alternatives), end]
    }

    private static func grammars(_ backend: any GenerationBackend, _ param: String)
        throws(APIError) -> GrammarCache
    {
        do {
            return try backend.grammars()
        } catch {
            throw APIError(
                .badRequest, "\(error)", param: param, code: "unsupported_operation")
        }
    }

    private static func compiled(
        _ source: GrammarSource, _ cache: GrammarCache, _ param: String
    ) throws(APIError) -> TokenConstraint {
        do throws(GrammarError) {
            return try cache.constraint(for: source)
        } catch {
            throw .invalid(param, "cannot be kept to: \(error)")
        }
    }
}

extension Fields {
    /// What `response_format` asks for, nil for free text.
    func responseFormat() throws(APIError) -> GrammarSource? {
        guard let format = try object("response_format") else { return nil }
        return try format.answerForm(schemaIn: try format.object("json_schema"))
    }

    /// What these fields ask for by their `type`.
    /// - Parameter wrapper: Where the schema is: the chat API wraps it.
    func answerForm(schemaIn wrapper: Fields?) throws(APIError) -> GrammarSource? {
        let format = self
        let type = try format.require("type", try format.string("type"))
        switch type {
        case "text": return nil
        case "json_object": return .jsonObject
        case "json_schema":
            let wanted = try format.require("json_schema", wrapper)
            let schema = try wanted.require("schema", try wanted.object("schema"))
            return .jsonSchema(JSONValue.object(schema.object).text())
        default:
            throw .invalid(
                format.name("type"), "is '\(type)', expected text, json_object or json_schema")
        }
    }
}
