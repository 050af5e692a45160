// SPDX-License-Identifier: Apache-2.0

import RetortJSON
import RetortTensor

/// One document or conversation of a corpus.
public struct CorpusRecord: Sendable, Equatable {
    /// What it says.
    public enum Content: Sendable, Equatable {
        case text(String)
        case completion(prompt: String, completion: String)
        case chat(Conversation)
    }

    /// A conversation as the chat template gets it.
    public struct Conversation: Sendable, Equatable {
        public var messages: [JSONValue]
        public var tools: [JSONValue]?
        /// Further variables of the template (`chat_template_kwargs`).
        public var variables: JSONObject

        public init(
            messages: [JSONValue], tools: [JSONValue]? = nil, variables: JSONObject = .init()
        ) {
            self.messages = messages
            self.tools = tools
            self.variables = variables
        }
    }

    public var content: Content
    /// The line of its file where it starts, from 1.
    public var line: Int

    public init(_ content: Content, line: Int = 1) {
        self.content = content
        self.line = line
    }

    /// Equal for equal content, in every run: records with one prompt share a hash, so that a split
    /// by it does not put a prompt on both sides.
    var hash: UInt64 {
        switch content {
        case .text(let text): return Self.hash(text.utf8)
        case .completion(let prompt, _): return Self.hash(prompt.utf8)
        case .chat(let conversation):
            let prompt = conversation.messages.prefix { $0["role"]?.stringValue != "assistant" }
            return Self.hash(JSONValue.array(Array(prompt)).text().utf8)
        }
    }

    /// FNV-1a with SplitMix64's finaliser, which spreads it over the low bits.
    private static func hash(_ bytes: some Sequence<UInt8>) -> UInt64 {
        SplitMix64.mix(FNVHash(bytes).value)
    }
}
