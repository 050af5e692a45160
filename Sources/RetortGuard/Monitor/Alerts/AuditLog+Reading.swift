// SPDX-License-Identifier: Apache-2.0

import Foundation
import RetortFormats
import RetortJSON

extension AuditLog {
    /// Checks the whole log, and that it has what the head file says.
    /// - Parameters:
    ///   - anchor: A head that was noted elsewhere, which the log must have passed through.
    ///   - body: Called with each entry.
    /// - Throws: ``GuardError`` that says at which line the chain breaks.
    public func verify(
        anchor: Head? = nil, _ body: (Entry) throws -> Void = { _ in }
    ) throws -> (head: Head, isBehind: Bool) {
        var head = Head.empty
        let stored = try storedHead()
        var needed = [stored, anchor].compactMap { $0 }.filter { $0.count > 0 }
        if FileManager.default.fileExists(atPath: path) {
            let lines: LineReader
            do {
                lines = try LineReader(path: path, maximumLineBytes: Self.mostLineBytes)
                while try lines.next() {
                    let entry = try entry(lines, after: head)
                    head = entry.head
                    for point in needed where point.count == head.count {
                        guard point.hash == head.hash else {
                            throw broken(
                                lines.number, "is not the entry that its head has as the last one")
                        }
                    }
                    needed.removeAll { $0.count == head.count }
                    try body(entry.entry)
                }
            } catch let error as FormatError { throw GuardError(error.description) }
        }
        if let missing = needed.map(\.count).max() {
            throw GuardError(
                "\(path) has \(head.count) entries of \(missing): entries were removed from its end"
            )
        }
        if stored == nil, head.count > 0 {
            throw GuardError(
                "\(headPath) is missing, so that entries removed from the end would not be seen; put it back from a copy"
            )
        }
        return (head, stored.map { $0.count < head.count } ?? false)
    }

    private func entry(_ lines: LineReader, after head: Head) throws(GuardError) -> (
        entry: Entry, head: Head
    ) {
        let number = lines.number
        guard lines.isTerminated, let value = try? JSONValue(parsing: lines.line) else {
            throw broken(
                number, lines.isTerminated ? "is no JSON" : "is cut in the middle of an entry")
        }
        guard let content = value["entry"], let previous = value["previous"]?.stringValue,
            let hash = value["hash"]?.stringValue, let sequence = content["sequence"]?.intValue,
            let time = content["time"]?.doubleValue, let kind = content["kind"]?.stringValue,
            let body = content["body"], content.objectValue?.count == 4
        else { throw broken(number, "is no entry") }
        guard sequence == head.count + 1, previous == head.hash else {
            throw broken(
                number,
                "does not follow entry \(head.count): an entry was removed, inserted or moved")
        }
        guard Self.hash(content, previous: previous) == hash else {
            throw broken(number, "was changed: its hash is another")
        }
        if let mac = mac(hash), value["mac"]?.stringValue != mac {
            throw broken(number, "is not signed with the key")
        }
        return (
            Entry(sequence: sequence, time: time, kind: kind, body: body),
            Head(count: sequence, hash: hash)
        )
    }

    private func broken(_ number: Int, _ what: String) -> GuardError {
        GuardError(
            "\(path):\(number): the line \(what); keep the file as it is for who looks into it, and begin a new one"
        )
    }

    private func storedHead() throws(GuardError) -> Head? {
        guard FileManager.default.fileExists(atPath: headPath) else { return nil }
        let bytes = FileManager.default.contents(atPath: headPath) ?? Data()
        guard bytes.count < 4096, let value = try? JSONValue(parsing: Array(bytes)),
            let count = value["count"]?.intValue, count >= 0,
            let hash = value["hash"]?.stringValue, hash.utf8.count == 64
        else { throw GuardError("\(headPath) is damaged: expected 'count' and 'hash'") }
        return Head(count: count, hash: hash)
    }
}
