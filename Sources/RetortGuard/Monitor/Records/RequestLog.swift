// SPDX-License-Identifier: Apache-2.0

import RetortFormats
import RetortJSON

/// Reads logs of requests, ours and LiteLLM's, line by line; the format is told apart on each line. What cannot be used is
/// counted and told, and the rest is used.
public struct RequestLog {
    /// What of a log could not be used.
    public struct Problems: Sendable, Equatable {
        public var lines = 0
        public var records = 0
        /// Records of LiteLLM's format.
        public var gateway = 0
        public var blank = 0
        public var tooLong = 0
        public var notJSON = 0
        public var unknown = 0
        /// By the field that is missing or damaged.
        public var incomplete: [String: Int] = [:]
        /// The log ends in the middle of a line.
        public var isCut = false
        /// The numbers of the first lines that could not be used.
        public var first: [Int] = []

        public init() {}

        /// Lines that could not be used.
        public var unused: Int {
            tooLong + notJSON + unknown + incomplete.values.reduce(0, +) + (isCut ? 1 : 0)
        }
    }

    public private(set) var problems = Problems()
    private let sketcher: RequestSketcher
    private let keepsText: Bool
    private let maximumLineBytes: Int

    /// What a line may have at most, unless said otherwise.
    public static let defaultLineBytes = 8 << 20

    /// - Parameters:
    ///   - keepsText: Whether records of logs with texts carry them.
    public init(
        secret: SketchSecret = .open, keepsText: Bool = false,
        maximumLineBytes: Int = defaultLineBytes
    ) {
        sketcher = RequestSketcher(secret: secret)
        self.keepsText = keepsText
        self.maximumLineBytes = maximumLineBytes
    }

    /// Calls `body` with each record of a file; `-` is stdin.
    /// - Throws: ``GuardError`` if the file cannot be read or has no record at all, and what `body` throws.
    public mutating func read(path: String, _ body: (RequestRecord) throws -> Void) throws {
        let name = path == "-" ? "/dev/stdin" : path
        let before = problems.records
        do {
            let lines = try LineReader(
                path: name, maximumLineBytes: maximumLineBytes, skipsLongLines: true)
            while try lines.next() {
                if let record = take(lines) { try body(record) }
            }
        } catch let error as FormatError { throw GuardError(error.description) }
        guard problems.records > before else {
            throw GuardError(
                "\(path) has no record of a request (\(problems.lines) lines): expected JSON lines of 'retort serve' or LiteLLM's StandardLoggingPayload"
            )
        }
    }

    private mutating func take(_ lines: LineReader) -> RequestRecord? {
        guard !lines.isTooLong else {
            note(\.tooLong, lines.number)
            return nil
        }
        return record(
            of: lines.text, number: lines.number, isLast: !lines.isTerminated)
    }

    /// Reads one line.
    /// - Parameter isLast: Whether no line feed ended it, so that it may be cut.
    public mutating func record(
        of line: some Collection<UInt8>, number: Int, isLast: Bool = false
    ) -> RequestRecord? {
        problems.lines += 1
        if line.allSatisfy({ $0 == 0x20 || $0 == 0x09 || $0 == 0x0D }) {
            problems.blank += 1
            return nil
        }
        guard
            let value = try? JSONValue(parsing: line, options: .init(allowsNonFiniteNumbers: true))
        else {
            if isLast {
                problems.isCut = true
                noteFirst(number)
            } else {
                problems.lines -= 1
                note(\.notJSON, number)
            }
            return nil
        }
        var problem = ""
        let found = value.objectValue.flatMap { read($0, problem: &problem, depth: 0) }
        if let found {
            problems.records += 1
            return found
        }
        if problem.isEmpty {
            problems.unknown += 1
        } else {
            problems.incomplete[problem, default: 0] += 1
        }
        noteFirst(number)
        return nil
    }

    private mutating func read(_ object: JSONObject, problem: inout String, depth: Int)
        -> RequestRecord?
    {
        if object.members.contains(where: { $0.key == "retort_request" }) {
            return RequestRecord(object, problem: &problem)
        }
        if GatewayRecord.isOne(object) {
            let record = GatewayRecord.read(
                object, sketcher, keepsText: keepsText, problem: &problem)
            if record != nil { problems.gateway += 1 }
            return record
        }
        // As a callback gets it.
        guard depth == 0, let inner = object["standard_logging_object"]?.objectValue else {
            return nil
        }
        return read(inner, problem: &problem, depth: 1)
    }

    private mutating func note(_ count: WritableKeyPath<Problems, Int>, _ number: Int) {
        problems.lines += 1
        problems[keyPath: count] += 1
        noteFirst(number)
    }

    private mutating func noteFirst(_ number: Int) {
        if problems.first.count < 5 { problems.first.append(number) }
    }
}

extension RequestLog.Problems: CustomStringConvertible {
    /// What an operator should know of the lines that were not used; empty if all were.
    public var description: String {
        var parts: [String] = []
        if tooLong > 0 { parts.append("\(tooLong) too long") }
        if notJSON > 0 { parts.append("\(notJSON) not JSON") }
        if unknown > 0 { parts.append("\(unknown) of another format") }
        for (field, count) in incomplete.sorted(by: { $0.key < $1.key }) {
            parts.append("\(count) without a usable '\(field)'")
        }
        if isCut { parts.append("the last one cut in the middle: the log was truncated there") }
        guard !parts.isEmpty else { return "" }
        let numbers = first.map(String.init).joined(separator: ", ")
        return
            "\(unused) of \(lines) lines were not used (\(parts.joined(separator: ", "))); the first at line \(numbers). The other \(records) records were."
    }
}
