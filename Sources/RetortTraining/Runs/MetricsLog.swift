// SPDX-License-Identifier: Apache-2.0
//
// One JSON object a line, appended and flushed after each step.

import Foundation
import RetortFormats
import RetortJSON

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// The metrics file of a run.
final class MetricsLog {
    private let path: String
    private let descriptor: Int32

    /// Opens the file and leaves of it what is not after `step`: what came later is computed again.
    /// - Throws: ``TrainingError`` if it cannot be read or written.
    init(_ path: String, upTo step: Int) throws {
        self.path = path
        var kept = ""
        if FileManager.default.fileExists(atPath: path) {
            guard let text = try? String(contentsOfFile: path, encoding: .utf8) else {
                throw TrainingError("cannot read \(path)")
            }
            for line in text.split(separator: "\n", omittingEmptySubsequences: true) {
                // The last line may have been cut when the process was killed.
                guard let value = try? JSONValue(parsing: Array(line.utf8)),
                    let number = value["step"]?.intValue, number <= step
                else { continue }
                kept += line + "\n"
            }
        }
        let file = try OutputFile(path: path)
        try file.write(Array(kept.utf8))
        try file.commit()
        descriptor = open(path, O_WRONLY | O_APPEND | O_CLOEXEC)
        guard descriptor >= 0 else {
            throw TrainingError("cannot write \(path): \(String(cString: strerror(errno)))")
        }
    }

    deinit { close(descriptor) }

    /// - Throws: ``TrainingError`` if the line cannot be written.
    func append(_ value: JSONValue) throws {
        let line = Array((value.text() + "\n").utf8)
        var done = 0
        while done < line.count {
            let written = line.withUnsafeBytes { bytes in
                bytes.baseAddress.map { write(descriptor, $0 + done, line.count - done) } ?? -1
            }
            if written < 0 {
                if errno == EINTR { continue }
                throw TrainingError(
                    "cannot write \(path): \(String(cString: strerror(errno))); the last checkpoint is intact"
                )
            }
            done += written
        }
    }
}
