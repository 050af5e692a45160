// SPDX-License-Identifier: Apache-2.0
//
// Finds the works of a shard: lines of JSON of which one member says whose text it is. Lines of one
// work are one row of the ledger, however many there are.

import Foundation
import RetortJSON

/// Reads the works of a JSONL file.
public struct WorkScanner: Sendable {
    /// The member with the text; nil takes `text`, else `messages`, else the whole line.
    public var textField: String?
    /// The member that names the work, such as `url` or `book`; nil takes each line for a work.
    public var workField: String?
    /// The member with the licence's SPDX expression, where the lines' differ.
    public var licenceField: String?
    /// Says the rest of a work's source; its name, address and licence are the line's.
    public var source: RightsSource

    public init(
        source: RightsSource, textField: String? = nil, workField: String? = nil,
        licenceField: String? = nil
    ) {
        self.source = source
        self.textField = textField
        self.workField = workField
        self.licenceField = licenceField
    }

    /// The hash by which a text is found again whose case, spaces or marks were changed.
    /// - Returns: nil for a text without letters and digits.
    public static func fingerprint(_ text: String) -> ContentHash? { TextFingerprint.hash(text) }

    fileprivate struct Work {
        var name: String
        var hasher = ContentHasher()
        var size = 0
        var fingerprint = TextFingerprint()
        var lines = 0
        var licence: String?
        var records = RecordRanges()
    }

    /// Reads a file.
    /// - Returns: Its works in the order of their first lines; a work's address is the hash of its
    ///   texts, each with a line feed where there are several.
    /// - Throws: ``ProvenanceError`` that names the line that is no JSON object or lacks a member.
    public func works(of path: String) throws(ProvenanceError) -> [WorkEntry] {
        guard let bytes = try? Data(contentsOf: URL(fileURLWithPath: path), options: .mappedIfSafe)
        else {
            throw ProvenanceError(
                "\(path) cannot be read", expected: "a JSONL file", advice: "check the name")
        }
        var works: [Work] = []
        var index: [String: Int] = [:]
        var record = 0
        for (number, line) in bytes.split(separator: 0x0A, omittingEmptySubsequences: false)
            .enumerated()
        {
            if line.allSatisfy({ $0 == 0x20 || $0 == 0x0D || $0 == 0x09 }) { continue }
            let place = "line \(number + 1) of \(path)"
            let json: JSONValue
            do throws(JSONError) { json = try JSONValue(parsing: line) } catch {
                throw ProvenanceError("\(place) is \(error)", expected: "a JSON object a line")
            }
            guard json.objectValue != nil else {
                throw ProvenanceError("\(place) is \(json.kind)", expected: "a JSON object")
            }
            let text = try text(json, place)
            let key = try workField.map { field throws(ProvenanceError) in
                try name(json, field, place)
            }
            let position: Int
            if let key, let known = index[key] {
                position = known
            } else {
                position = works.count
                works.append(Work(name: key ?? "\((path as NSString).lastPathComponent)#\(record)"))
                if let key { index[key] = position }
            }
            works[position].add(text, record: record)
            if let licenceField {
                works[position].licence = json[licenceField]?.stringValue ?? works[position].licence
            }
            record += 1
        }
        return works.map { entry($0) }
    }

    private func entry(_ work: Work) -> WorkEntry {
        var own: RightsSource?
        if work.licence != nil || workField != nil {
            var source = source
            source.licence = work.licence ?? source.licence
            if workField != nil { source.name = work.name }
            if work.name.hasPrefix("http://") || work.name.hasPrefix("https://") {
                source.url = work.name
            }
            own = source
        }
        return WorkEntry(
            hash: work.hasher.finish(), name: work.name, size: work.size,
            textHash: work.fingerprint.finish(),
            source: own, records: work.records)
    }

    private func text(_ json: JSONValue, _ place: String) throws(ProvenanceError) -> String {
        if let textField {
            guard let text = json[textField]?.stringValue else {
                throw ProvenanceError("\(place) has no string '\(textField)'")
            }
            return text
        }
        if let text = json["text"]?.stringValue { return text }
        if let messages = json["messages"]?.arrayValue {
            return messages.compactMap { $0["content"]?.stringValue }.joined(separator: "\n")
        }
        return json.text()
    }

    private func name(_ json: JSONValue, _ field: String, _ place: String) throws(ProvenanceError)
        -> String
    {
        guard let name = json[field]?.stringValue, !name.isEmpty else {
            throw ProvenanceError("\(place) has no string '\(field)', which was to name its work")
        }
        return name
    }
}

extension WorkScanner.Work {
    mutating func add(_ text: String, record: Int) {
        if lines > 0 { hasher.update(Data([0x0A])) }
        hasher.update(Data(text.utf8))
        size += text.utf8.count + (lines > 0 ? 1 : 0)
        fingerprint.add(text)
        lines += 1
        records.append(record)
    }
}
