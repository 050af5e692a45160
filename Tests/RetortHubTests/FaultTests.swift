// SPDX-License-Identifier: Apache-2.0

import Foundation
import NIOCore
import RetortHub
import Testing

private typealias File = StandInHub.File
private typealias Reply = StandInServer.Reply

@Suite("Pulling from a hub that fails, lies or attacks")
struct FaultTests {
    private static let weights = File("tiny-Q8_0.gguf", randomBytes: 100_000)
    private static let content = "/content/\(weights.path)"
    private static let api = "/api/models/ada/tiny"
    private static let tree = "\(api)/tree/\(StandInHub.commit)"

    private func bench(_ adjust: (inout HubConfiguration) -> Void = { _ in }) throws
        -> (StandInHub, Bench)
    {
        let hub = try StandInHub([Self.weights])
        return (hub, try Bench(hub, adjust))
    }

    private func expectComplete(_ bench: Bench, _ comment: Comment? = nil) throws {
        let url = try bench.store.resolve("ada/tiny")
        #expect(Array(try Data(contentsOf: url)) == Self.weights.content, comment)
    }

    // MARK: Resuming

    @Test("A transfer that is cut goes on by Range from where it was")
    func cuts() async throws {
        let (hub, bench) = try bench()
        hub.misbehave(
            at: Self.content, bench.cut(Self.weights, at: 30_000),
            bench.cut(Self.weights, from: 30_000, at: 50_000),
            bench.cut(Self.weights, from: 50_000, at: 50_001))
        try await bench.pull()
        try expectComplete(bench)
        #expect(
            hub.contentRequests(Self.weights.path).map { $0.headers["range"] }
                == [nil, "bytes=30000-", "bytes=50000-", "bytes=50001-"])
        #expect(bench.retries.count == 3)
    }

    @Test("A connection closed without an answer is tried again")
    func silence() async throws {
        let (hub, bench) = try bench()
        hub.misbehave(at: Self.content, times: 3, Reply(isSilent: true))
        hub.misbehave(at: Self.tree, times: 3, Reply(isSilent: true))
        try await bench.pull()
        try expectComplete(bench)
    }

    @Test("Tries that bring nothing are limited, and the part stays")
    func limit() async throws {
        let (hub, bench) = try bench()
        hub.misbehave(at: Self.content, bench.cut(Self.weights, at: 30_000))
        hub.misbehave(at: Self.content, times: 20, Reply(isSilent: true))
        let error = await bench.failure()
        #expect(error?.kind == .interrupted)
        #expect(hub.contentRequests(Self.weights.path).count == 4)
        #expect(bench.stored == ["ada/tiny/blobs/\(Self.weights.sha256).incomplete"])
        #expect(bench.store.contents().models.isEmpty)
        #expect(bench.store.contents().unfinished.map(\.size) == [30_000])
    }

    @Test("Tries that bring enough are not limited")
    func progressResets() async throws {
        let (hub, bench) = try bench { $0.retry.bytesThatCount = 1000 }
        hub.misbehave(at: Self.content, bench.cut(Self.weights, at: 10_000))
        for start in stride(from: 10_000, to: 90_000, by: 10_000) {
            hub.misbehave(
                at: Self.content, bench.cut(Self.weights, from: start, at: start + 10_000))
        }
        try await bench.pull()
        try expectComplete(bench)
        #expect(bench.retries.count == 9)
    }

    @Test("A later process goes on with what an earlier one left")
    func laterProcess() async throws {
        let (hub, bench) = try bench()
        try bench.leave(Array(Self.weights.content[..<60_000]), asPartOf: Self.weights)
        try await bench.pull()
        try expectComplete(bench)
        #expect(
            hub.contentRequests(Self.weights.path).map { $0.headers["range"] } == ["bytes=60000-"])
        guard case .planned(let plan)? = bench.events.first else { return }
        #expect(plan.bytesToDownload == 40_000)
    }

    @Test("A part that is complete is verified without a request")
    func completePart() async throws {
        let (hub, bench) = try bench()
        try bench.leave(Self.weights.content, asPartOf: Self.weights)
        try await bench.pull()
        try expectComplete(bench)
        #expect(hub.contentRequests(Self.weights.path).isEmpty)
    }

    @Test(
        "A part with the wrong content is noticed and downloaded anew",
        arguments: [60_000, 100_000])
    func damagedPart(length: Int) async throws {
        let (hub, bench) = try bench()
        try bench.leave([UInt8](repeating: 0, count: length), asPartOf: Self.weights)
        try await bench.pull()
        try expectComplete(bench)
        #expect(hub.contentRequests(Self.weights.path).last?.headers["range"] == nil)
        #expect(bench.retries.count == 1)
    }

    @Test("A part that is too long is thrown away")
    func longPart() async throws {
        let (_, bench) = try bench()
        try bench.leave([UInt8](repeating: 0, count: 100_001), asPartOf: Self.weights)
        try await bench.pull()
        try expectComplete(bench)
    }

    @Test("A server that ignores Range is read from the start")
    func rangeIgnored() async throws {
        let (hub, bench) = try bench()
        hub.misbehave(
            at: Self.content, bench.cut(Self.weights, at: 30_000), Reply(body: Self.weights.content)
        )
        try await bench.pull()
        try expectComplete(bench)
    }

    @Test(
        "A server that cannot continue is asked for the whole",
        arguments: [416, 206])
    func rangeRefused(status: Int) async throws {
        let (hub, bench) = try bench()
        let refusal =
            status == 416
            ? Reply.status(416)
            : Reply(
                status: 206, headers: [("Content-Range", "bytes 10000-10049/100000")],
                body: Array(Self.weights.content[10_000..<10_050]))
        hub.misbehave(at: Self.content, bench.cut(Self.weights, at: 30_000), refusal)
        try await bench.pull()
        try expectComplete(bench)
        #expect(
            hub.contentRequests(Self.weights.path).map { $0.headers["range"] }
                == [nil, "bytes=30000-", nil])
    }

    // MARK: Lies about content

    @Test("Wrong content is deleted and named")
    func wrongHash() async throws {
        let (hub, bench) = try bench()
        var content = Self.weights.content
        content[77] ^= 1
        hub.misbehave(at: Self.content, times: 5, Reply(body: content))
        let error = await bench.failure()
        #expect(error?.kind == .corrupted)
        #expect(error?.description.contains("tiny-Q8_0.gguf") == true)
        #expect(error?.description.contains("deleted") == true)
        #expect(bench.stored == [])
        #expect(hub.contentRequests(Self.weights.path).count == 1)
    }

    @Test("Wrong content of a small file is noticed by git's hash")
    func wrongBlob() async throws {
        let hub = try StandInHub([File("notes.txt", text: "truth")])
        hub.misbehave(
            at: hub.resolvePath("notes.txt"), times: 5, Reply(body: Array("lies!".utf8)))
        let bench = try Bench(hub)
        let error = await bench.failure("ada/tiny:notes.txt")
        #expect(error?.kind == .corrupted)
        #expect(bench.stored == [])
    }

    @Test("A promise of more bytes than listed is refused before they are read")
    func longPromise() async throws {
        let (hub, bench) = try bench()
        hub.misbehave(at: Self.content, Reply(body: Self.weights.content, promisedLength: 100_001))
        #expect(await bench.failure()?.kind == .corrupted)
        #expect(bench.stored == [])
    }

    @Test("More bytes than listed are refused when the length is not promised")
    func longBody() async throws {
        let (hub, bench) = try bench()
        hub.misbehave(at: Self.content, bench.cut(Self.weights, at: 50_000))
        hub.misbehave(
            at: Self.content,
            Reply(
                status: 206, headers: [("Content-Range", "bytes 50000-149999/*")],
                body: Self.weights.content))
        let error = await bench.failure()
        #expect(error?.kind == .corrupted)
        #expect(error?.description.contains("100000 bytes") == true)
        #expect(bench.stored == [])
    }

    @Test("Bytes after the promised ones are not taken")
    func trailingBytes() async throws {
        let (hub, bench) = try bench()
        hub.misbehave(
            at: Self.content,
            Reply(body: Self.weights.content + [1, 2, 3], promisedLength: 100_000))
        try await bench.pull()
        try expectComplete(bench)
    }

    @Test("A body that keeps being short ends as an error, with the part kept")
    func shortBody() async throws {
        let (hub, bench) = try bench()
        let short = Reply(body: Array(Self.weights.content[..<99_000]))
        hub.misbehave(at: Self.content, short)
        hub.misbehave(
            at: Self.content, times: 5,
            Reply(status: 206, headers: [("Content-Range", "bytes 99000-99999/100000")]))
        let error = await bench.failure()
        #expect(error?.kind == .interrupted)
        #expect(error?.description.contains("99000 of 100000") == true)
    }

    @Test(
        "A hub whose answer contradicts its list is refused",
        arguments: [
            ("X-Repo-Commit", String(repeating: "0", count: 40)), ("X-Linked-Size", "99999"),
            ("X-Linked-Etag", "\"\(String(repeating: "0", count: 64))\""),
        ])
    func contradiction(header: (String, String)) async throws {
        let (hub, bench) = try bench()
        hub.misbehave(
            at: hub.resolvePath(Self.weights.path),
            .redirect(to: "\(hub.storage.address)\(Self.content)", header))
        #expect(await bench.failure()?.kind == .badAnswer)
        #expect(hub.contentRequests(Self.weights.path).count <= 1)
    }

    // MARK: Refusals

    @Test(
        "What a refusal means is said plainly",
        arguments: [
            (401, nil, nil, HubError.Kind.denied, "set HF_TOKEN"),
            (401, nil, "t", .denied, "refuses the token in HF_TOKEN"),
            (401, "GatedRepo", nil, .denied, "is gated: accept its terms at"),
            (403, nil, nil, .denied, "is gated: accept its terms at"),
            (403, "GatedRepo", "t", .denied, "the account of HF_TOKEN has no access"),
            (404, nil, nil, .notFound, "has no model ada/tiny"),
            (404, "RepoNotFound", nil, .notFound, "has no model ada/tiny"),
        ] as [(Int, String?, String?, HubError.Kind, String)])
    func refusals(
        _ status: Int, _ code: String?, _ token: String?, _ kind: HubError.Kind, _ text: String
    )
        async throws
    {
        let (hub, bench) = try bench { $0.token = token.flatMap { try? Token($0) } }
        let headers = code.map { [("X-Error-Code", $0)] } ?? []
        hub.misbehave(at: "\(Self.api)/revision/main", Reply(status: status, headers: headers))
        let error = await bench.failure()
        #expect(error?.kind == kind)
        #expect(error?.description.contains(text) == true, "\(error as Any)")
        #expect(bench.stored == [])
    }

    @Test(
        "A revision that does not exist is told from a repository that does not",
        arguments: [true, false])
    func missingRevision(hasCode: Bool) async throws {
        let (hub, bench) = try bench()
        hub.misbehave(
            at: "\(Self.api)/revision/v9",
            hasCode ? .status(404, ("X-Error-Code", "RevisionNotFound")) : .status(404))
        let error = await bench.failure("ada/tiny@v9")
        #expect(error?.description == "ada/tiny has no revision “v9”")
    }

    @Test("A file that does not exist is named, with what there is")
    func missingFile() async throws {
        let (_, bench) = try bench()
        let error = await bench.failure("ada/tiny:Q4_0")
        #expect(error?.kind == .notFound)
        #expect(error?.description.contains("its GGUF files are Q8_0 (100 kB)") == true)
    }

    @Test("Too many requests and server errors are waited out", arguments: [429, 500, 502, 503])
    func busy(status: Int) async throws {
        let (hub, bench) = try bench()
        let reply = Reply.status(status, ("Retry-After", "0"))
        hub.misbehave(at: "\(Self.api)/revision/main", times: 3, reply)
        hub.misbehave(at: hub.resolvePath(Self.weights.path), times: 3, reply)
        try await bench.pull()
        try expectComplete(bench)
    }

    @Test("A pause that is too long is passed on to the user")
    func longPause() async throws {
        let (hub, bench) = try bench()
        hub.misbehave(at: "\(Self.api)/revision/main", .status(429, ("Retry-After", "86400")))
        let error = await bench.failure()
        #expect(error?.kind == .interrupted)
        #expect(error?.description.contains("86400 s") == true)
    }

    @Test("Server errors without end are given up")
    func endless() async throws {
        let (hub, bench) = try bench()
        hub.misbehave(at: Self.tree, times: 50, .status(500))
        #expect(await bench.failure()?.kind == .interrupted)
        #expect(hub.hub.requests.filter { $0.path == Self.tree }.count == 4)
    }

    @Test("An address of the storage that has run out is asked for again")
    func expiredAddress() async throws {
        let (hub, bench) = try bench()
        hub.misbehave(at: Self.content, times: 2, .status(403))
        try await bench.pull()
        try expectComplete(bench)
    }

    @Test("A machine without network is told so at once")
    func offline() async throws {
        let (hub, bench) = try bench {
            // Nothing listens at port 1.
            if let endpoint = try? HubEndpoint(parsing: "http://127.0.0.1:1") {
                $0.endpoint = endpoint
            }
        }
        let error = await bench.failure()
        #expect(error?.kind == .offline)
        #expect(error?.description.contains("cannot reach 127.0.0.1: Connection refused") == true)
        #expect(error?.description.contains("if this machine is offline") == true)
        #expect(hub.hub.requests.isEmpty)
    }

    @Test("HF_HUB_OFFLINE asks nobody, and gives what is stored")
    func offlineBySetting() async throws {
        let (hub, bench) = try bench { $0.isOffline = true }
        #expect(await bench.failure()?.kind == .offline)
        #expect(hub.hub.requests.isEmpty)
        let store = bench.store
        let name = try ModelName(parsing: "ada/tiny")
        var online = bench.configuration
        online.isOffline = false
        let pulled = try await HubClient.withClient(online) { hub throws(HubError) in
            try await store.pull(name, from: hub)
        }
        let count = hub.hub.requests.count
        #expect(try await bench.pull() == pulled)
        #expect(hub.hub.requests.count == count)
    }

    // MARK: Attacks

    @Test(
        "A path that leaves the folder stops the pull before anything is written",
        arguments: [
            "../../x", "/etc/x", "a/../../x", "a//b", "", ".", "a/.", "a\\b", "a\nb", "..",
        ])
    func maliciousPath(path: String) async throws {
        let hub = try StandInHub([File(path, text: "x"), Self.weights])
        let bench = try Bench(hub)
        let error = await bench.failure("ada/tiny:Q8_0")
        #expect(error?.kind == .badAnswer)
        #expect(bench.stored == [])
        #expect(error?.description.contains("\n") == false)
    }

    @Test(
        "An answer that is not the protocol's is an error",
        arguments: [
            "", "{", "[1]", "[{}]", #"{"a":1}"#, #"[{"type":"file","path":"a"}]"#,
            #"[{"type":"file","path":"a","size":-1,"oid":"00"}]"#,
            #"[{"type":"file","path":"a","size":1e99,"oid":"../x"}]"#,
            #"[{"type":"file","path":"a","size":1,"lfs":{"oid":"../../x","size":1}}]"#,
            #"[{"type":"file","path":"a","size":1,"oid":"\#(StandInHub.commit)"},{"type":"file","path":"a","size":1,"oid":"\#(StandInHub.commit)"}]"#,
        ])
    func garbageList(text: String) async throws {
        let (hub, bench) = try bench()
        hub.misbehave(at: Self.tree, .json(text))
        #expect(await bench.failure()?.kind == .badAnswer)
        #expect(bench.stored == [])
    }

    @Test(
        "A commit that is none is an error",
        arguments: ["null", "{}", #"{"sha":"../../../../x"}"#, #"{"sha":7}"#])
    func garbageCommit(text: String) async throws {
        let (hub, bench) = try bench()
        hub.misbehave(at: "\(Self.api)/revision/main", .json(text))
        #expect(await bench.failure()?.kind == .badAnswer)
    }

    @Test("A list that goes on for ever or elsewhere is an error")
    func endlessList() async throws {
        let (hub, bench) = try bench()
        var page = Reply.json("[]")
        page.headers.append(("Link", "<\(hub.storage.address)/x>; rel=\"next\""))
        hub.misbehave(at: Self.tree, page)
        #expect(await bench.failure()?.kind == .badAnswer)
        #expect(hub.storage.requests.isEmpty)
        page = Reply.json("[]")
        page.headers.append(("Link", "<\(Self.tree)?recursive=1>; rel=\"next\""))
        hub.misbehave(at: Self.tree, times: 2000, page)
        #expect(await bench.failure()?.description == "the server's file list does not end")
    }

    @Test("Redirects without end, without target or to another scheme are errors")
    func redirects() async throws {
        let (hub, bench) = try bench()
        let path = "\(Self.api)/revision/main"
        hub.misbehave(at: path, times: 11, .redirect(to: path))
        #expect(await bench.failure()?.description.contains("more than 10 times") == true)
        hub.misbehave(at: path, Reply(status: 302))
        #expect(await bench.failure()?.kind == .badAnswer)
        hub.misbehave(at: path, .redirect(to: "file:///etc/passwd"))
        #expect(await bench.failure()?.kind == .badAnswer)
    }

    @Test("A redirect inside the hub keeps the token, a relative one works")
    func renamed() async throws {
        let (hub, bench) = try bench { $0.token = try? Token("t0") }
        hub.misbehave(at: "\(Self.api)/revision/main", .redirect(to: "\(Self.api)/revision/v1"))
        try await bench.pull()
        try expectComplete(bench)
        #expect(
            hub.hub.requests.first { $0.path.hasSuffix("v1") }?.headers["authorization"]
                == "Bearer t0")
    }

    @Test("A transfer that stalls or trickles is cut and resumed", arguments: [true, false])
    func stall(trickles: Bool) async throws {
        let (hub, bench) = try bench { $0.stallTimeout = .milliseconds(300) }
        var reply = Reply(body: Self.weights.content, sentLength: 40_000)
        reply.ending = trickles ? .trickle : .hang
        hub.misbehave(at: Self.content, reply)
        try await bench.pull()
        try expectComplete(bench)
        #expect(bench.retries.first?.contains("too little came") == true)
        #expect(hub.contentRequests(Self.weights.path).last?.headers["range"] != nil)
    }

    @Test("A server that never answers is given up")
    func neverAnswers() async throws {
        let (hub, bench) = try bench {
            $0.stallTimeout = .milliseconds(50)
            $0.retry.maximumAttempts = 2
        }
        // Not even a head: the body is withheld and so is what comes before.
        var reply = Reply.json("{}")
        reply.sentLength = 0
        reply.ending = .hang
        hub.misbehave(at: "\(Self.api)/revision/main", times: 5, reply)
        #expect(await bench.failure()?.kind == .interrupted)
    }

    // MARK: The disk

    @Test("Too little space is noticed before the download")
    func space() async throws {
        let hub = try StandInHub([Self.weights])
        let bench = try Bench(hub, freeSpace: 1000)
        let error = await bench.failure()
        #expect(error?.kind == .storage)
        #expect(error?.description.contains("the download needs 100 kB, 1.0 kB are free") == true)
        #expect(hub.storage.requests.isEmpty)
    }

    @Test(
        "A full disk is named as such",
        .enabled(if: FileManager.default.fileExists(atPath: "/dev/full")))
    func diskFull() async throws {
        let file = RemoteFile(path: "x", size: 5, checksum: .sha256(""))
        let blob = try PartialBlob(path: "/dev/full", file: file)
        let error = await #expect(throws: HubError.self) {
            try await blob.append(.init(string: "hello"))
        }
        #expect(error?.kind == .storage)
        #expect(error?.description.contains("No space left") == true)
        #expect(await blob.count == 0)
    }

    @Test("A second pull of a repository is turned away while the first runs")
    func lock() async throws {
        let (hub, bench) = try bench()
        var reply = Reply(body: Self.weights.content, sentLength: 10)
        reply.ending = .hang
        hub.misbehave(at: Self.content, reply)
        let first = Task { try await bench.pull() }
        while hub.contentRequests(Self.weights.path).isEmpty {
            try await Task.sleep(for: .milliseconds(5))
        }
        let error = await bench.failure()
        #expect(error?.kind == .busy)
        #expect(error?.description.contains("another process (\(getpid()))") == true)
        first.cancel()
        let outcome = await first.result
        #expect(throws: HubError.self) { try outcome.get() }
        try await bench.pull()
        try expectComplete(bench, "after a cancelled pull")
    }
}
