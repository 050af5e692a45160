// SPDX-License-Identifier: Apache-2.0

import RetortJSON

extension ChatCompletion {
    /// Reads a whole stream of server-sent events, such as one that was recorded.
    /// - Throws: ``ClientError``: `badAnswer` for what is no chunk, `interrupted` if the answer is
    ///   not complete.
    public init(parsingStream bytes: [UInt8]) throws(ClientError) {
        var parser = EventStreamParser()
        var assembler = ChatStreamAssembler()
        for event in parser.take(bytes) { try assembler.take(event) }
        if let rest = parser.finish() { assembler.takeLast(rest) }
        try self.init(assembler)
    }

    /// - Throws: ``ClientError`` as above.
    init(_ assembler: ChatStreamAssembler) throws(ClientError) {
        guard assembler.isComplete, assembler.fault == nil else {
            throw ClientError(.interrupted, "the stream ended before the answer was complete")
        }
        let json = assembler.json
        try self.init(json, body: Array(json.text().utf8))
    }
}
