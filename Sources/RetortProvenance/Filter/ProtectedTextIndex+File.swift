// SPDX-License-Identifier: Apache-2.0
//
// The file of an index: a line of JSON with the sizes and the documents, then letters, gaps, hashes and places,
// little-endian. The line has the SHA-256 of what follows it.

import Crypto
import Foundation
import RetortJSON

extension ProtectedTextIndex {
    private static let format = "retort-protected-texts"

    /// The file's content.
    public var fileContent: [UInt8] {
        var body = text + gaps
        for hash in hashes { appendLittleEndian(hash, to: &body) }
        for place in places { appendLittleEndian(place, to: &body) }
        let header: JSONValue = [
            "format": .string(Self.format), "version": 1,
            "folding": .integer(Int64(LetterFolding.version)),
            "gram": .integer(Int64(Self.gram)), "window": .integer(Int64(Self.window)),
            "letters": .integer(Int64(text.count)), "fingerprints": .integer(Int64(hashes.count)),
            "sha256": .string(String(hexadecimal: SHA256.hash(data: body))),
            "documents": .array(
                zip(documents, starts).map { document, start in
                    [
                        "name": .string(document.name),
                        "licence": document.licence.map(JSONValue.string) ?? nil,
                        "length": .integer(Int64(document.length)),
                        "start": .integer(Int64(start)),
                    ]
                }),
        ]
        return Array(header.text().utf8) + [0x0A] + body
    }

    /// Reads a file's content.
    /// - Parameter path: For errors.
    public init(fileContent bytes: [UInt8], path: String) throws(ProvenanceError) {
        let damaged = ProvenanceError(
            "\(path) is not an index of protected texts, or it was altered or cut; make it again")
        guard let line = bytes.firstIndex(of: 0x0A),
            let header = try? JSONValue(parsing: bytes[..<line]),
            header["format"]?.stringValue == Self.format
        else { throw damaged }
        guard header["version"]?.intValue == 1, header["gram"]?.intValue == Self.gram,
            header["window"]?.intValue == Self.window,
            header["folding"]?.intValue == Int(LetterFolding.version)
        else {
            throw ProvenanceError("\(path) was made by another version; make it again")
        }
        let body = bytes[(line + 1)...]
        guard let letters = header["letters"]?.intValue,
            let prints = header["fingerprints"]?.intValue, letters >= 0, prints >= 0,
            letters <= body.count, prints <= body.count, body.count == 2 * letters + 12 * prints,
            header["sha256"]?.stringValue == String(hexadecimal: SHA256.hash(data: Array(body))),
            let list = header["documents"]?.arrayValue
        else { throw damaged }
        var documents: [Document] = []
        var starts: [Int] = []
        for item in list {
            guard let name = item["name"]?.stringValue, let length = item["length"]?.intValue,
                let start = item["start"]?.intValue, start >= 0, start < letters,
                start > starts.last ?? -1
            else { throw damaged }
            documents.append(
                Document(name: name, licence: item["licence"]?.stringValue, length: length))
            starts.append(start)
        }
        let text = Array(body.prefix(letters))
        let gaps = Array(body.dropFirst(letters).prefix(letters))
        var hashes: [UInt64] = []
        var places: [UInt32] = []
        body.withUnsafeBytes { body in
            for index in 0..<prints {
                hashes.append(
                    UInt64(
                        littleEndian: body.loadUnaligned(
                            fromByteOffset: 2 * letters + 8 * index, as: UInt64.self)))
                places.append(
                    UInt32(
                        littleEndian: body.loadUnaligned(
                            fromByteOffset: 2 * letters + 8 * prints + 4 * index, as: UInt32.self)))
            }
        }
        guard text.isEmpty || text.last == 0, documents.isEmpty == text.isEmpty,
            starts.first ?? 0 == 0, starts.dropFirst().allSatisfy({ text[$0 - 1] == 0 }),
            places.allSatisfy({ $0 >= Self.gram && $0 < letters }),
            zip(hashes, hashes.dropFirst()).allSatisfy({ $0 <= $1 })
        else { throw damaged }
        self.init(
            documents: documents, text: text, gaps: gaps, starts: starts, hashes: hashes,
            places: places)
    }
}
