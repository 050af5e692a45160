// SPDX-License-Identifier: Apache-2.0
//
// The tags of a page or an XML document, one after another. Never follows a reference, never expands
// anything: five entities and numbers are all that it knows.

/// Reads tags with their attributes and the text before each.
struct TagReader {
    struct Tag: Equatable {
        /// In lower case; with `/` before it for an end.
        var name: String
        /// Names in lower case, the first of each.
        var attributes: [String: String] = [:]
        var isEmpty = false
        /// The text since the tag before.
        var text: String
    }

    private let bytes: [UInt8]
    private var at = 0
    /// Whether there was a declaration of a document type, which can define entities.
    private(set) var hasDoctype = false
    /// Whether it ended within a tag.
    private(set) var isCut = false

    init(_ bytes: [UInt8]) { self.bytes = bytes }

    mutating func next() -> Tag? {
        var text: [UInt8] = []
        while at < bytes.count {
            guard bytes[at] == UInt8(ascii: "<") else {
                text.append(bytes[at])
                at += 1
                continue
            }
            if starts(with: "<!--") {
                skip(past: "-->")
            } else if starts(with: "<![CDATA[") {
                let start = at + 9
                skip(past: "]]>")
                text += bytes[min(start, bytes.count)..<max(min(start, bytes.count), at - 3)]
            } else if starts(with: "<!") {
                hasDoctype = true
                skip(past: ">")
            } else if starts(with: "<?") {
                skip(past: "?>")
            } else if let tag = tag(text) {
                return tag
            } else {
                // A `<` that begins no tag is text.
                text.append(UInt8(ascii: "<"))
                at += 1
            }
        }
        return nil
    }

    /// What stands before the end of an element whose content is text, as `script` has it in HTML;
    /// all that is left if it does not end.
    mutating func text(until name: String) -> [UInt8] {
        let end = Array("</\(name)".utf8)
        let start = at
        while at + end.count <= bytes.count {
            if bytes[at] == end[0],
                zip(bytes[at...], end).allSatisfy({ $0 | 0x20 == $1 | 0x20 }),
                at + end.count == bytes.count || !Self.isName(bytes[at + end.count])
            {
                return Array(bytes[start..<at])
            }
            at += 1
        }
        isCut = true
        at = bytes.count
        return Array(bytes[start...])
    }

    private static func isName(_ byte: UInt8) -> Bool {
        (0x30...0x39).contains(byte) || (0x41...0x5A).contains(byte)
            || (0x61...0x7A).contains(byte) || byte >= 0x80
            || byte == 0x2D || byte == 0x5F || byte == 0x3A || byte == 0x2E
    }

    private func starts(with prefix: String) -> Bool {
        bytes[at...].starts(with: Array(prefix.utf8))
    }

    private mutating func skip(past end: String) {
        let end = Array(end.utf8)
        while at + end.count <= bytes.count {
            if bytes[at] == end[0], bytes[at..<(at + end.count)].elementsEqual(end) {
                at += end.count
                return
            }
            at += 1
        }
        isCut = true
        at = bytes.count
    }

    private mutating func tag(_ text: [UInt8]) -> Tag? {
        var place = at + 1
        let start = place
        if place < bytes.count, bytes[place] == UInt8(ascii: "/") { place += 1 }
        let first = place
        while place < bytes.count, Self.isName(bytes[place]) { place += 1 }
        guard place > first else { return nil }
        var tag = Tag(
            name: String(decoding: bytes[start..<place], as: UTF8.self).lowercased(),
            text: Self.unescaped(text))
        while place < bytes.count, bytes[place] != UInt8(ascii: ">") {
            if bytes[place] == UInt8(ascii: "/") {
                tag.isEmpty = true
                place += 1
                continue
            }
            guard Self.isName(bytes[place]) else {
                place += 1
                continue
            }
            tag.isEmpty = false
            let key = place
            while place < bytes.count, Self.isName(bytes[place]) { place += 1 }
            let name = String(decoding: bytes[key..<place], as: UTF8.self).lowercased()
            let value = value(&place)
            if tag.attributes[name] == nil { tag.attributes[name] = Self.unescaped(value) }
        }
        guard place < bytes.count else {
            isCut = true
            at = bytes.count
            return tag
        }
        at = place + 1
        return tag
    }

    private func value(_ place: inout Int) -> [UInt8] {
        func skipSpaces(_ place: inout Int) {
            while place < bytes.count, bytes[place] <= 0x20 { place += 1 }
        }
        var next = place
        skipSpaces(&next)
        guard next < bytes.count, bytes[next] == UInt8(ascii: "=") else { return [] }
        place = next + 1
        skipSpaces(&place)
        guard place < bytes.count else { return [] }
        let quote = bytes[place]
        if quote == UInt8(ascii: "\"") || quote == UInt8(ascii: "'") {
            let start = place + 1
            place = start
            while place < bytes.count, bytes[place] != quote { place += 1 }
            let value = Array(bytes[start..<place])
            place = min(place + 1, bytes.count)
            return value
        }
        let start = place
        while place < bytes.count, bytes[place] > 0x20, bytes[place] != UInt8(ascii: ">") {
            place += 1
        }
        return Array(bytes[start..<place])
    }

    /// Undoes the five entities of XML and numbers; what else there is stays as it stands.
    private static func unescaped(_ bytes: [UInt8]) -> String {
        let text = String(decoding: bytes, as: UTF8.self)
        guard text.contains("&") else { return text }
        var result = ""
        var rest = text[...]
        while let start = rest.firstIndex(of: "&") {
            result += rest[..<start]
            rest = rest[start...]
            guard let end = rest.prefix(12).firstIndex(of: ";") else {
                result += "&"
                rest = rest.dropFirst()
                continue
            }
            let name = rest[rest.index(after: start)..<end]
            if let character = character(name) {
                result.unicodeScalars.append(character)
            } else {
                result += rest[...end]
            }
            rest = rest[rest.index(after: end)...]
        }
        return result + rest
    }

    private static func character(_ name: Substring) -> Unicode.Scalar? {
        switch name {
        case "lt": "<"
        case "gt": ">"
        case "amp": "&"
        case "quot": "\""
        case "apos": "'"
        default:
            if name.hasPrefix("#x") || name.hasPrefix("#X") {
                UInt32(name.dropFirst(2), radix: 16).flatMap { Unicode.Scalar($0) }
            } else if name.hasPrefix("#") {
                UInt32(name.dropFirst()).flatMap { Unicode.Scalar($0) }
            } else {
                nil
            }
        }
    }
}
