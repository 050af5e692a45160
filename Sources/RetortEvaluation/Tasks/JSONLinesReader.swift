// SPDX-License-Identifier: Apache-2.0

import RetortFormats
import RetortJSON

/// The JSON objects of a file, one a line, with this module's errors.
final class JSONLinesReader {
    struct Line {
        let value: JSONValue
        /// From 1.
        let number: Int
    }

    private let lines: LineReader

    private static let mostLineBytes = 1 << 26

    /// - Throws: ``EvaluationError`` if the file cannot be opened.
    init(path: String) throws(EvaluationError) {
        do throws(FormatError) {
            lines = try LineReader(path: path, maximumLineBytes: Self.mostLineBytes)
        } catch { throw EvaluationError(error.description) }
    }

    /// An error at the line that was read last.
    func error(_ text: String) -> EvaluationError {
        EvaluationError("\(lines.path):\(lines.number): \(text)")
    }

    /// The next line that is not empty; nil at the end.
    /// - Throws: ``EvaluationError`` with the line's number if it is no JSON object.
    func next() throws(EvaluationError) -> Line? {
        while try advance() {
            if lines.isBlank { continue }
            let value: JSONValue
            do throws(JSONError) {
                value = try JSONValue(parsing: lines.line)
            } catch { throw self.error("\(error)") }
            guard value.objectValue != nil else {
                throw error("expected a JSON object, found \(value.kind)")
            }
            return Line(value: value, number: lines.number)
        }
        return nil
    }

    private func advance() throws(EvaluationError) -> Bool {
        do throws(FormatError) { return try lines.next() } catch {
            throw EvaluationError(error.description)
        }
    }
}
