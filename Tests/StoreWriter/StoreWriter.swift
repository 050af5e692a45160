// SPDX-License-Identifier: Apache-2.0
//
// Writes to a store without end and says what was acknowledged, for tests that kill it.

import Foundation
import RetortServer

@main
enum StoreWriter {
    static func main() async throws {
        guard CommandLine.arguments.count == 2 else {
            say("usage: StoreWriter DATABASE")
            exit(2)
        }
        let store = try ServerStore(path: CommandLine.arguments[1])
        try store.recoverRuns()
        let conversation = try await store.create(owner: "").id
        var parent: String?
        for number in 1... {
            let question = try await store.addMessage(
                conversation, owner: "", parent: parent, content: "question \(number)")
            say("message \(question.message.id)")
            let run = try await store.beginRun(
                conversation, owner: "", RunStart(.answer(question.message.id), model: "test"))
            var text = ""
            for _ in 1...5 {
                text += "more text, "
                try await store.saveRun(run.run, content: text, reasoning: "")
                say("saved \(run.message.id) \(text.count)")
            }
            let end = RunEnd(.complete, finishReason: "stop", content: text, reasoning: "")
            parent = try await store.endRun(run.run, end).message.id
            say("ended \(run.message.id) \(text.count)")
            say("key \(try store.addKey(name: "key \(number)").stored.id)")
        }
    }

    /// Without a buffer: what was said was written.
    static func say(_ line: String) { FileHandle.standardOutput.write(Data("\(line)\n".utf8)) }
}
