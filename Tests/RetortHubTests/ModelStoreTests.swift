// SPDX-License-Identifier: Apache-2.0

import Foundation
import RetortHub
import Testing

private typealias File = StandInHub.File

@Suite("The model store")
struct ModelStoreTests {
    private static let files = [
        File("tiny-Q8_0.gguf", randomBytes: 800, seed: 1),
        File("tiny-Q4_K_M.gguf", randomBytes: 400, seed: 2),
        File("README.md", text: "tiny"),
    ]

    private func filled(_ names: String...) async throws -> Bench {
        let bench = try Bench(try StandInHub(Self.files))
        for name in names { try await bench.pull(name) }
        return bench
    }

    @Test("A store that does not exist is empty")
    func empty() throws {
        let store = ModelStore(root: URL(fileURLWithPath: "/nonexistent/models"))
        #expect(store.contents() == StoreContents.empty)
        #expect(try store.model(named: "a/b") == nil)
        let error = #expect(throws: HubError.self) { try store.resolve("a/b") }
        #expect(error?.kind == .notFound)
        #expect(error?.description.contains("retort pull") == true)
    }

    @Test(
        "The folder follows the environment",
        arguments: [
            (["RETORT_HOME": "/r", "HOME": "/h"], "/r/models"),
            (["XDG_DATA_HOME": "/x", "HOME": "/h"], "/x/retort/models"),
            (["XDG_DATA_HOME": "relative", "HOME": "/h"], "/h/.local/share/retort/models"),
            (["RETORT_HOME": "", "HOME": "/h"], "/h/.local/share/retort/models"),
        ])
    func folder(environment: [String: String], path: String) throws {
        #expect(try ModelStore(environment: environment).root.path == path)
    }

    @Test("Without a home there is no store")
    func noHome() {
        #expect(throws: HubError.self) { try ModelStore(environment: [:]) }
    }

