// SPDX-License-Identifier: Apache-2.0

import RetortTensor
import Testing

@Suite("Hashes and random bits that are the same everywhere") struct StableHashTests {
    @Test(
        "FNV-1a gives its own test vectors",
        arguments: [
            ("", 0xCBF2_9CE4_8422_2325), ("a", 0xAF63_DC4C_8601_EC8C),
            ("foobar", 0x8594_4171_F739_67E8),
        ] as [(String, UInt64)])
    func fnv(text: String, expected: UInt64) {
        #expect(FNVHash(text.utf8).value == expected)
    }

    @Test("SplitMix64 gives the numbers of its reference code for the seed 1234567")
    func splitMix() {
        var random = SplitMix64(seed: 1_234_567)
        #expect(
            (0..<3).map { _ in random.next() } == [
                6_457_827_717_110_365_317, 3_203_168_211_198_807_973, 9_817_491_932_198_370_423,
            ])
    }
}
