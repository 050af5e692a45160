// SPDX-License-Identifier: Apache-2.0
//
// Collects answers into a cache and says what was kept, for tests that kill it.

import Foundation
import RetortClient
import RetortDistillation

@main
enum CacheWriter {
    static func main() async throws {
        guard CommandLine.arguments.count == 4, let prompts = Int(CommandLine.arguments[3]) else {
            say("usage: CacheWriter DATABASE ENDPOINT PROMPTS")
            exit(2)
        }
        let cache = try RequestCache(path: CommandLine.arguments[1])
        let plan = try CollectionPlan(
            prompts: (0..<prompts).map {
                PromptRecord(id: "\($0)", messages: [ChatMessage(.user, "prompt \($0)")])
            },
            template: ChatCompletionRequest(model: "teacher", messages: []))
        let configuration = ChatClientConfiguration(
            endpoint: try ChatEndpoint(parsing: CommandLine.arguments[2]),
            limits: RateLimits(maximumConcurrency: 4))
        let report = try await ChatClient.withClient(configuration) { client in
            let collector = AnswerCollector(
                client: client, cache: cache,
                options: .init(lease: .milliseconds(400), pollInterval: .milliseconds(20)))
            return try await collector.run(plan) { event in
                if case .answered(let hash, _) = event { say("answered \(hash)") }
            }
        }
        say("end \(report.end)")
    }

    /// Without a buffer: what was said was kept.
    static func say(_ line: String) { FileHandle.standardOutput.write(Data("\(line)\n".utf8)) }
}
