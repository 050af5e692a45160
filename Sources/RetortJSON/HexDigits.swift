// SPDX-License-Identifier: Apache-2.0

extension String {
    /// Bytes as hexadecimal digits in lower case, two for each: how hashes stand in JSON, and what
    /// `sha256sum` prints.
    package init(hexadecimal bytes: some Sequence<UInt8>) {
        var text: [UInt8] = []
        text.reserveCapacity(2 * bytes.underestimatedCount)
        func append(_ digit: UInt8) {
            text.append(digit + (digit < 10 ? UInt8(ascii: "0") : UInt8(ascii: "a") - 10))
        }
        for byte in bytes {
            append(byte >> 4)
            append(byte & 15)
        }
        self.init(decoding: text, as: UTF8.self)
    }
}
