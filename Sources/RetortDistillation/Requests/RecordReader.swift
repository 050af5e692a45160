// SPDX-License-Identifier: Apache-2.0

import RetortFormats
import RetortJSON

/// The lines of a file, with this module's errors.
struct RecordReader {
    private let lines: LineReader
    /// Of the line that was read last, from 1.
    var number: Int { lines.number }

    /// - Throws: ``DistillationError`` of kind `storage` if the file cannot be opened.
    init(path: String, maximumBytes: Int = 256 << 20) throws(DistillationError) {
        do throws(FormatError) {
            lines = try LineReader(path: path, maximumLineBytes: maximumBytes)
        } catch { throw DistillationError(.storage, error.description) }
    }

    /// The next line that is not empty, without its end; nil behind the last.
    /// - Throws: ``DistillationError`` if the file cannot be read or a line is too long.
    func next() throws(DistillationError) -> ArraySlice<UInt8>? {
        do throws(FormatError) {
            while try lines.next() {
                if !lines.isBlank { return lines.text }
            }
            return nil
        } catch { throw DistillationError(.invalidInput, error.description) }
    }

    /// The next line that is not empty, as JSON.
    /// - Throws: ``DistillationError`` with file and line.
    func nextJSON() throws(DistillationError) -> JSONValue? {
        guard let line = try next() else { return nil }
        do throws(JSONError) {
            return try JSONValue(parsing: line)
        } catch { throw DistillationError(.invalidInput, "\(lines.path):\(number): \(error)") }
    }
}
