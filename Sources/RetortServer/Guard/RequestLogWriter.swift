// SPDX-License-Identifier: Apache-2.0
//
// What the extraction monitor reads: a line for each request with a sketch of its text in place of the text.

import Foundation
import RetortEngine
import RetortGuard
import Synchronization

/// Writes a log of requests that its owner alone may read.
public final class RequestLogWriter: Sendable {
    private struct State {
        let file: FileHandle
        var hasFailed = false
    }

    private let secret: SketchSecret
    private let sketcher: RequestSketcher
    private let state: Mutex<State>
    private let report: @Sendable (any Error) -> Void

    /// - Parameters:
    ///   - path: Lines are added to what is there.
    ///   - secret: Of the sketches; the same as long as logs shall be compared.
    ///   - report: Told of the first line that could not be written.
    /// - Throws: `GuardError` if the file cannot be opened.
    public init(
        path: String, secret: SketchSecret, report: @escaping @Sendable (any Error) -> Void
    ) throws {
        let isThere =
            FileManager.default.fileExists(atPath: path)
            || FileManager.default.createFile(
                atPath: path, contents: nil, attributes: [.posixPermissions: 0o600])
        guard isThere, let file = FileHandle(forWritingAtPath: path) else {
            throw GuardError("the log \(path) cannot be written; choose another --guard-log")
        }
        try file.seekToEnd()
        self.secret = secret
        self.report = report
        sketcher = RequestSketcher(secret: secret)
        state = Mutex(State(file: file))
    }

    /// Hears what happens to an answer; the end of a request's last one writes the line.
    func hear(
        _ event: EngineEvent, of request: EngineRequest, model: String, thoughts: ThoughtPolicy,
        prompt: () -> String
    ) {
        let total: GenerationUsage?
        switch event {
        case .finished(_, let usage): total = request.source.answers.end(usage)
        case .failed: total = request.source.answers.end(GenerationUsage())
        case .queued, .prompt, .promptToken, .token, .rest: return
        }
        guard let total else { return }
        let source = request.source
        let sampling = request.generation.sampling
        let address = source.address.map(secret.address)
        // Without keys a client is its address, which is not written down.
        let key =
            request.client == source.address
            ? "address-\(String(address ?? 0, radix: 16))" : request.client
        let record = RequestRecord(
            id: source.id, time: Date().timeIntervalSince1970, key: key,
            address: address, userAgent: source.userAgent,
            route: source.route, model: model, promptTokens: total.promptTokens,
            completionTokens: total.completionTokens, reasoningTokens: total.reasoningTokens,
            temperature: Double(sampling.temperature), topP: Double(sampling.topP),
            maxTokens: request.generation.maximumTokens, n: source.choices,
            logprobs: request.topLogprobs, isStream: source.isStream,
            thoughts: thoughts.rawValue,
            sketch: sketcher.sketch(
                system: source.system, user: source.user ?? prompt(), turns: source.turns))
        let line = Data((record.line + "\n").utf8)
        let failure: (any Error)? = state.withLock { state in
            do {
                try state.file.write(contentsOf: line)
                return nil
            } catch {
                defer { state.hasFailed = true }
                return state.hasFailed ? nil : error
            }
        }
        if let failure { report(failure) }
    }
}
