// SPDX-License-Identifier: Apache-2.0

/// The texts that a response parser looks for outside of thoughts and calls.
struct ToolCallMarkers: Sendable {
    /// Where in a call the text behind a marker stands.
    enum Entry: Sendable {
        /// Before the marker of a single call.
        case section
        /// Before the name.
        case header
        /// Before a JSON object.
        case object
        /// Behind an object's `{` that no other marker announced.
        case bareObject
    }

    enum Action: Sendable {
        case call(Entry)
        /// Ends a frame around calls.
        case close
        case think
    }

    struct Marker: Sendable {
        let bytes: [UInt8]
        let action: Action

        init(_ text: String, _ action: Action) {
            bytes = Array(text.utf8)
            self.action = action
        }

        init(_ bytes: [UInt8], _ action: Action) {
            self.bytes = bytes
            self.action = action
        }
    }

    /// Within content. No marker is the start of another one.
    let content: [Marker]
    /// Before any content but white space.
    let blank: [Marker]
    /// Right behind a call's arguments.
    let fence: [Marker]
    /// Behind a call's end.
    let frame: [Marker]
    /// Whether a byte starts one of `content`.
    let startsContent: [Bool]

    init(_ format: ToolCallFormat, opening: [UInt8]?) {
        var content = opening.map { [Marker($0, .think)] } ?? []
        var bare: [Marker] = []
        var closing: [Marker] = []
        var fence: [Marker] = []
        switch format {
        case .none: break
        case .hermes:
            content.append(Marker("<tool_call>", .call(.object)))
            closing = [Marker("</tool_call>", .close)]
        case .deepSeekR1, .deepSeekV31:
            content.append(Marker("<｜tool▁calls▁begin｜>", .call(.section)))
            content.append(Marker("<｜tool▁call▁begin｜>", .call(.header)))
            closing = [
                Marker("<｜tool▁call▁end｜>", .close), Marker("<｜tool▁calls▁end｜>", .close),
            ]
            if format == .deepSeekR1 { fence = [Marker("```", .close)] }
        case .qwen3Coder:
            content.append(Marker("<tool_call>", .call(.section)))
            content.append(Marker("<function=", .call(.header)))
            closing = [Marker("</tool_call>", .close)]
        case .llama3:
            content.append(Marker("<|python_tag|>", .call(.object)))
            bare = [Marker("{", .call(.bareObject))]
        }
        self.content = content
        blank = content + bare
        frame = content + bare + closing
        self.fence = frame + fence
        var starts = [Bool](repeating: false, count: 256)
        for marker in content { if let first = marker.bytes.first { starts[Int(first)] = true } }
        startsContent = starts
    }
}
