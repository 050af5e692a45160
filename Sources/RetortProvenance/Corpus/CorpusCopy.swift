// SPDX-License-Identifier: Apache-2.0

import Foundation

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// Writes some of a corpus's documents to another folder: files of text as they are, and of files of JSON lines
/// the lines that stay, byte for byte. Compressed ones are written unpacked, without `.gz`.
///
/// The folder appears once it is complete; what is left out of all files leaves no file.
public struct CorpusCopy: Sendable {
    public struct Summary: Equatable, Sendable {
        public var files = 0
        public var kept = 0
        /// Bytes of text.
        public var keptBytes = 0
        public var removed = 0
        public var removedBytes = 0
        /// Lines and files that could not be read, and are not written.
        public var problems = 0
    }

    private let folder: String
    private let target: String

    /// - Parameters:
    ///   - folder: The corpus.
    ///   - destination: A folder that is not there or is empty, outside of the corpus and not around it.
    /// - Throws: ``ProvenanceError`` if it is another.
    public init(of folder: String, to destination: String) throws(ProvenanceError) {
        guard let root = CorpusFolder.resolved(folder) else {
            throw ProvenanceError("cannot open the folder \(folder): \(systemError())")
        }
        let target = try Self.resolved(destination)
        guard !Self.contains(root, target), !Self.contains(target, root) else {
            throw ProvenanceError(
                "\(destination) would be written into the corpus \(folder), or over it",
                expected: "a folder beside it")
        }
        var status = stat()
        if lstat(target, &status) == 0 {
            let names = try? FileManager.default.contentsOfDirectory(atPath: target)
            guard let names, names.isEmpty else {
                throw ProvenanceError(
                    "\(destination) is there already",
                    expected: "a folder that is empty or is not there",
                    advice: "name another or remove it")
            }
        }
        self.folder = folder
        self.target = target
    }

    /// Where a folder is or will be, without links.
    private static func resolved(_ path: String) throws(ProvenanceError) -> String {
        if let path = CorpusFolder.resolved(path) { return path }
        let url = URL(fileURLWithPath: path)
        guard let parent = CorpusFolder.resolved(url.deletingLastPathComponent().path) else {
            throw ProvenanceError(
                "\(path) cannot be made: \(systemError())",
                advice: "make the folder that it is to be in")
        }
        return "\(parent == "/" ? "" : parent)/\(url.lastPathComponent)"
    }

    private static func contains(_ outer: String, _ inner: String) -> Bool {
        outer == inner || inner.hasPrefix(outer == "/" ? outer : outer + "/")
    }

    /// - Parameters:
    ///   - reader: What reads the corpus.
    ///   - longest: Longer texts cannot be read.
    ///   - isKept: Gets each document's number, from 0, what it is and the bytes of its text.
    ///   - complete: Called when all was read, before the folder appears.
    /// - Throws: ``ProvenanceError`` if something cannot be read or written, and what the closures throw; then
    ///   there is no folder.
    public func write(
        reader: CorpusReader, longest: Int = .max,
        _ isKept: (Int, CorpusDocument, Int) throws(ProvenanceError) -> Bool,
        complete: () throws(ProvenanceError) -> Void = {}
    ) throws(ProvenanceError) -> Summary {
        let partial = URL(fileURLWithPath: target).deletingLastPathComponent()
            .appendingPathComponent(".retort-\(UUID().uuidString)").path
        guard mkdir(partial, 0o755) == 0 else {
            throw ProvenanceError("cannot make a folder for \(target): \(systemError())")
        }
        defer { try? FileManager.default.removeItem(atPath: partial) }
        var summary = Summary()
        var current: (path: String, file: CopiedFile)?
        let report = try reader.read(folder, longest: longest) {
            text, raw, document throws(ProvenanceError) in
            guard try isKept(summary.kept + summary.removed, document, text.count) else {
                summary.removed += 1
                summary.removedBytes += text.count
                return
            }
            summary.kept += 1
            summary.keptBytes += text.count
            if current?.path != document.path {
                try current?.file.finish()
                current = (document.path, try CopiedFile(document.path, in: partial))
                summary.files += 1
            }
            try current?.file.append(raw)
        }
        try current?.file.finish()
        summary.problems = report.problems.count
        try complete()
        guard rename(partial, target) == 0 else {
            throw ProvenanceError("cannot give \(target) its name: \(systemError())")
        }
        return summary
    }
}
