// SPDX-License-Identifier: Apache-2.0

import Foundation
import RetortHub
import Testing

private typealias File = StandInHub.File

@Suite("Pulling from a hub that behaves")
struct PullTests {
    private static let weights = File("model.safetensors", randomBytes: 300_000)
    private static let directory = [
        File("config.json", text: #"{"model_type":"llama"}"#),
        File("tokenizer.json", text: "{}"),
        File("LICENSE", text: "MIT"),
        File("pytorch_model.bin", randomBytes: 100, seed: 9),
        File("onnx/model.safetensors", randomBytes: 100, seed: 8),
        weights,
    ]

    @Test("A repository becomes a directory of what is needed to run it")
    func directory() async throws {
        let hub = try StandInHub(Self.directory)
        let bench = try Bench(hub)
        let model = try await bench.pull()
        #expect(model.format == .safetensors)
        #expect(model.commit == StandInHub.commit)
        #expect(
            try FileManager.default.contentsOfDirectory(atPath: model.location.path).sorted()
                == ["LICENSE", "config.json", "model.safetensors", "tokenizer.json"])
        let content = try Data(
            contentsOf: model.location.appendingPathComponent("model.safetensors"))
        #expect(Array(content) == Self.weights.content)
        #expect(try bench.store.resolve("ada/tiny") == model.location)
        #expect(bench.stored.filter { $0.hasSuffix(".incomplete") || $0.hasSuffix(".tmp") } == [])
    }

    @Test("A second pull of the same commit downloads nothing")
    func unchanged() async throws {
        let hub = try StandInHub(Self.directory)
        let bench = try Bench(hub)
        let first = try await bench.pull()
        let before = hub.storage.requests.count
        let second = try await bench.pull()
        #expect(first == second)
        #expect(hub.storage.requests.count == before)
        #expect(
            bench.events.contains(
                .finished(path: "model.safetensors", size: 300_000, wasPresent: true)))
    }

    @Test("A new commit replaces the old one and frees what only that one used")
    func update() async throws {
        let hub = try StandInHub(Self.directory)
        let bench = try Bench(hub)
        let old = try await bench.pull()
        var files = Self.directory
        files[5] = File("model.safetensors", randomBytes: 200_000, seed: 2)
        hub.push(files, commit: String(repeating: "ab", count: 20))
        let new = try await bench.pull()
        #expect(new.commit != old.commit)
        #expect(bench.store.contents().models == [new])
        #expect(!FileManager.default.fileExists(atPath: bench.blob(Self.weights.sha256).path))
        #expect(!FileManager.default.fileExists(atPath: old.location.path))
        #expect(try bench.store.resolve("tiny") == new.location)
    }

    @Test("Two revisions stand beside each other")
    func revisions() async throws {
        let hub = try StandInHub(Self.directory)
        let bench = try Bench(hub)
        try await bench.pull()
        let other = try await bench.pull("ada/tiny@refs/pr/1")
        #expect(other.name.description == "ada/tiny@refs/pr/1")
        #expect(
            bench.store.contents().models.map(\.name.description)
                == ["ada/tiny", "ada/tiny@refs/pr/1"])
    }

    @Test("The file list is read page by page")
    func pages() async throws {
        let hub = try StandInHub(Self.directory, pageSize: 2)
        let model = try await Bench(hub).pull()
        #expect(model.files.count == 4)
        #expect(hub.hub.requests.filter { $0.path.contains("/tree/") }.count == 3)
    }

    @Test("Two files of one content are downloaded once")
    func sameContent() async throws {
        let hub = try StandInHub(
            Self.directory + [File("LICENSE.txt", text: "MIT"), File("NOTICE", text: "MIT")])
        let bench = try Bench(hub)
        let model = try await bench.pull()
        #expect(model.files.count == 6)
        #expect(hub.hub.requests.filter { $0.path.contains("/resolve/") }.count == 4)
        let notice = try Data(contentsOf: model.location.appendingPathComponent("NOTICE"))
        #expect(Array(notice) == Array("MIT".utf8))
    }

    @Test("An empty file is stored")
    func emptyFile() async throws {
        let hub = try StandInHub(Self.directory + [File("added_tokens.json", text: "")])
        let bench = try Bench(hub)
        let model = try await bench.pull()
        let path = model.location.appendingPathComponent("added_tokens.json").path
        #expect(try Data(contentsOf: URL(fileURLWithPath: path)).isEmpty)
    }

    @Test("Shards of a quantisation are pulled together and opened by the first")
    func shards() async throws {
        let names = (1...3).map { "q4/tiny-Q4_K_M-0000\($0)-of-00003.gguf" }
        let hub = try StandInHub(
            names.enumerated().map { File($1, randomBytes: 5000, seed: UInt64($0)) })
        let bench = try Bench(hub)
        let model = try await bench.pull("ada/tiny:q4_k_m")
        #expect(model.files.map(\.path) == names)
        #expect(model.location.path.hasSuffix(names[0]))
        #expect(try bench.store.resolve("tiny:Q4_K_M") == model.location)
        for name in names {
            let file = model.location.deletingLastPathComponent()
                .appendingPathComponent(URL(fileURLWithPath: name).lastPathComponent)
            #expect(try Data(contentsOf: file).count == 5000)
        }
    }

    @Test("Progress ends at the total, with every file finished")
    func progress() async throws {
        let hub = try StandInHub(Self.directory)
        let bench = try Bench(hub)
        let model = try await bench.pull()
        guard case .planned(let plan)? = bench.events.first else {
            Issue.record("the first event is not the plan")
            return
        }
        #expect(plan.bytesToDownload == model.size)
        let last = bench.events.compactMap { event -> PullProgress? in
            if case .progress(let progress) = event { progress } else { nil }
        }.last
        #expect(last?.completedBytes == model.size)
        #expect(last?.totalBytes == model.size)
        #expect(last?.completedFiles == 4)
    }

    @Test("The token goes to the hub and not to the storage that it redirects to")
    func token() async throws {
        let hub = try StandInHub(Self.directory)
        let bench = try Bench(hub) { $0.token = try? Token("hf_secret") }
        try await bench.pull()
        #expect(hub.hub.requests.allSatisfy { $0.headers["authorization"] == "Bearer hf_secret" })
        #expect(!hub.storage.requests.isEmpty)
        #expect(hub.storage.requests.allSatisfy { $0.headers["authorization"] == nil })
        #expect(!"\(bench.configuration)".contains("secret"))
        var dumped = ""
        dump(bench.configuration, to: &dumped)
        #expect(!dumped.contains("secret"))
    }
}
