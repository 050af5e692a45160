// SPDX-License-Identifier: Apache-2.0

import Foundation
import RetortJSON

/// The JSON objects of a file, one a line, read through one buffer: a file may be larger than memory.
final class JSONLinesReader {
    struct Line {
        let value: JSONValue
        /// From 1.
        let number: Int
    }

    private let path: String
    private let file: FileHandle
    private var pending: [UInt8] = []
    /// Where in `pending` the next line begins.
    private var start = 0
    private var isAtEnd = false
    private var number = 0

    private static let chunk = 1 << 18
    private static let mostLineBytes = 1 << 26

    init(path: String) throws(EvaluationError) {
        self.path = path
        var isDirectory = ObjCBool(false)
        guard FileManager.default.fileExists(atPath: path, isDirectory: &isDirectory),
            !isDirectory.boolValue, let file = FileHandle(forReadingAtPath: path)
        else {
            throw EvaluationError(
                "cannot read \(path)\(isDirectory.boolValue ? ", which is a directory" : "")")
        }
        self.file = file
    }

    deinit { try? file.close() }

    /// An error at the line that was read last.
    func error(_ text: String) -> EvaluationError { EvaluationError("\(path):\(number): \(text)") }

    /// The next line that is not empty; nil at the end.
    /// - Throws: ``EvaluationError`` with the line's number if it is no JSON object.
    func next() throws(EvaluationError) -> Line? {
        while let bytes = try line() {
            number += 1
            let isEmpty = bytes.allSatisfy { $0 == 0x20 || $0 == 0x09 || $0 == 0x0D }
            if isEmpty { continue }
            let value: JSONValue
            do throws(JSONError) {
                value = try JSONValue(parsing: bytes)
            } catch { throw self.error("\(error)") }
            guard value.objectValue != nil else {
                throw error("expected a JSON object, found \(value.kind)")
            }
            return Line(value: value, number: number)
        }
        return nil
    }

    private func line() throws(EvaluationError) -> ArraySlice<UInt8>? {
        var searched = start
        while true {
            if let end = pending[searched...].firstIndex(of: 0x0A) {
                defer { start = end + 1 }
                return pending[start..<end]
            }
            if isAtEnd {
                defer { start = pending.count }
                return start < pending.count ? pending[start...] : nil
            }
            guard pending.count - start <= Self.mostLineBytes else {
                number += 1
                throw error("the line is longer than \(Self.mostLineBytes) bytes")
            }
            pending.removeSubrange(..<start)
            start = 0
            searched = pending.count
            do {
                let data = try file.read(upToCount: Self.chunk) ?? Data()
                isAtEnd = data.isEmpty
                pending.append(contentsOf: data)
            } catch { throw EvaluationError("cannot read \(path): \(error.localizedDescription)") }
        }
    }
}
