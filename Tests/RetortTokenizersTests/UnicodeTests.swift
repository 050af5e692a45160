// SPDX-License-Identifier: Apache-2.0
//
// Hashes over all scalars, made with the reference's own tables.

import RetortJSON
import RetortTokenizers
import Testing

@Suite struct UnicodeTests {
    private func hash(_ bytes: some Sequence<UInt8>) -> String {
        var value: UInt64 = 0xCBF2_9CE4_8422_2325
        for byte in bytes { value = (value ^ UInt64(byte)) &* 0x100_0000_01B3 }
        let hex = String(value, radix: 16)
        return String(repeating: "0", count: 16 - hex.count) + hex
    }

    private var scalars: [UInt32] { (0..<0x110000).filter { !(0xD800..<0xE000).contains($0) } }

    private var everything: String {
        var text = String.UnicodeScalarView()
        text.append(contentsOf: scalars.compactMap { Unicode.Scalar($0) })
        return String(text)
    }

    @Test("classes hold the scalars that the reference's classes hold")
    func properties() throws {
        let members = try readFixture("unicode.json")["properties"]?.objectValue?.members ?? []
        #expect(members.count > 10)
        for member in members {
            let tokenizer = try splitter("(?:\(member.key))+", behavior: "Removed", invert: true)
            let found = tokenizer.pieces(everything).joined()
            #expect(
                found.unicodeScalars.count == member.value["count"]?.intValue, "\(member.key)")
            #expect(hash(found.utf8) == member.value["hash"]?.stringValue, "\(member.key)")
        }
    }

    @Test("normal forms are the reference's for every scalar in six surroundings")
    func forms() throws {
        let members = try readFixture("unicode.json")["forms"]?.objectValue?.members ?? []
        #expect(members.count == 12)
        for member in members {
            let form = JSONValue.string(String(member.key.prefix(3)))
            let tokenizer = try Tokenizer(
                tokenizerJSON: tinyTokenizer(extra: ["normalizer": ["type": form]]), config: nil)
            let template = Array(member.key.utf8.dropFirst(4))
            let middle = try #require(template.firstIndex(of: 0x7B))
            var text: [UInt8] = []
            for scalar in scalars {
                if !text.isEmpty { text.append(0x20) }
                text += template[..<middle]
                text += Unicode.Scalar(scalar).map { Array(String($0).utf8) } ?? []
                text += template[(middle + 2)...]
            }
            let normal = tokenizer.normalized(String(decoding: text, as: UTF8.self))
            #expect(hash(normal.utf8) == member.value.stringValue, "\(member.key)")
        }
    }

    @Test("a short text is composed as in a long one, where no quick check passes")
    func quickCheck() throws {
        let tokenizer = try Tokenizer(
            tokenizerJSON: tinyTokenizer(extra: ["normalizer": ["type": "NFC"]]), config: nil)
        var wrong = 0
        for scalar in scalars {
            guard let scalar = Unicode.Scalar(scalar) else { continue }
            for before in ["", "a", "\u{1100}", "\u{AC00}", "\u{3B1}", "\u{9C7}"] {
                let text = before + String(scalar)
                // The mark behind the letter makes the quick check fail.
                let long = tokenizer.normalized(text + " q\u{301}")
                if !long.utf8.elementsEqual((tokenizer.normalized(text) + " q\u{301}").utf8) {
                    wrong += 1
                }
            }
        }
        #expect(wrong == 0)
    }
}
