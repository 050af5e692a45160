// SPDX-License-Identifier: Apache-2.0

import RetortEngine
import Testing

@Suite("The watermark's pseudorandom function") struct WatermarkPRFTests {
    @Test("Philox gives the published words")
    func philox() {
        // Random123's known answers.
        #expect(
            Philox.block(counter: .zero, key: .zero)
                == SIMD4(0x6627_e8d5, 0xe169_c58d, 0xbc57_ac4c, 0x9b00_dbd8))
        #expect(
            Philox.block(
                counter: SIMD4(repeating: .max), key: SIMD2(repeating: .max))
                == SIMD4(0x408f_276d, 0x41c8_3b0e, 0xa20b_c7c6, 0x6d54_51fd))
        #expect(
            Philox.block(
                counter: SIMD4(0x243f_6a88, 0x85a3_08d3, 0x1319_8a2e, 0x0370_7344),
                key: SIMD2(0xa409_3822, 0x299f_31d0))
                == SIMD4(0xd16c_fe09, 0x94fd_cceb, 0x5001_e420, 0x2412_6ea1))
    }

    @Test(
        "words are vLLM's",
        arguments: [
            (42, [1, 2, 3, 4], 7, 425_429_266), (42, [1, 2, 3, 4], 8, 2_706_218_805),
            (42, [1, 2, 3, 4], 5, 0x2eb1_554c), (42, [4, 5, 6, 7], 7, 2_494_036_831),
            (42, [4, 5, 6, 7], 8, 3_424_185_538), (42, [-1, -1, -1, -1], 0, 0xfa2f_6b05),
            (.max, [11, 22, 33, 44, 55], 151_643, 0xfdc0_3c12),
        ] as [(UInt64, [Int32], Int32, UInt32)])
    func vectors(key: UInt64, context: [Int32], token: Int32, word: UInt32) {
        let function = WatermarkPRF(key: key)
        #expect(function.context(context).word(token: token) == word)
    }

    @Test("uniform numbers are of the first 24 bits, and neither 0 nor 1")
    func uniform() {
        #expect(WatermarkPRF.uniform(425_429_266) == Float(Double(1_661_833 + 1) / 16_777_217))
        #expect(WatermarkPRF.uniform(0) > 0 && WatermarkPRF.uniform(.max) < 1)
    }

    @Test("key, stream and every token of the context change the words")
    func sensitivity() {
        let function = WatermarkPRF(key: 42)
        let word = function.context([1, 2, 3, 4, 5]).word(token: 7)
        for other: [Int32] in [
            [2, 2, 3, 4, 5], [1, 2, 3, 4, 6], [1, 2, 3, 4], [1, 2, 3, 4, 5, 5],
        ] {
            #expect(function.context(other).word(token: 7) != word)
        }
        for other in [
            WatermarkPRF(key: 43), WatermarkPRF(key: 42, stream: 1),
            WatermarkPRF(key: 42, stream: 1 << 40),
        ] {
            #expect(other.context([1, 2, 3, 4, 5]).word(token: 7) != word)
        }
    }

    @Test("hmac-sha256-v1 is HMAC-SHA256 of the context, expanded by Philox")
    func hmac() {
        let secret = (0..<32).map { UInt8($0) }
        let function = WatermarkPRF(hmac: secret)
        // hmac.new(bytes(range(32)), b"hmac-sha256-v1" + struct.pack("<IIIiiii", 0, 0, 4, 1, 2, 3, 4), "sha256")
        let code: [UInt32] = [
            0x8300_0b28, 0xaa1b_d5bd, 0xf86f_4f66, 0x674c_563d, 0xba53_1f87,
        ]
        let expected = Philox.block(
            counter: SIMD4(1, code[0], code[1], code[2]), key: SIMD2(code[3], code[4]))
        #expect(function.context([1, 2, 3, 4]).word(token: 7) == expected[3])
        let others = [
            WatermarkPRF(hmac: secret, stream: 1), WatermarkPRF(hmac: secret.reversed()),
        ]
        for other in others {
            #expect(other.context([1, 2, 3, 4]).word(token: 7) != expected[3])
        }
    }
}
