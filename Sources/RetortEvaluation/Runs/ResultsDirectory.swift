// SPDX-License-Identifier: Apache-2.0
//
// What an evaluation leaves on the disk:
//
//     OUTPUT/run.json        what was asked for; a run goes on only where this is the same
//     OUTPUT/samples.jsonl   a line for each sample, appended as they come, sorted in the end
//     OUTPUT/summary.json    the figures
//     OUTPUT/report.html     the figures as a page

import Foundation
import RetortFormats
import RetortJSON

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// The directory of an evaluation, open for one process at a time.
final class ResultsDirectory {
    /// Names a sample within a run.
    struct Key: Hashable {
        let id: String
        let sample: Int
    }

    let path: String
    /// What an earlier run left; failed samples are not among them.
    private(set) var earlier: [Key: SampleRecord] = [:]
    private let descriptor: Int32

    private var samples: String { "\(path)/samples.jsonl" }

    /// Opens or makes the directory.
    /// - Parameter facts: What run.json must hold.
    /// - Throws: ``EvaluationError`` if it cannot be written, is in use, or belongs to another run.
    init(_ path: String, facts: JSONObject) throws(EvaluationError) {
        self.path = path
        let samples = "\(path)/samples.jsonl"
        do {
            try FileManager.default.createDirectory(
                atPath: path, withIntermediateDirectories: true)
        } catch {
            throw EvaluationError(
                "cannot make the directory \(path): \(error.localizedDescription)")
        }
        descriptor = open(samples, O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC, 0o644)
        guard descriptor >= 0 else {
            throw EvaluationError("cannot write \(samples): \(String(cString: strerror(errno)))")
        }
        guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 else {
            throw EvaluationError("\(path) is in use by another evaluation; give another directory")
        }
        try check(facts)
        try readEarlier()
    }

    deinit { if descriptor >= 0 { close(descriptor) } }

    private func check(_ facts: JSONObject) throws(EvaluationError) {
        let file = "\(path)/run.json"
        guard let data = FileManager.default.contents(atPath: file) else {
            try Self.write(JSONValue.object(facts).text(.pretty) + "\n", to: file)
            return
        }
        guard let found = (try? JSONValue(parsing: data))?.objectValue else {
            throw EvaluationError("\(file) is damaged; give another directory")
        }
        for member in facts.members where found[member.key] != member.value {
            let old = found[member.key]?.text() ?? "missing"
            throw EvaluationError(
                "\(path) holds another evaluation: its '\(member.key)' is \(old), here it is \(member.value.text()); give another directory"
            )
        }
    }

    private func readEarlier() throws(EvaluationError) {
        guard let data = FileManager.default.contents(atPath: samples) else {
            throw EvaluationError("cannot read \(samples)")
        }
        for line in data.split(separator: 0x0A) {
            // The last line may have been cut when the process was killed.
            guard let value = try? JSONValue(parsing: line), let record = SampleRecord(value),
                record.response != nil, record.error == nil
            else { continue }
            earlier[Key(id: record.id, sample: record.sample)] = record
        }
        // So that the next line begins one.
        if let last = data.last, last != 0x0A { try write([0x0A]) }
    }

    /// - Throws: ``EvaluationError`` if the line cannot be written.
    func append(_ record: SampleRecord) throws(EvaluationError) {
        try write(Array((record.json.text() + "\n").utf8))
    }

    private func write(_ bytes: [UInt8]) throws(EvaluationError) {
        var rest = bytes[...]
        while !rest.isEmpty {
            let written = rest.withUnsafeBytes { bytes in
                bytes.baseAddress.map { Foundation.write(descriptor, $0, bytes.count) } ?? -1
            }
            if written < 0, errno == EINTR { continue }
            guard written > 0 else {
                throw EvaluationError(
                    "cannot write \(samples): \(String(cString: strerror(errno)))")
            }
            rest = rest.dropFirst(written)
        }
    }

    /// Puts all files in their last state, each at once.
    /// - Throws: ``EvaluationError`` if one cannot be written.
    func finish(_ result: EvaluationResult) throws(EvaluationError) {
        // What an earlier run with more problems or samples found stays behind this one's.
        let own = Set(result.records.map { Key(id: $0.id, sample: $0.sample) })
        let others = earlier.filter { !own.contains($0.key) }.values.sorted {
            ($0.id, $0.sample) < ($1.id, $1.sample)
        }
        let lines = (result.records + others).map { $0.json.text() + "\n" }
        try Self.write(lines.joined(), to: samples)
        try Self.write(
            result.summary.json.text(.pretty) + "\n", to: "\(path)/summary.json")
        try Self.write(EvaluationReport(result).page, to: "\(path)/report.html")
    }

    private static func write(_ text: String, to path: String) throws(EvaluationError) {
        do throws(FormatError) {
            try OutputFile.write(text, to: path)
        } catch { throw EvaluationError("\(error)") }
    }
}
