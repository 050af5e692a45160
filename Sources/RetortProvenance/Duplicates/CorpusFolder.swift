// SPDX-License-Identifier: Apache-2.0
//
// The documents of a folder, one at a time: lines of JSONL files, other texts as a whole. Files are
// mapped, so that one may be larger than the memory.

import Foundation
import RetortJSON

/// A folder of texts, or one file.
public struct CorpusFolder: Sendable {
    /// What was not read: name, and why.
    public struct Skipped: Codable, Sendable, Equatable {
        public var name: String
        public var reason: String
    }

    public let root: URL
    /// The field of a JSON line that has the text.
    public let field: String
    private let files: [String]

    /// - Parameters:
    ///   - path: A folder, whose files are read in the order of their paths, hidden ones not; or a file.
    /// - Throws: ``ProvenanceError`` if there is nothing at the path.
    public init(path: String, field: String = "text") throws(ProvenanceError) {
        root = URL(fileURLWithPath: path)
        self.field = field
        var isFolder: ObjCBool = false
        guard FileManager.default.fileExists(atPath: path, isDirectory: &isFolder) else {
            throw ProvenanceError("there is no \(path)", expected: "a folder of texts or a file")
        }
        guard isFolder.boolValue else {
            files = [""]
            return
        }
        guard let names = FileManager.default.enumerator(atPath: path) else {
            throw ProvenanceError("\(path) cannot be listed")
        }
        var found: [String] = []
        for case let name as String in names
        where !Self.isHidden(name) && Self.isFile(root.appendingPathComponent(name)) {
            found.append(name)
        }
        files = found.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
    }

    private static func isHidden(_ name: String) -> Bool {
        name.split(separator: "/").contains { $0.hasPrefix(".") }
    }

    /// Pipes and devices would never end.
    private static func isFile(_ url: URL) -> Bool {
        let path = url.resolvingSymlinksInPath().path
        let attributes = try? FileManager.default.attributesOfItem(atPath: path)
        return attributes?[.type] as? FileAttributeType == .typeRegular
    }

    /// Calls with each document.
    /// - Parameter body: Gets its name (a path, for a JSON line with its number) and its UTF-8,
    ///   which is gone after the call.
    /// - Returns: Files that hold no text and lines that hold no document.
    /// - Throws: ``ProvenanceError`` if a file cannot be read; what `body` throws.
    @discardableResult
    public func forEach(_ body: (String, UnsafeBufferPointer<UInt8>) throws -> Void) throws
        -> [Skipped]
    {
        var skipped: [Skipped] = []
        for file in files {
            let url = file.isEmpty ? root : root.appendingPathComponent(file)
            let name = file.isEmpty ? root.lastPathComponent : file
            let data: Data
            do {
                data = try Data(contentsOf: url, options: .alwaysMapped)
            } catch {
                throw ProvenanceError("\(url.path) cannot be read: \(error.localizedDescription)")
            }
            try data.withUnsafeBytes { raw in
                let bytes = raw.bindMemory(to: UInt8.self)
                if ["jsonl", "ndjson"].contains(url.pathExtension.lowercased()) {
                    try lines(bytes, of: name, &skipped, body)
                } else if bytes.prefix(8192).contains(0) {
                    skipped.append(Skipped(name: name, reason: "not a text"))
                } else {
                    try body(name, bytes)
                }
            }
        }
        return skipped
    }

    private func lines(
        _ bytes: UnsafeBufferPointer<UInt8>, of name: String, _ skipped: inout [Skipped],
        _ body: (String, UnsafeBufferPointer<UInt8>) throws -> Void
    ) throws {
        var start = 0
        var number = 0
        while start < bytes.count {
            let rest = UnsafeBufferPointer(rebasing: bytes[start...])
            let length = rest.firstIndex(of: UInt8(ascii: "\n")) ?? rest.count
            let line = UnsafeBufferPointer(rebasing: rest[..<length])
            start += length + 1
            number += 1
            if line.allSatisfy({ $0 == 0x20 || $0 == 0x09 || $0 == 0x0D }) { continue }
            let text: String?
            do throws(JSONError) {
                text = try JSONValue(parsing: line)[field]?.stringValue
            } catch {
                skipped.append(Skipped(name: "\(name):\(number)", reason: error.description))
                continue
            }
            guard var text else {
                skipped.append(
                    Skipped(name: "\(name):\(number)", reason: "no text named \(field)"))
                continue
            }
            try text.withUTF8 { try body("\(name):\(number)", $0) }
        }
    }
}
