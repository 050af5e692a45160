// SPDX-License-Identifier: Apache-2.0

/// The licence that a file states in its first lines, as `SPDX-License-Identifier` does.
enum StatedLicence {
    private static let tag = Array("SPDX-License-Identifier:".utf8)
    private static let head = 4096

    static func find(_ bytes: UnsafeRawBufferPointer) -> String? {
        let head = bytes.prefix(Self.head)
        var start = head.startIndex
        while let found = head[start...].firstIndex(of: Self.tag[0]) {
            start = found + 1
            guard head[found...].starts(with: tag) else { continue }
            let line = head[(found + tag.count)...].prefix { $0 != 0x0A && $0 != 0x0D }
            // The characters of an SPDX expression; a comment's end is not one.
            let value = String(decoding: line, as: UTF8.self)
            let expression = value.prefix { character in
                character.isASCII
                    && (character.isLetter || character.isNumber || ".-+() :".contains(character))
            }
            var words = expression.split(separator: " ")
            while let last = words.last, last.allSatisfy({ $0 == "-" }) { words.removeLast() }
            return words.isEmpty ? nil : words.joined(separator: " ")
        }
        return nil
    }
}
