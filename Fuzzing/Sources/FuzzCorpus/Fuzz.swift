// SPDX-License-Identifier: Apache-2.0
//
// Any bytes as what a corpus and its index are read from. The first byte chooses: a manifest, a change of another
// file of a small index (file, offset, bytes), gzip, JSON lines, or an index of protected texts. Whatever opens must
// answer or throw.

import Foundation
import RetortProvenance

private enum Scene {
    static let folder = FileManager.default.temporaryDirectory
        .appendingPathComponent("retort-fuzz-\(ProcessInfo.processInfo.processIdentifier)").path
    static let index = folder + "/index"
    static let texts = folder + "/texts"

    /// The files of a small index and their content.
    static let files: [(path: String, content: Data)] = {
        do {
            try FileManager.default.createDirectory(
                atPath: texts, withIntermediateDirectories: true)
            let builder = try CorpusIndexBuilder(path: index, options: .init(memory: 8 << 10))
            for number in 0..<40 {
                let text = String(
                    repeating: "to be or not \(number % 7) to be, ", count: number % 5)
                try builder.add(
                    Array(text.utf8), CorpusDocument(path: "\(number % 3)", licence: "MIT"))
            }
            _ = try builder.finish()
            let paths =
                FileManager.default.enumerator(atPath: index)?.compactMap { $0 as? String } ?? []
            return try paths.sorted().compactMap { path in
                var isFolder: ObjCBool = false
                let absolute = "\(index)/\(path)"
                guard FileManager.default.fileExists(atPath: absolute, isDirectory: &isFolder),
                    !isFolder.boolValue, !path.hasSuffix(".lock")
                else { return nil }
                return (absolute, try Data(contentsOf: URL(fileURLWithPath: absolute)))
            }
        } catch {
            fatalError("cannot make an index: \(error)")
        }
    }()
}

private func write(_ data: Data, _ path: String) {
    do {
        try data.write(to: URL(fileURLWithPath: path))
    } catch {
        fatalError("cannot write \(path)")
    }
}

/// Asks the index everything that reads its files.
private func ask() {
    guard let index = try? CorpusIndex(path: Scene.index) else { return }
    for text in ["t", "to be", "not 3 to be, to", "\0", "zzz"] {
        _ = try? index.search(CorpusQuery(text), limit: 3, looked: 1000)
        _ = try? index.longestPrefix(of: CorpusQuery(text))
    }
    let options = TraceOptions(minimumLength: 4)
    _ = try? index.trace(CorpusQuery("or not 2 to be, to be or not 5 to xx"), options: options)
    for document in 0..<min(index.documentCount, 50) {
        _ = index.document(document)
        _ = try? index.values(0..<50, ofDocument: document)
    }
    try? index.repeatedSpans(minimum: 9) { _ in }
}

private func read(_ data: Data, as name: String) {
    // Its folder comes with the index.
    _ = Scene.files
    write(data, "\(Scene.texts)/\(name)")
    let options = CorpusReader.Options(policy: .skip, gzip: GzipLimits(maximumBytes: 1 << 22))
    _ = try? CorpusReader(options: options).read(Scene.texts, longest: 1 << 20) { bytes, _ in
        if bytes.count > 1 << 20 { fatalError("a text is longer than allowed") }
    }
    try? FileManager.default.removeItem(atPath: "\(Scene.texts)/\(name)")
}

@_cdecl("LLVMFuzzerTestOneInput")
public func fuzz(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    let bytes = [UInt8](UnsafeBufferPointer(start: start, count: count))
    guard let choice = bytes.first else { return 0 }
    let rest = Array(bytes.dropFirst())
    switch choice % 5 {
    case 0:
        guard let manifest = Scene.files.first(where: { $0.path.hasSuffix(".json") }) else {
            return 0
        }
        write(Data(rest), manifest.path)
        ask()
        write(manifest.content, manifest.path)
    case 1:
        guard rest.count > 3 else { return 0 }
        let file = Scene.files[Int(rest[0]) % Scene.files.count]
        var content = file.content
        let place = (Int(rest[1]) << 8 | Int(rest[2])) % content.count
        for (offset, byte) in rest.dropFirst(3).enumerated() where place + offset < content.count {
            content[place + offset] ^= byte
        }
        write(content, file.path)
        ask()
        write(file.content, file.path)
    case 2: read(Data(rest), as: "x.txt.gz")
    case 3: read(Data(rest), as: "x.jsonl")
    default:
        guard let index = try? ProtectedTextIndex(fileContent: rest, path: "x") else { return 0 }
        var matcher = RegurgitationMatcher(index)
        _ = matcher.feed(rest)
        if matcher.heldBack > rest.count { fatalError("more is held back than there is") }
    }
    return 0
}
