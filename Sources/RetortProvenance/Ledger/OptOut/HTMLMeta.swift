// SPDX-License-Identifier: Apache-2.0

import Foundation

/// A page's head, read as far as a crawler needs it: no document tree, and of scripts only those that hold a
/// licence.
public struct HTMLMeta: Sendable {
    /// Bytes that are read.
    static let byteLimit = 256 * 1024
    /// Elements whose content is text, whatever looks like a tag in it.
    private static let textElements: Set = ["script", "style", "title", "textarea"]

    /// The `content` of each `meta` element, the first of each name; names in lower case.
    private(set) var contents: [String: String] = [:]
    /// Addresses of RSL documents, as they stand in `link` elements.
    private(set) var licences: [String] = []
    /// RSL documents that stand in `script` elements.
    private(set) var inlineLicences: [[UInt8]] = []

    init(_ page: [UInt8]) {
        var reader = TagReader(Array(page.prefix(Self.byteLimit)))
        while let tag = reader.next() {
            if tag.name == "body" || tag.name == "/head" { break }
            switch tag.name {
            case "meta":
                guard let name = tag.attributes["name"]?.lowercased(), contents[name] == nil else {
                    continue
                }
                contents[name] = tag.attributes["content"] ?? ""
            case "link":
                let relations = tag.attributes["rel"]?.lowercased()
                    .split(whereSeparator: \.isWhitespace)
                guard relations?.contains("license") == true, Self.isLicence(tag),
                    let address = tag.attributes["href"]
                else { continue }
                licences.append(address.trimmingCharacters(in: .whitespacesAndNewlines))
            default:
                guard Self.textElements.contains(tag.name) else { continue }
                let text = reader.text(until: tag.name)
                guard tag.name == "script", Self.isLicence(tag) else { continue }
                inlineLicences.append(Self.unwrapped(text))
            }
        }
    }

    /// Whether its type, without parameters, is RSL's.
    private static func isLicence(_ tag: TagReader.Tag) -> Bool {
        let type = tag.attributes["type"]?.prefix { $0 != ";" } ?? ""
        return type.lowercased().trimmingCharacters(in: .whitespacesAndNewlines)
            == RSLDocument.mediaType
    }

    /// Without the CDATA section in which pages that are XML too put their scripts.
    private static func unwrapped(_ text: [UInt8]) -> [UInt8] {
        func isSpace(_ byte: UInt8) -> Bool { byte <= 0x20 }
        let start = Array("<![CDATA[".utf8)
        let end = Array("]]>".utf8)
        let inner = text.drop(while: isSpace)
        guard inner.starts(with: start), let last = inner.lastIndex(where: { !isSpace($0) }),
            inner[...last].suffix(end.count).elementsEqual(end)
        else { return text }
        return Array(inner[...last].dropFirst(start.count).dropLast(end.count))
    }

    /// - Returns: The `content` of each `name` asked for, the first of each; names in lower case.
    public static func contents(of names: Set<String>, in page: [UInt8]) -> [String: String] {
        HTMLMeta(page).contents.filter { names.contains($0.key) }
    }
}