    @Test("What is listed is what was pulled")
    func listing() async throws {
        let bench = try await filled("ada/tiny:Q8_0", "ada/tiny:tiny-Q4_K_M.gguf")
        let models = bench.store.contents().models
        #expect(
            models.map(\.name.description) == [
                "ada/tiny:tiny-Q4_K_M.gguf", "ada/tiny:tiny-Q8_0.gguf",
            ])
        #expect(models.map(\.size) == [400, 800])
        #expect(models.map(\.quantisation) == ["Q4_K_M", "Q8_0"])
        #expect(
            models.allSatisfy {
                $0.format == .gguf && $0.pulled.timeIntervalSince1970 == 1_800_000_000
            })
    }

    @Test(
        "A name may be short as long as it fits one model",
        arguments: [
            ("ada/tiny:tiny-Q8_0.gguf", "Q8_0"), ("ada/tiny:Q8_0", "Q8_0"), ("tiny:q8_0", "Q8_0"),
            ("TINY:Q4_K_M", "Q4_K_M"), ("ada/tiny@main:q8_0", "Q8_0"), ("ada/tiny:q5_0", nil),
            ("iny:q8_0", nil), ("", nil), (":q8_0", nil), ("/", nil), ("../tiny:q8_0", nil),
            ("ada/tiny@v1:q8_0", nil),
        ] as [(String, String?)])
    func names(query: String, quantisation: String?) async throws {
        let bench = try await filled("ada/tiny:Q8_0", "ada/tiny:Q4_K_M")
        #expect(try bench.store.model(named: query)?.quantisation == quantisation)
    }

    @Test("A name that fits two models is refused with their names")
    func ambiguous() async throws {
        let bench = try await filled("ada/tiny:Q8_0", "ada/tiny:Q4_K_M")
        let error = #expect(throws: HubError.self) { try bench.store.model(named: "tiny") }
        #expect(error?.kind == .ambiguous)
        #expect(
            error?.description.contains("ada/tiny:tiny-Q4_K_M.gguf, ada/tiny:tiny-Q8_0.gguf")
                == true)
    }

    @Test("The only model of a repository needs no selector")
    func only() async throws {
        let bench = try await filled("ada/tiny:Q8_0")
        #expect(try bench.store.resolve("ada/tiny").lastPathComponent == "tiny-Q8_0.gguf")
    }

    @Test("Removing a model keeps the blobs of the others")
    func removal() async throws {
        let bench = try await filled("ada/tiny:Q8_0", "ada/tiny:Q4_K_M")
        let first = try #require(try bench.store.model(named: "tiny:q8_0"))
        #expect(try bench.store.remove(first) == 800)
        let second = try #require(try bench.store.model(named: "tiny"))
        #expect(try Data(contentsOf: second.location).count == 400)
        #expect(!FileManager.default.fileExists(atPath: first.location.path))
        #expect(try bench.store.remove(second) == 400)
        #expect(bench.stored == [])
        #expect(
            !FileManager.default.fileExists(
                atPath: bench.store.root.appendingPathComponent("ada").path))
        #expect(throws: HubError.self) { try bench.store.remove(second) }
    }

    @Test("Content that two revisions share survives the removal of one")
    func sharedContent() async throws {
        let bench = try await filled("ada/tiny:Q8_0", "ada/tiny@v1:Q8_0")
        let models = bench.store.contents().models
        #expect(models.count == 2)
        #expect(try bench.store.remove(models[0]) == 0)
        #expect(try Data(contentsOf: models[1].location).count == 800)
    }

    @Test("An interrupted pull can be removed by its repository's name")
    func unfinished() async throws {
        let bench = try await filled()
        try bench.leave([1, 2, 3], asPartOf: Self.files[0])
        let repository = try ModelName(parsing: "ada/tiny")
        #expect(bench.store.contents().unfinished.map(\.repository) == ["ada/tiny"])
        #expect(try bench.store.removeUnfinished(repository) == 3)
        #expect(bench.stored == [])
        #expect(try bench.store.removeUnfinished(repository) == nil)
    }

    @Test(
        "A model whose file is gone is reported and can be pulled again", arguments: [true, false])
    func damaged(isTruncated: Bool) async throws {
        let bench = try await filled("ada/tiny:Q8_0")
        let blob = bench.blob(Self.files[0].sha256)
        if isTruncated {
            try Data([1]).write(to: blob)
        } else {
            try FileManager.default.removeItem(at: blob)
        }
        let error = #expect(throws: HubError.self) { try bench.store.resolve("tiny") }
        #expect(error?.description.contains("retort pull ada/tiny:tiny-Q8_0.gguf") == true)
        let model = try await bench.pull("ada/tiny:Q8_0")
        #expect(try bench.store.resolve("tiny") == model.location)
    }

    @Test("A manifest that cannot be read is listed as damaged and hides no other")
    func damagedManifest() async throws {
        let bench = try await filled("ada/tiny:Q8_0", "ada/tiny:Q4_K_M")
        let manifest = bench.store.root.appendingPathComponent(
            try #require(bench.stored.first { $0.contains("manifests/main/file-tiny-Q8_0") }))
        let good = try String(contentsOf: manifest, encoding: .utf8)
        for bad in [
            "", "{", "[]", good.replacingOccurrences(of: "tiny-Q8_0", with: "../../x"),
            good.replacingOccurrences(of: Self.files[0].sha256, with: "../../../x"),
            good.replacingOccurrences(of: StandInHub.commit, with: "../../x"),
            good.replacingOccurrences(of: "\"version\": 1", with: "\"version\": 2"),
        ] {
            try Data(bad.utf8).write(to: manifest)
            let contents = bench.store.contents()
            #expect(contents.damaged.map(\.lastPathComponent) == [manifest.lastPathComponent])
            #expect(contents.models.map(\.quantisation) == ["Q4_K_M"])
        }
    }
}
