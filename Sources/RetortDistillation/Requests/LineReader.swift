// SPDX-License-Identifier: Apache-2.0

import Foundation
import RetortJSON

/// Reads a file line by line through one buffer.
struct LineReader {
    private let handle: FileHandle
    private let path: String
    private let maximumBytes: Int
    private var buffer: [UInt8] = []
    private var position = 0
    private var isAtEnd = false
    /// Of the line that was read last, from 1.
    private(set) var number = 0

    /// - Throws: ``DistillationError`` of kind `storage` if the file cannot be opened.
    init(path: String, maximumBytes: Int = 256 << 20) throws(DistillationError) {
        self.path = path
        self.maximumBytes = maximumBytes
        do {
            handle = try FileHandle(forReadingFrom: URL(fileURLWithPath: path))
        } catch {
            throw DistillationError(
                .storage, "\(path) cannot be opened; check that it is there and may be read")
        }
    }

    /// The next line without its end; nil behind the last.
    /// - Throws: ``DistillationError`` if the file cannot be read or a line is too long.
    mutating func next() throws(DistillationError) -> ArraySlice<UInt8>? {
        var searched = position
        while true {
            if let end = buffer[searched...].firstIndex(of: UInt8(ascii: "\n")) {
                defer { position = end + 1 }
                return line(until: end)
            }
            if isAtEnd {
                guard position < buffer.count else { return nil }
                defer { position = buffer.count }
                return line(until: buffer.count)
            }
            buffer.removeFirst(position)
            searched = buffer.count
            position = 0
            guard buffer.count <= maximumBytes else {
                throw DistillationError(
                    .invalidInput,
                    "\(path):\(number + 1): the line is longer than \(maximumBytes) bytes")
            }
            let piece: Data?
            do { piece = try handle.read(upToCount: 1 << 20) } catch {
                throw DistillationError(.storage, "\(path) cannot be read")
            }
            if let piece, !piece.isEmpty { buffer += piece } else { isAtEnd = true }
        }
    }

    private mutating func line(until end: Int) -> ArraySlice<UInt8> {
        number += 1
        let line = buffer[position..<end]
        return line.last == UInt8(ascii: "\r") ? line.dropLast() : line
    }

    /// The next line that is not empty, as JSON.
    /// - Throws: ``DistillationError`` with file and line.
    mutating func nextJSON() throws(DistillationError) -> JSONValue? {
        while let line = try next() {
            if line.allSatisfy({ $0 == 0x20 || $0 == 0x09 }) { continue }
            do throws(JSONError) {
                return try JSONValue(parsing: line)
            } catch {
                throw DistillationError(.invalidInput, "\(path):\(number): \(error)")
            }
        }
        return nil
    }
}
