// SPDX-License-Identifier: Apache-2.0

import Foundation

/// Reads a file line by line, so that it may be larger than memory; `-` is stdin.
enum LineReader {
    private static let chunk = 1 << 20

    /// Calls `body` with each line, its line feed included, and its number from 1.
    /// - Throws: ``CommandError`` if the file cannot be read, and what `body` throws.
    static func forEachLine(
        path: String, _ body: (_ line: UnsafeBufferPointer<UInt8>, _ number: Int) throws -> Void
    ) throws {
        let file = try open(path)
        defer { if path != "-" { try? file.close() } }
        var pending: [UInt8] = []
        var number = 0
        while let data = try read(file, path), !data.isEmpty {
            var rest = data[...]
            while let end = rest.firstIndex(of: 0x0A) {
                let line = rest[...end]
                rest = rest[(end + 1)...]
                number += 1
                if pending.isEmpty {
                    try line.withUnsafeBufferPointer { try body($0, number) }
                } else {
                    pending.append(contentsOf: line)
                    try pending.withUnsafeBufferPointer { try body($0, number) }
                    pending.removeAll(keepingCapacity: true)
                }
            }
            pending.append(contentsOf: rest)
        }
        guard !pending.isEmpty else { return }
        try pending.withUnsafeBufferPointer { try body($0, number + 1) }
    }

    private static func open(_ path: String) throws -> FileHandle {
        if path == "-" { return .standardInput }
        do {
            return try FileHandle(forReadingFrom: URL(fileURLWithPath: path))
        } catch { throw CommandError("cannot read \(path): \(InputFile.reason(error))") }
    }

    private static func read(_ file: FileHandle, _ path: String) throws -> [UInt8]? {
        do {
            return try file.read(upToCount: chunk).map { [UInt8]($0) }
        } catch {
            throw CommandError(
                "cannot read \(path == "-" ? "stdin" : path): \(InputFile.reason(error))")
        }
    }
}
