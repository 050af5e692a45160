// SPDX-License-Identifier: Apache-2.0

import Foundation
import RetortClient
import RetortJSON
import Synchronization
import TestSupport
import Testing

private typealias Reply = StandInTeacher.Reply

@Suite("Asking an endpoint that answers, fails and lies")
struct ChatClientTests {
    private let teacher: StandInTeacher
    private let clock = TestClock()
    private let retries = RetryLog()

    init() throws { teacher = try StandInTeacher() }

    final class RetryLog: Sendable {
        private let content = Mutex<[ChatClient.Retry]>([])
        var all: [ChatClient.Retry] { content.withLock { $0 } }
        func add(_ retry: ChatClient.Retry) { content.withLock { $0.append(retry) } }
    }

    private static let request = ChatCompletionRequest(
        model: "m", messages: [ChatMessage(.user, "SECRET question")])

    private func ask(
        _ request: ChatCompletionRequest = request, key: String? = "sk-SECRET",
        adjust: (inout ChatClientConfiguration) -> Void = { _ in }
    ) async throws -> ChatCompletion {
        var configuration = ChatClientConfiguration(
            endpoint: try ChatEndpoint(parsing: teacher.address),
            key: try key.map { try APIKey($0) },
            retry: ClientRetryPolicy(maximumAttempts: 5), clock: clock.clock())
        adjust(&configuration)
        defer { teacher.stop() }
        return try await ChatClient.withClient(configuration) { client in
            try await client.complete(request) { retry in
                retries.add(retry)
                return true
            }
        }
    }

    /// The error of a request that must fail.
    private func failure(adjust: (inout ChatClientConfiguration) -> Void = { _ in }) async
        -> ClientError?
    {
        let error = await #expect(throws: ClientError.self) { _ = try await ask(adjust: adjust) }
        #expect(error?.description.contains("SECRET") == false)
        return error
    }

    @Test("An answer arrives, streamed or not", arguments: [true, false])
    func success(streams: Bool) async throws {
        teacher.answer { .answer(to: $0, "an answer – 42", reasoning: "some thoughts") }
        let answer = try await ask { $0.streams = streams }
        #expect(answer.choices[0].content == "an answer – 42")
        #expect(answer.choices[0].reasoning == "some thoughts")
        #expect(answer.choices[0].finishReason == "stop")
        #expect(answer.usage == TokenUsage(promptTokens: 10, completionTokens: 20))
        let again = try ChatCompletion(parsing: answer.body)
        #expect(again == answer)
        let sent = try #require(teacher.requests.first)
        #expect(sent.path == "/v1/chat/completions")
        #expect(sent.headers["authorization"] == "Bearer sk-SECRET")
        #expect(sent.isStream == streams)
        #expect(sent.body["stream_options"]?["include_usage"]?.boolValue == (streams ? true : nil))
    }

    @Test("Without a key no Authorization is sent")
    func noKey() async throws {
        _ = try await ask(key: nil)
        #expect(teacher.requests.first?.headers["authorization"] == nil)
    }

