// SPDX-License-Identifier: Apache-2.0
//
// A second process writes and is killed. Tools/check_crash.py does the same many times.

import Foundation
import RetortServer
import TestSupport
import Testing

@Suite("A killed server")
struct CrashTests {
    @Test("What was acknowledged is there after SIGKILL", arguments: [1, 2, 3])
    func kill(seed: UInt64) async throws {
        let folder = try StoreFolder()
        var random = SeededRandom(seed: seed)
        var said: [String] = []
        for _ in 0..<2 {
            let lines = Int.random(in: 5...60, using: &random)
            said += try write(folder.path, until: lines)
        }
        let store = try folder.open()
        #expect(try store.recoverRuns() <= 1)
        let keys = Set(try store.keys().map(\.id))
        var messages: [String: StoredMessage] = [:]
        for summary in try await store.conversations(owner: "").conversations {
            for message in try await store.conversation(summary.id, owner: "").tree {
                messages[message.id] = message
            }
        }
        #expect(said.count >= 10)
        for line in said {
            let words = line.split(separator: " ").map { String($0) }
            if words[0] == "key" {
                #expect(keys.contains(words[1]))
                continue
            }
            let message = try #require(messages[words[1]], "lost: \(line)")
            #expect(message.status != .streaming)
            if words.count == 3 { #expect(message.content.count >= Int(words[2]) ?? .max) }
            if words[0] == "ended" { #expect(message.status == .complete) }
        }
    }

    /// Lets the writer say so many lines, kills it and gives all that it said.
    private func write(_ path: String, until count: Int) throws -> [String] {
        let process = Process()
        let binary = Bundle.main.bundleURL.appendingPathComponent("StoreWriter")
        process.executableURL = binary
        process.arguments = [path]
        let pipe = Pipe()
        process.standardOutput = pipe
        try process.run()
        var text = Data()
        while text.count(where: { $0 == 10 }) < count {
            let bytes = pipe.fileHandleForReading.availableData
            try #require(!bytes.isEmpty, "the writer ended by itself")
            text += bytes
        }
        Foundation.kill(process.processIdentifier, SIGKILL)
        text += pipe.fileHandleForReading.readDataToEndOfFile()
        process.waitUntilExit()
        // A line that was cut off was not said.
        let whole = text.prefix(upTo: text.lastIndex(of: 10) ?? text.startIndex)
        return String(decoding: whole, as: UTF8.self).split(separator: "\n").map { String($0) }
    }
}
