// SPDX-License-Identifier: Apache-2.0

/// Collects text code point by code point; much cheaper than appending to a `String`.
struct TextBuilder {
    private(set) var bytes: [UInt8] = []

    init(capacity: Int) { bytes.reserveCapacity(capacity) }

    var text: String { String(decoding: bytes, as: UTF8.self) }

    mutating func append(_ scalar: Unicode.Scalar) {
        if scalar.isASCII {
            bytes.append(UInt8(truncatingIfNeeded: scalar.value))
        } else {
            bytes.append(contentsOf: UTF8.encode(scalar) ?? UTF8.encodedReplacementCharacter)
        }
    }

    mutating func append(_ text: String) { bytes.append(contentsOf: text.utf8) }

    mutating func appendUpper(_ scalar: Unicode.Scalar) {
        if scalar.isASCII {
            let byte = UInt8(truncatingIfNeeded: scalar.value)
            bytes.append(("a"..."z").contains(scalar) ? byte - 32 : byte)
        } else {
            append(scalar.properties.uppercaseMapping)
        }
    }

    mutating func appendTitle(_ scalar: Unicode.Scalar) {
        if scalar.isASCII {
            appendUpper(scalar)
        } else {
            append(scalar.properties.titlecaseMapping)
        }
    }

    /// A code point of a text in lower case. A capital sigma that ends a word has its own form.
    mutating func appendLower(_ scalars: [Unicode.Scalar], _ index: Int) {
        let scalar = scalars[index]
        if scalar.isASCII {
            let byte = UInt8(truncatingIfNeeded: scalar.value)
            bytes.append(("A"..."Z").contains(scalar) ? byte + 32 : byte)
        } else if scalar == "\u{3A3}" {
            // Looks a little way only, so that a text of marks and sigmas takes no squared time.
            let before = scalars[max(0, index - 32)..<index].last {
                !$0.properties.isCaseIgnorable
            }
            let after = scalars[(index + 1)..<min(index + 33, scalars.count)].first {
                !$0.properties.isCaseIgnorable
            }
            append(
                before?.isPythonCased == true && after?.isPythonCased != true
                    ? "\u{3C2}" : "\u{3C3}" as Unicode.Scalar)
        } else {
            append(scalar.properties.lowercaseMapping)
        }
    }
}