    @Test("A stream is read from an endpoint that was not asked for one, and the other way round")
    func otherForm() async throws {
        teacher.misbehave(
            .stream([#"{"choices":[{"index":0,"delta":{"content":"s"},"finish_reason":"stop"}]}"#]))
        #expect(try await ask { $0.streams = false }.choices[0].content == "s")
    }

    @Test(
        "Refusals that no other try changes are not tried again",
        arguments: [
            (400, "{}", ClientError.Kind.refused), (401, "", .denied),
            (401, #"{"error":{"message":"Incorrect API key provided: sk-SECRET"}}"#, .denied),
            (402, "{}", .noFunds), (403, "{}", .denied),
            (403, #"{"error":{"code":403,"metadata":{"reasons":["SECRET"]}}}"#, .refused),
            (404, #"{"error":{"code":"model_not_found"}}"#, .notFound), (413, "", .refused),
            (422, "[]", .refused), (307, "", .notFound),
            (
                400, #"{"error":{"code":"context_length_exceeded","message":"SECRET"}}"#,
                .contextTooLong
            ),
            (
                400, #"{"message":"This model's maximum context length is 8192 tokens SECRET"}"#,
                .contextTooLong
            ),
            (429, #"{"error":{"code":"insufficient_quota"}}"#, .noFunds),
        ])
    func permanent(status: Int, body: String, kind: ClientError.Kind) async throws {
        teacher.answer { _ in .text(body, status: status) }
        let error = await failure()
        #expect(error?.kind == kind)
        #expect(error?.mayPassLater == false)
        #expect(teacher.requests.count == 1)
    }

    @Test("The endpoint's short codes are shown, its texts are not")
    func codes() async throws {
        teacher.answer { _ in
            .text(#"{"error":{"code":"model_not_found","message":"SECRET"}}"#, status: 404)
        }
        #expect(await failure()?.description.contains("(model_not_found)") == true)
    }

    private static let half = #"{"choices":[{"index":0,"delta":{"content":"half"}}]}"#

    private static let passingFaults: [(String, Reply, ClientError.Kind, Bool)] = [
        ("429", .text("", status: 429), .rateLimited, false),
        ("408", .text("", status: 408), .unavailable, true),
        ("500", .text("<html>", status: 500), .unavailable, false),
        ("502", .text("", status: 502), .unavailable, false),
        ("503", .text("{}", status: 503), .unavailable, false),
        ("504", .text("{}", status: 504), .unavailable, true),
        ("half a stream", .stream([half]), .interrupted, true),
        (
            "half an event", .text("data: \(half)\n\ndata: {\"cho", type: "text/event-stream"),
            .interrupted, true
        ),
        ("nothing in a stream", .stream([]), .interrupted, true),
        ("[DONE] and nothing else", .stream(["[DONE]"]), .interrupted, true),
        ("a chunk that is no JSON", .stream([half, "{SECRET"]), .badAnswer, true),
        (
            "a fault in the stream",
            .stream([half, #"{"error":{"code":503,"message":"SECRET"}}"#]), .unavailable, true
        ),
        ("a fault without a code", .stream([#"{"error":"SECRET"}"#]), .unavailable, true),
        ("wrong JSON", .text("{\"choices\":"), .badAnswer, true),
        ("HTML", .text("<html>SECRET</html>"), .badAnswer, true),
        ("an empty body", .text(""), .badAnswer, true),
        (
            "a fault instead of an answer",
            .text(#"{"error":{"code":429,"message":"SECRET"}}"#), .rateLimited, true
        ),
        (
            "no answer",
            {
                var reply = Reply(); reply.isSilent = true; return reply
            }(),
            .interrupted, true
        ),
        (
            "a cut body",
            {
                var reply = Reply.text(#"{"choices":[{"message":{"content":"x"}}]}"#)
                reply.promisedLength = 1000
                return reply
            }(), .interrupted, true
        ),
    ]

    @Test("Failures that may pass are tried again", arguments: passingFaults)
    private func passing(name: String, reply: Reply, kind: ClientError.Kind, charged: Bool)
        async throws
    {
        teacher.misbehave(reply, reply)
        let answer = try await ask()
        #expect(answer.choices[0].content == "an answer")
        #expect(teacher.requests.count == 3)
        #expect(retries.all.map(\.error.kind) == [kind, kind], "\(retries.all.map(\.error))")
        #expect(retries.all.map(\.error.mayBeCharged) == [charged, charged])
        #expect(!retries.all.contains { $0.error.description.contains("SECRET") })
        // 1 s and 2 s, shortened by half.
        #expect(clock.sleeps == [.milliseconds(500), .seconds(1)])
    }

    @Test("Tries are limited, and bad answers more so")
    func limits() async throws {
        teacher.answer { _ in .text("", status: 503) }
        #expect(await failure()?.kind == .unavailable)
        #expect(teacher.requests.count == 5)
    }

    @Test("Answers that make no sense are asked for three times only")
    func badAnswers() async throws {
        teacher.answer { _ in .text("{}") }
        let error = await failure()
        #expect(error?.kind == .badAnswer)
        #expect(error?.mayBeCharged == true)
        #expect(teacher.requests.count == 3)
    }

    @Test(
        "What Retry-After asks for is waited",
        arguments: [
            ("Retry-After", "17", 17.0), ("retry-after-ms", "250", 0.25),
            ("Retry-After", "Fri, 15 Jan 2027 08:00:25 GMT", 25),
        ])
    func retryAfter(name: String, value: String, seconds: Double) async throws {
        teacher.misbehave(.text("", status: 429, (name, value)))
        _ = try await ask()
        #expect(clock.sleeps == [.seconds(seconds)])
    }

    @Test("A pause that one request was asked for holds the client's others")
    func sharedPause() async throws {
        teacher.misbehave(.text("", status: 429, ("Retry-After", "30")))
        defer { teacher.stop() }
        let configuration = ChatClientConfiguration(
            endpoint: try ChatEndpoint(parsing: teacher.address), clock: clock.clock())
        let start = clock.time
        try await ChatClient.withClient(configuration) { client in
            await #expect(throws: ClientError.self) {
                _ = try await client.complete(Self.request) { _ in false }
            }
            #expect(clock.time == start)
            _ = try await client.complete(Self.request)
        }
        #expect(clock.time == start + 30)
    }

    @Test("A Retry-After that asks for too long ends the tries")
    func longRetryAfter() async throws {
        teacher.answer { _ in .text("", status: 429, ("Retry-After", "86400")) }
        let error = await failure()
        #expect(error?.kind == .rateLimited)
        #expect(error?.description.contains("86400") == true)
        #expect(teacher.requests.count == 1)
    }

    @Test("A stream that ends without [DONE] is whole if every choice said why it ends")
    func noDone() async throws {
        teacher.answer { _ in
            .stream([#"{"choices":[{"index":0,"delta":{"content":"x"},"finish_reason":"stop"}]}"#])
        }
        #expect(try await ask().choices[0].content == "x")
        #expect(teacher.requests.count == 1)
    }

    @Test("A whole stream on a connection that then breaks is whole", arguments: [true, false])
    func brokenAfterwards(hasDone: Bool) async throws {
        let last = #"{"choices":[{"index":0,"delta":{"content":"x"},"finish_reason":"stop"}]}"#
        var reply = Reply.stream(hasDone ? [last, "[DONE]"] : [last])
        reply.promisedLength = 5000
        teacher.misbehave(reply)
        #expect(try await ask().choices[0].content == "x")
        #expect(teacher.requests.count == 1)
    }

    @Test("A silent connection is given up")
    func silence() async throws {
        var hanging = Reply.stream([Self.half])
        hanging.hangs = true
        let reply = hanging
        teacher.answer { _ in reply }
        let error = await failure {
            $0.idleTimeout = .milliseconds(100)
            $0.retry.maximumAttempts = 2
        }
        #expect(error?.kind == .interrupted)
        #expect(error?.mayBeCharged == true)
        #expect(teacher.requests.count == 2)
    }

    @Test(
        "An endpoint that is not there is unreachable, and nothing was charged",
        arguments: ["127.0.0.1", "localhost"])
    func unreachable(host: String) async throws {
        let endpoint = try ChatEndpoint(parsing: "http://\(host):1/v1")
        let error = await failure {
            $0.retry.maximumAttempts = 2
            $0.endpoint = endpoint
        }
        #expect(error?.kind == .unreachable)
        #expect(error?.mayBeCharged == false)
        #expect(retries.all.count == 1)
    }

    @Test("Answers longer than the limit are refused", arguments: [true, false])
    func tooLarge(streams: Bool) async throws {
        teacher.answer { .answer(to: $0, String(repeating: "x", count: 100_000)) }
        let error = await failure {
            $0.maximumResponseBytes = 50_000
            $0.streams = streams
        }
        #expect(error?.kind == .tooLarge)
        #expect(error?.mayBeCharged == true)
        #expect(teacher.requests.count == 1)
    }

    @Test("What was cancelled before it was sent is not sent")
    func cancelledBefore() async throws {
        let task = Task {
            withUnsafeCurrentTask { $0?.cancel() }
            return try await ask()
        }
        let error = await #expect(throws: ClientError.self) { _ = try await task.value }
        #expect(error?.kind == .cancelled)
        #expect(teacher.requests.isEmpty)
    }

    @Test("A cancelled request is ended, or waited for if asked to", arguments: [true, false])
    func cancelledMeanwhile(drains: Bool) async throws {
        let arrived = AsyncStream<Void>.makeStream()
        teacher.answer { request in
            arrived.continuation.yield()
            var reply = Reply.answer(to: request, "late")
            // Long enough to be cancelled on a machine that is busy.
            reply.delay = drains ? .milliseconds(300) : .seconds(5)
            return reply
        }
        defer { teacher.stop() }
        let configuration = ChatClientConfiguration(
            endpoint: try ChatEndpoint(parsing: teacher.address))
        let outcome = try await ChatClient.withClient(configuration) { client in
            let task = Task {
                try await client.complete(Self.request, drain: drains ? .seconds(30) : nil)
            }
            for await _ in arrived.stream { break }
            task.cancel()
            return await task.result
        }
        if drains {
            #expect(try outcome.get().choices[0].content == "late")
        } else {
            #expect((outcome.failureValue as? ClientError)?.kind == .cancelled)
        }
        #expect(teacher.requests.count == 1)
    }

    @Test("Fewer requests go at the same time after a refusal")
    func adaptation() async throws {
        teacher.misbehave(.text("", status: 429))
        defer { teacher.stop() }
        let configuration = ChatClientConfiguration(
            endpoint: try ChatEndpoint(parsing: teacher.address), clock: clock.clock())
        let concurrency = try await ChatClient.withClient(configuration) { client in
            _ = try await client.complete(Self.request)
            return client.concurrency
        }
        #expect(concurrency == 8)
    }
}

extension Result {
    fileprivate var failureValue: Failure? {
        if case .failure(let error) = self { error } else { nil }
    }
}
