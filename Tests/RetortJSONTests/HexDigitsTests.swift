// SPDX-License-Identifier: Apache-2.0

import RetortJSON
import Testing

@Suite struct HexDigitsTests {
    @Test(
        "bytes become two digits each, in lower case",
        arguments: [
            ([], ""), ([0], "00"), ([9, 10, 15, 16], "090a0f10"), ([0xFF, 0x7F], "ff7f"),
        ] as [([UInt8], String)])
    func digits(bytes: [UInt8], expected: String) {
        #expect(String(hexadecimal: bytes) == expected)
    }
}
