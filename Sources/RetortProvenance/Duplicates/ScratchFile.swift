// SPDX-License-Identifier: Apache-2.0
//
// What does not fit the memory goes to files that have no name: they are gone with the process,
// however it ends.

import Foundation

/// A nameless file that is written at its end and read anywhere.
final class ScratchFile {
    private let descriptor: Int32
    private let folder: String
    private var pending: [UInt8] = []
    private var written = 0
    private static let bufferBytes = 1 << 20

    /// Bytes appended so far.
    var count: Int { written + pending.count }

    /// - Throws: ``ProvenanceError`` if no file can be made in the folder.
    init(in folder: URL) throws(ProvenanceError) {
        self.folder = folder.path
        let path = folder.appendingPathComponent(".retort-\(UUID().uuidString)").path
        descriptor = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else {
            throw ProvenanceError(
                "no scratch file can be made in \(folder.path): \(systemError())",
                advice: "name a folder that can be written to")
        }
        unlink(path)
    }

    deinit { close(descriptor) }

    func append<Value: BitwiseCopyable>(_ values: some Collection<Value>)
        throws(ProvenanceError)
    {
        _ = values.withContiguousStorageIfAvailable {
            pending.append(contentsOf: UnsafeRawBufferPointer($0))
        }
        if pending.count >= Self.bufferBytes { try flush() }
    }

    private func flush() throws(ProvenanceError) {
        guard pending.withUnsafeBytes({ writeFully(descriptor, $0) }) else {
            throw ProvenanceError(
                "scratch files in \(folder) cannot grow: \(systemError())",
                advice: "free disk space or name another folder")
        }
        written += pending.count
        pending.removeAll(keepingCapacity: true)
    }

    /// Fills `values` with what was appended from byte `offset` on.
    func read<Value: BitwiseCopyable>(at offset: Int, into values: inout [Value])
        throws(ProvenanceError)
    {
        if offset + values.count * MemoryLayout<Value>.stride > written { try flush() }
        try values.withUnsafeMutableBufferPointer { values throws(ProvenanceError) in
            try read(at: offset, into: UnsafeMutableRawBufferPointer(values))
        }
    }

    private func read(at offset: Int, into buffer: UnsafeMutableRawBufferPointer)
        throws(ProvenanceError)
    {
        var done = 0
        while done < buffer.count {
            let count = pread(
                descriptor, buffer.baseAddress.map { $0 + done }, buffer.count - done,
                off_t(offset + done))
            if count < 0, errno == EINTR { continue }
            guard count > 0 else {
                throw ProvenanceError(
                    "a scratch file in \(folder) cannot be read: "
                        + (count == 0 ? "it is shorter than what was written" : systemError()))
            }
            done += count
        }
    }
}
