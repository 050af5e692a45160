// SPDX-License-Identifier: Apache-2.0
//
// A second process collects and is killed. What it said to have kept was paid for once for ever.

import Foundation
import RetortClient
import RetortDistillation
import TestSupport
import Testing

// Reading the process's output blocks a thread; two at once would block a small machine's all.
@Suite("A killed collector", .serialized)
struct KillTests {
    private static let prompts = 150

    @Test("What was kept is never asked for again, and nothing is missing", arguments: [1, 2])
    func kill(seed: UInt64) async throws {
        let desk = try Desk()
        desk.teacher.answer { request in
            var reply = StandInTeacher.Reply.answer(to: request, "answer to \(request.prompt)")
            reply.delay = .milliseconds(3)
            return reply
        }
        var random = SeededRandom(seed: seed)
        let path = desk.path("cache.sqlite")
        var kept: Set<String> = []
        var underWay = 0
        for _ in 0..<4 {
            let said = try collect(
                path, desk.teacher.address, killAfter: Int.random(in: 1...25, using: &random))
            for line in said where line.hasPrefix("answered ") {
                let isNew = kept.insert(String(line.dropFirst("answered ".count))).inserted
                #expect(isNew, "paid for twice")
            }
            underWay += 4
        }
        let last = try collect(path, desk.teacher.address, killAfter: nil)
        #expect(last.last == "end finished")
        let asked = desk.asked
        #expect(asked.count == Self.prompts)
        // Only what was under way when the process died is asked for again.
        #expect(desk.teacher.requests.count <= Self.prompts + underWay)
        let cache = try RequestCache(path: path)
        try await cache.verify()
        let summary = try await cache.summary()
        #expect(summary.done == Self.prompts)
        for prompt in 0..<Self.prompts {
            let request = ChatCompletionRequest(
                model: "teacher", messages: [ChatMessage(.user, "prompt \(prompt)")])
            let key = RequestKey(request, sample: 0)
            let content = try await cache.answer(key)?.completion.choices[0].content
            #expect(content == "answer to prompt \(prompt)")
        }
    }

    /// Lets the writer keep so many answers, kills it and gives all that it said.
    private func collect(_ path: String, _ address: String, killAfter count: Int?) throws
        -> [String]
    {
        let process = Process()
        process.executableURL = Bundle.main.bundleURL.appendingPathComponent("CacheWriter")
        process.arguments = [path, address, "\(Self.prompts)"]
        let pipe = Pipe()
        process.standardOutput = pipe
        try process.run()
        var text = Data()
        if let count {
            while text.count(where: { $0 == 10 }) < count {
                let bytes = pipe.fileHandleForReading.availableData
                try #require(!bytes.isEmpty, "the writer ended by itself")
                text += bytes
            }
            Foundation.kill(process.processIdentifier, SIGKILL)
        }
        text += pipe.fileHandleForReading.readDataToEndOfFile()
        process.waitUntilExit()
        // A line that was cut off was not said.
        let whole = text.prefix(upTo: text.lastIndex(of: 10) ?? text.startIndex)
        return String(decoding: whole, as: UTF8.self).split(separator: "\n").map { String($0) }
    }
}
