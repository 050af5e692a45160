// SPDX-License-Identifier: Apache-2.0

/// The paths and licences that documents refer to, each once.
struct NameTable: Sendable {
    private let file: MappedBytes
    let count: Int

    init(_ file: MappedBytes, count: Int, path: String) throws(ProvenanceError) {
        self.file = file
        self.count = count
        let damaged = ProvenanceError(
            "\(path) is not a table of names; the index is damaged: build it again")
        let (offsets, overflow) = count.multipliedReportingOverflow(by: 8)
        guard !overflow, count >= 0, offsets <= file.count - IndexFileHeader.size - 8 else {
            throw damaged
        }
        let first = IndexFileHeader.size + offsets + 8
        guard end(-1) == 0, end(count - 1) == UInt64(file.count - first) else { throw damaged }
        for index in 0..<count {
            guard end(index - 1) <= end(index) else { throw damaged }
        }
    }

    /// Where the name ends among the names' bytes.
    private func end(_ index: Int) -> UInt64 {
        UInt64(
            littleEndian: file.bytes.loadUnaligned(
                fromByteOffset: IndexFileHeader.size + 8 * (index + 1), as: UInt64.self))
    }

    subscript(index: Int) -> String {
        let first = IndexFileHeader.size + 8 * (count + 1)
        return String(
            decoding: file.bytes[first + Int(end(index - 1))..<first + Int(end(index))],
            as: UTF8.self)
    }

    /// The file's content after the header.
    static func bytes(_ names: [String]) -> [UInt8] {
        var bytes: [UInt8] = []
        var end: UInt64 = 0
        appendLittleEndian(end, to: &bytes)
        for name in names {
            end += UInt64(name.utf8.count)
            appendLittleEndian(end, to: &bytes)
        }
        for name in names { bytes.append(contentsOf: name.utf8) }
        return bytes
    }
}
