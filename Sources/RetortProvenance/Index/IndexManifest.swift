// SPDX-License-Identifier: Apache-2.0
//
// `manifest.json`, which says what the index consists of. It is replaced in one step when a build is
// complete, so that it always names a complete generation of files. Its own checksum is over the text of
// all other members, compact and with sorted keys.

import Crypto
import Foundation
import RetortJSON

/// What an index consists of.
struct IndexManifest: Equatable, Sendable {
    static let fileName = "manifest.json"
    static let format = "retort-corpus-index"
    /// An index whose documents have no names of their own is of version 1, which had none.
    var version: Int { shards.contains(where: \.hasTitles) ? 2 : 1 }
    private static let versions = 1...2

    /// The folder of the files: hexadecimal digits.
    var generation: String
    var unit: IndexUnit
    var shards: [Shard]
    var names: Int
    var namesFile: IndexFileRecord

    struct Shard: Equatable, Sendable {
        /// Separators not counted.
        var symbols: Int
        var documents: Int
        /// Bytes of a symbol of the text: 1, 2 or 4.
        var width: Int
        /// How many different symbols there are.
        var alphabet: Int
        /// How many symbols index the table of prefixes.
        var order: Int
        /// Whether documents have names of their own.
        var hasTitles: Bool
        /// Text, suffixes, lookup, documents.
        var files: [IndexFileRecord]

        fileprivate var json: JSONValue {
            var object = JSONObject([
                ("symbols", .integer(Int64(symbols))), ("documents", .integer(Int64(documents))),
                ("width", .integer(Int64(width))), ("alphabet", .integer(Int64(alphabet))),
                ("order", .integer(Int64(order))), ("files", .array(files.map(\.json))),
            ])
            if hasTitles { object["titles"] = .bool(true) }
            return .object(object)
        }
    }

    static let shardFiles: [IndexFileKind] = [.text, .suffixes, .lookup, .documents]

    private var members: JSONValue {
        [
            "format": .string(Self.format),
            "version": .integer(Int64(version)),
            "generation": .string(generation),
            "unit": .string(unit.rawValue),
            "names": .integer(Int64(names)),
            "names_file": namesFile.json,
            "shards": .array(shards.map(\.json)),
        ]
    }

    private static func checksum(_ members: JSONValue) -> String {
        var style = JSONValue.WritingStyle.compact
        style.sortsKeys = true
        return String(hexadecimal: SHA256.hash(data: Array(members.text(style).utf8)))
    }

    var text: String {
        var members = members.objectValue?.members ?? []
        members.append(.init(key: "checksum", value: .string(Self.checksum(self.members))))
        // No line end: without it, any cut is one.
        return JSONValue.object(JSONObject(members: members)).text(.pretty)
    }

    /// - Parameter path: For errors.
    init(parsing bytes: some Sequence<UInt8>, path: String) throws(ProvenanceError) {
        let json: JSONValue
        do throws(JSONError) {
            json = try JSONValue(parsing: bytes)
        } catch {
            throw ProvenanceError("\(path) is \(error); build the index again")
        }
        guard json["format"]?.stringValue == Self.format else {
            throw ProvenanceError("\(path) is not the manifest of a corpus index")
        }
        guard let version = json["version"]?.intValue, Self.versions.contains(version) else {
            let found = json["version"]?.intValue.map { "version \($0)" } ?? "no version"
            throw ProvenanceError(
                "\(path) has \(found)", expected: "version 1 or 2",
                advice: "build the index again, or read it with the program that built it")
        }
        guard let parsed = Self(json), parsed.version == version,
            json["checksum"]?.stringValue == Self.checksum(parsed.members)
        else {
            throw ProvenanceError(
                "\(path) was altered or is cut short: its checksum does not fit; build the index again"
            )
        }
        self = parsed
    }

    init(
        generation: String, unit: IndexUnit, shards: [Shard], names: Int, namesFile: IndexFileRecord
    ) {
        self.generation = generation
        self.unit = unit
        self.shards = shards
        self.names = names
        self.namesFile = namesFile
    }

    private init?(_ json: JSONValue) {
        guard let generation = json["generation"]?.stringValue, Self.isGeneration(generation),
            let unit = json["unit"]?.stringValue.flatMap(IndexUnit.init(rawValue:)),
            let names = json["names"]?.intValue, names >= 0,
            let namesFile = IndexFileRecord(json["names_file"]),
            let list = json["shards"]?.arrayValue, list.count < 1 << 20
        else { return nil }
        let shards = list.compactMap(Shard.init)
        guard shards.count == list.count else { return nil }
        self.init(
            generation: generation, unit: unit, shards: shards, names: names, namesFile: namesFile)
    }

    static func isGeneration(_ name: String) -> Bool {
        name.utf8.count == 16
            && name.utf8.allSatisfy { (48...57).contains($0) || (97...102).contains($0) }
    }
}

extension IndexManifest.Shard {
    fileprivate init?(_ json: JSONValue) {
        guard let symbols = json["symbols"]?.intValue, symbols >= 0,
            let documents = json["documents"]?.intValue, documents > 0,
            documents <= SuffixSorter.maximumCount,
            symbols <= SuffixSorter.maximumCount - documents,
            let width = json["width"]?.intValue, [1, 2, 4].contains(width),
            let alphabet = json["alphabet"]?.intValue, alphabet >= 0, alphabet <= symbols,
            width == 4 || alphabet < 1 << (8 * width),
            let order = json["order"]?.intValue, (1...8 / width).contains(order),
            let files = json["files"]?.arrayValue?.compactMap({ IndexFileRecord($0) }),
            files.count == IndexManifest.shardFiles.count
        else { return nil }
        self.init(
            symbols: symbols, documents: documents, width: width, alphabet: alphabet, order: order,
            hasTitles: json["titles"]?.boolValue ?? false, files: files)
    }
}

extension IndexFileRecord {
    fileprivate init?(_ json: JSONValue?) {
        guard let bytes = json?["bytes"]?.intValue, bytes >= 0,
            let sha256 = json?["sha256"]?.stringValue, sha256.utf8.count == 64
        else { return nil }
        self.init(bytes: bytes, sha256: sha256)
    }
}
