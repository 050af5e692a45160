// SPDX-License-Identifier: Apache-2.0

import RetortEngine
import RetortJSON

/// Log-probabilities as OpenAI's two APIs show them.
enum LogprobsWire {
    /// `{"content": […], "refusal": null}` of the chat API.
    static func chat(_ entries: [TokenLogprobs], _ backend: any GenerationBackend) -> JSONValue {
        let content = entries.map { entry -> JSONValue in
            var object = object(entry.token, entry.logprob, backend)
            object["top_logprobs"] = .array(
                entry.top.map { .object(self.object($0.token, $0.logprob, backend)) })
            return .object(object)
        }
        return ["content": .array(content), "refusal": nil]
    }

    private static func object(_ token: Int32, _ logprob: Float?, _ backend: any GenerationBackend)
        -> JSONObject
    {
        let bytes = backend.bytes(of: token)
        return JSONObject([
            ("token", .string(String(decoding: bytes, as: UTF8.self))),
            ("logprob", number(logprob ?? 0)),
            ("bytes", .array(bytes.map { .integer(Int64($0)) })),
        ])
    }

    /// The shortest digits of the 32-bit value.
    static func number(_ value: Float) -> JSONValue {
        value.isFinite ? .double(Double(value.description) ?? Double(value)) : -9999.0
    }

    /// A token's text; `bytes:\xe2\x80` for a part of a character, as at OpenAI.
    static func legacyToken(_ token: Int32, _ backend: any GenerationBackend) -> String {
        let bytes = backend.bytes(of: token)
        if let text = String(validating: bytes, as: UTF8.self) { return text }
        return "bytes:"
            + bytes.map { byte in
                let hex = String(byte, radix: 16)
                return "\\x" + (hex.count == 1 ? "0" : "") + hex
            }.joined()
    }

    /// `{"tokens", "token_logprobs", "top_logprobs", "text_offset"}` of the completions API. Offsets
    /// count Unicode scalars, as Python does.
    static func legacy(
        _ entries: [TokenLogprobs], top: Int, offset: Int, _ backend: any GenerationBackend
    ) -> JSONValue {
        var tokens: [JSONValue] = []
        var logprobs: [JSONValue] = []
        var tops: [JSONValue] = []
        var offsets: [JSONValue] = []
        var bytes: [UInt8] = []
        for entry in entries {
            offsets.append(
                .integer(
                    Int64(offset + String(decoding: bytes, as: UTF8.self).unicodeScalars.count)))
            bytes.append(contentsOf: backend.bytes(of: entry.token))
            let name = legacyToken(entry.token, backend)
            tokens.append(.string(name))
            logprobs.append(entry.logprob.map(number) ?? .null)
            guard let logprob = entry.logprob else {
                tops.append(.null)
                continue
            }
            var candidates = JSONObject()
            for candidate in entry.top.prefix(top) {
                candidates[legacyToken(candidate.token, backend)] = number(candidate.logprob)
            }
            if candidates[name] == nil { candidates[name] = number(logprob) }
            tops.append(.object(candidates))
        }
        return [
            "tokens": .array(tokens), "token_logprobs": .array(logprobs),
            "top_logprobs": .array(tops), "text_offset": .array(offsets),
        ]
    }
}
