// SPDX-License-Identifier: Apache-2.0

import Foundation

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// A file of a corpus that is written anew.
final class CopiedFile {
    private let path: String
    private let isLines: Bool
    private let descriptor: Int32
    private var pending: [UInt8] = []
    private static let bufferBytes = 1 << 20

    /// - Parameters:
    ///   - path: In the corpus.
    ///   - folder: The copy's.
    init(_ path: String, in folder: String) throws(ProvenanceError) {
        self.path = path
        let kind = CorpusReader.FileKind(path)
        isLines = kind.isLines
        let url = URL(fileURLWithPath: "\(folder)/\(path.dropLast(kind.isCompressed ? 3 : 0))")
        do {
            try FileManager.default.createDirectory(
                at: url.deletingLastPathComponent(), withIntermediateDirectories: true)
        } catch {
            throw ProvenanceError("cannot make the folder of \(path): \(error)")
        }
        descriptor = open(url.path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o644)
        guard descriptor >= 0 else {
            throw ProvenanceError(
                "cannot write \(path): \(systemError())",
                advice: kind.isCompressed
                    ? "it is unpacked; rename it if the corpus has that file too" : nil)
        }
    }

    deinit { close(descriptor) }

    func append(_ raw: UnsafeRawBufferPointer) throws(ProvenanceError) {
        pending.append(contentsOf: raw)
        if isLines { pending.append(0x0A) }
        if pending.count >= Self.bufferBytes { try finish() }
    }

    /// Writes what is left.
    func finish() throws(ProvenanceError) {
        guard pending.withUnsafeBytes({ writeFully(descriptor, $0) }) else {
            throw ProvenanceError(
                "cannot write \(path): \(systemError())",
                advice: "free disk space or name another folder")
        }
        pending.removeAll(keepingCapacity: true)
    }
}
