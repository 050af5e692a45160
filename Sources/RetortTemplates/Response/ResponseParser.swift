// SPDX-License-Identifier: Apache-2.0
//
// One state machine over bytes: thought, content, calls. A byte is looked at once, and again at
// most once for each marker that it might have started. What may still become a marker is held
// back, nothing else; so the events, joined, are the same however the text arrives.

import RetortJSON

/// Tells thoughts, content and tool calls apart while a response streams in. A value: one for each
/// generation.
///
/// Line breaks around a thought belong to its markers and are dropped, as is white space between
/// and after calls; all other text comes out as it went in. What begins like a call and is none is
/// content. A call that goes wrong after its name was told is abandoned with its text, and so is
/// one that the end of the text cuts off.
public struct ResponseParser: Sendable {
    /// A piece of a response. Calls are numbered from 0 and never overlap.
    public enum Event: Sendable, Equatable {
        /// A part of a thought.
        case reasoning(String)
        /// A part of the answer.
        case content(String)
        /// A call of the function `name`. Its arguments follow.
        case toolCallStart(index: Int, name: String)
        /// A part of the arguments; all parts of one call make the text of a JSON object.
        case toolCallArguments(index: Int, fragment: String)
        /// The arguments are complete and valid JSON.
        case toolCallEnd(index: Int)
        /// The call is malformed or was cut off. `text` is all of it as the model wrote it: content,
        /// for a reader to whom the call was not told yet.
        case toolCallAbandoned(index: Int, text: String)
    }

    /// Why a response ended, as far as its text tells.
    public enum FinishReason: String, Sendable {
        case stop
        /// At least one call is complete.
        case toolCalls = "tool_calls"
    }

    enum State {
        /// Before anything but white space: an opening marker may come.
        case start
        case reasoning
        case content
        case call
    }

    let format: ReasoningFormat
    let opening: [UInt8]
    let closing: [UInt8]
    let repeats: Bool
    let toolFormat: ToolCallFormat
    let markers: ToolCallMarkers

    var state: State
    /// Whether line breaks are still to be dropped: a thought or what follows one just began.
    var dropsLineBreaks = false
    /// The start of a marker, or of one of several.
    var held: [UInt8] = []
    /// White space that is dropped if a marker follows: before the opening one, at the end of a
    /// thought, after a call.
    var heldSpace: [UInt8] = []
    /// What the calls before leave to be dropped.
    var afterCall = AfterCall.none
    /// Whether the content is white space so far.
    var isBlank = true
    var reader: ToolCallReader
    var output = ResponseEvents()
    /// The start of a character whose end has not come yet.
    private var partialScalar: [UInt8] = []

    /// - Parameters:
    ///   - reasoning: How the model marks thoughts, and where the prompt left it.
    ///   - toolFormat: How it writes calls; `.none` if the request offers no tools.
    ///   - tools: The request's function definitions, as in OpenAI's API. Their schemas tell the types
    ///     of arguments that are not written as JSON, their names which JSON is a call where only
    ///     the name can tell.
    public init(
        reasoning: ReasoningFormat, toolFormat: ToolCallFormat = .none, tools: [JSONValue] = []
    ) {
        format = reasoning
        opening = Array(reasoning.opening.utf8)
        closing = Array(reasoning.closing.utf8)
        repeats = reasoning.repeats && reasoning.marksThoughts
        self.toolFormat = toolFormat
        markers = ToolCallMarkers(toolFormat, opening: repeats ? opening : nil)
        reader = ToolCallReader(toolFormat, tools: tools)
        state = reasoning.marksThoughts && reasoning.start != .closed ? .start : .content
        dropsLineBreaks = reasoning.marksThoughts && reasoning.start == .closed
    }

    /// Whether the text so far ends within a thought.
    public var isReasoning: Bool {
        switch state {
        case .reasoning: return true
        case .content, .call: return false
        case .start: return format.start != .outside
        }
    }

    /// `.toolCalls` as soon as one call is complete.
    public var finishReason: FinishReason { output.completedCalls > 0 ? .toolCalls : .stop }

    /// Takes the next piece and returns what became certain.
    public mutating func append(_ text: String) -> [Event] { append(bytes: text.utf8) }

    /// Takes the next piece, which may end within a character. What is not UTF-8 becomes U+FFFD.
    public mutating func append(bytes: some Sequence<UInt8>) -> [Event] {
        if bytes.withContiguousStorageIfAvailable({ appendBytes($0) }) == nil {
            Array(bytes).withUnsafeBufferPointer { appendBytes($0) }
        }
        return output.take()
    }

    /// Returns what was held back. A thought that was not closed is all thought; a call that was
    /// not completed is abandoned.
    public mutating func finish() -> [Event] {
        if !partialScalar.isEmpty {
            step(repairing: partialScalar)
            partialScalar = []
        }
        end()
        return output.take()
    }

    // MARK: - Bytes

    private mutating func appendBytes(_ bytes: UnsafeBufferPointer<UInt8>) {
        guard !bytes.isEmpty else { return }
        if partialScalar.isEmpty {
            let end = bytes.count - Self.partialSuffix(of: bytes)
            step(valid: bytes[..<end])
            partialScalar.append(contentsOf: bytes[end...])
        } else {
            let joined = partialScalar + bytes
            let end = joined.count - joined.withUnsafeBufferPointer { Self.partialSuffix(of: $0) }
            partialScalar = Array(joined[end...])
            joined.withUnsafeBufferPointer { step(valid: $0[..<end]) }
        }
    }

    /// How many bytes at the end start a character without ending it. The cut is before a byte that
    /// starts a character in any case, so that repairs are the same wherever pieces end.
    private static func partialSuffix(of bytes: UnsafeBufferPointer<UInt8>) -> Int {
        for count in 1...3 where count <= bytes.count {
            let byte = bytes[bytes.count - count]
            if byte < 0x80 { return 0 }
            if byte < 0xC0 { continue }
            let length = byte >= 0xF5 || byte < 0xC2 ? 1 : byte >= 0xF0 ? 4 : byte >= 0xE0 ? 3 : 2
            return count < length ? count : 0
        }
        return 0
    }

    private mutating func step(valid bytes: Slice<UnsafeBufferPointer<UInt8>>) {
        let part = UnsafeBufferPointer(rebasing: bytes)
        if part.contains(where: { $0 >= 0x80 }), String(validating: part, as: UTF8.self) == nil {
            step(repairing: part)
        } else {
            for byte in part { step(byte) }
        }
    }

    private mutating func step(repairing bytes: some Collection<UInt8>) {
        for byte in String(decoding: bytes, as: UTF8.self).utf8 { step(byte) }
    }

    mutating func step(_ byte: UInt8) {
        switch state {
        case .start: stepStart(byte)
        case .reasoning: stepReasoning(byte)
        case .content: stepContent(byte)
        case .call: stepCall(byte)
        }
    }

    private mutating func end() {
        switch state {
        case .start:
            leaveStart()
            if state != .start { end() }
        case .reasoning:
            releaseReasoning(all: true)
            heldSpace = []
        case .content:
            releaseContent(all: true)
            heldSpace = []
        case .call:
            for byte in abandonCall() { step(byte) }
            end()
        }
    }
}
