// SPDX-License-Identifier: Apache-2.0

import Foundation
import RetortProvenance
import TestSupport
import Testing

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

@Suite struct IndexDamageTests {
    private static let corpus = TinyCorpus.random(
        "", documents: 30, length: 1...200, alphabet: Array(97...103), memory: 9 << 10, seed: 1)

    private func files(_ path: String) throws -> [String] {
        let generation = try #require(
            try FileManager.default.contentsOfDirectory(atPath: path).first { $0.count == 16 })
        return ["manifest.json"]
            + (try FileManager.default.contentsOfDirectory(atPath: "\(path)/\(generation)")).map {
                "\(generation)/\($0)"
            }.sorted()
    }

    @Test(
        "a file that is missing, cut, longer or has another beginning is found on opening",
        arguments: [false, true])
    func opening(named: Bool) throws {
        let folder = try TemporaryFolder()
        let path = folder.path("index")
        _ = try Self.corpus.index(in: path, named: named)
        let files = try files(path)
        #expect(files.count > 9)
        for file in files {
            let url = URL(fileURLWithPath: "\(path)/\(file)")
            let whole = try Data(contentsOf: url)
            for change in 0..<5 {
                var broken = whole
                switch change {
                case 0: broken.removeLast()
                case 1: broken = Data()
                case 2: broken.append(0)
                case 3: broken[3] ^= 8
                default: try FileManager.default.removeItem(at: url)
                }
                if change < 4 { try broken.write(to: url) }
                let error = #expect(throws: ProvenanceError.self, "\(file) \(change)") {
                    try CorpusIndex(path: path)
                }
                #expect(error?.description.contains("build") == true || change == 4)
            }
            try whole.write(to: url)
        }
        _ = try CorpusIndex(path: path)
    }

    @Test(
        "any altered byte is found by the full check and no query reads outside",
        arguments: [false, true])
    func verification(named: Bool) throws {
        let folder = try TemporaryFolder()
        let path = folder.path("index")
        _ = try Self.corpus.index(in: path, named: named)
        var random = SeededRandom(seed: 8)
        for file in try files(path) {
            let url = URL(fileURLWithPath: "\(path)/\(file)")
            let whole = try Data(contentsOf: url)
            for round in 0..<40 {
                var broken = whole
                // Several at once reach further.
                for _ in 0...round / 8 {
                    broken[Int.random(in: 0..<whole.count, using: &random)] ^=
                        UInt8.random(in: 1...255, using: &random)
                }
                if broken == whole { continue }
                try broken.write(to: url)
                #expect(throws: ProvenanceError.self, "\(file)") {
                    let index = try CorpusIndex(path: path)
                    for pattern in Self.corpus.patterns(&random).prefix(20) {
                        _ = try? index.search(CorpusQuery(bytes: pattern))
                        for minimum in [1, 8] {
                            _ = try? index.trace(
                                CorpusQuery(bytes: pattern),
                                options: TraceOptions(
                                    minimumLength: minimum, keepsWholeWords: false))
                        }
                    }
                    for document in 0..<index.documentCount {
                        _ = index.document(document)
                        _ = try? index.values(0..<100, ofDocument: document)
                    }
                    try index.verify()
                }
            }
            try whole.write(to: url)
        }
        try CorpusIndex(path: path).verify()
    }

    @Test("a build that fails or is given up leaves the old index and no files")
    func givenUp() throws {
        let folder = try TemporaryFolder()
        let path = folder.path("index")
        _ = try Self.corpus.index(in: path)
        let before = try files(path)
        do {
            let builder = try CorpusIndexBuilder(path: path, options: .init(memory: 9 << 10))
            for _ in 0..<20 { try builder.add([UInt8](repeating: 1, count: 800), .init(path: "x")) }
            #expect(throws: ProvenanceError.self) {
                try builder.add([UInt8](repeating: 1, count: 9 << 10), .init(path: "long"))
            }
            #expect(throws: ProvenanceError.self) { try CorpusIndexBuilder(path: path) }
            #expect(try CorpusIndex(path: path).documentCount == Self.corpus.documents.count)
        }
        #expect(try files(path) == before)
        _ = try CorpusIndexBuilder(path: path)
    }

    #if os(Linux)
        @Test("a build that is killed leaves the old index, and the next one cleans up")
        func killed() async throws {
            let folder = try TemporaryFolder()
            let path = folder.path("index")
            _ = try Self.corpus.index(in: path)
            await #expect(processExitsWith: .signal(SIGKILL)) { [path = path as String] in
                let builder = try CorpusIndexBuilder(path: path, options: .init(memory: 9 << 10))
                for number in 0..<20 {
                    if number == 15 { kill(getpid(), SIGKILL) }
                    try builder.add([UInt8](repeating: 1, count: 800), .init(path: "x"))
                }
            }
            func generations() throws -> Int {
                try FileManager.default.contentsOfDirectory(atPath: path).count { $0.count == 16 }
            }
            #expect(try generations() == 2)
            let index = try CorpusIndex(path: path)
            try index.verify()
            #expect(index.documentCount == Self.corpus.documents.count)
            _ = try Self.corpus.index(in: path)
            #expect(try generations() == 1)
            // The files of the old one are gone, and whoever had it open goes on.
            for pattern in ["a", "ab", "abc"] {
                #expect(
                    try index.count(of: CorpusQuery(pattern))
                        == Self.corpus.count(of: Array(pattern.utf8)))
            }
        }
    #endif

    @Test("an index is not built where other files are")
    func otherFolder() throws {
        let folder = try TemporaryFolder()
        try Data([1]).write(to: folder.url.appendingPathComponent("mine.txt"))
        #expect(throws: ProvenanceError.self) { try CorpusIndexBuilder(path: folder.url.path) }
        #expect(throws: ProvenanceError.self) { try CorpusIndex(path: folder.url.path) }
    }
}
