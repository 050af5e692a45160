// SPDX-License-Identifier: Apache-2.0
//
// The pseudorandom functions of watermarks: a word of 32 bits for a key, the tokens before and a candidate.
// `philox4x32-10-v1` is bit-compatible with vLLM's, so that what one system marks the other can detect;
// `hmac-sha256-v1` gives nothing of its key away to who sees its words.

import Crypto
import Foundation
import RetortTensor

/// Draws a word for each candidate token from a key and the tokens before it.
public struct WatermarkPRF: Sendable, Equatable {
    /// The name of the default, that other systems know it by.
    public static let name = "philox4x32-10-v1"
    public static let hmacName = "hmac-sha256-v1"

    private let key: SIMD2<UInt32>
    private let stream: SIMD2<UInt32>
    private let secret: SymmetricKey?

    /// - Parameter stream: Independent words of the same key.
    public init(key: UInt64, stream: UInt64 = 0) {
        self.key = Self.halves(key)
        self.stream = Self.halves(stream)
        secret = nil
    }

    /// `hmac-sha256-v1`: HMAC-SHA256 of the context is the counter and the key that the candidates' words are
    /// drawn with, so that even the whole state of one place says nothing of another.
    /// - Parameter secret: 32 bytes.
    public init(hmac secret: [UInt8], stream: UInt64 = 0) {
        key = .zero
        self.stream = Self.halves(stream)
        self.secret = SymmetricKey(data: secret)
    }

    /// The tokens before a place, as one step of a sequence has it: made once, used for each candidate.
    public struct Context: Sendable, Equatable {
        fileprivate let counter: SIMD3<UInt32>
        fileprivate let key: SIMD2<UInt32>

        /// The words of the tokens `4 × group` … `4 × group + 3`.
        @inline(__always)
        public func words(group: UInt32) -> SIMD4<UInt32> {
            Philox.block(counter: SIMD4(group, counter.x, counter.y, counter.z), key: key)
        }

        /// The words of the tokens `4 × group` and on.
        func fill(
            _ words: UnsafeMutableBufferPointer<UInt32>, group: UInt32, _ kernels: Kernels
        ) {
            kernels.philoxWords(words, first: group, counter: counter, key: key)
        }

        @inline(__always)
        public func word(token: Int32) -> UInt32 {
            let bits = UInt32(bitPattern: token)
            return words(group: bits >> 2)[Int(bits & 3)]
        }
    }

    /// - Parameter tokens: The last tokens, the oldest first; -1 where the text had not begun.
    public func context(_ tokens: some RandomAccessCollection<Int32>) -> Context {
        if let secret { return Self.context(tokens, stream, secret) }
        var state = SIMD4<UInt32>(0x574D_4358, UInt32(truncatingIfNeeded: tokens.count), 0, 0)
        var offset: UInt32 = 0
        var rest = tokens.makeIterator()
        while Int(offset) < tokens.count {
            var block = SIMD4<UInt32>(0xFFFF_FFFF, 0xFFFF_FFFE, 0xFFFF_FFFD, 0xFFFF_FFFC)
            for lane in 0..<4 {
                guard let token = rest.next() else { break }
                block[lane] = UInt32(bitPattern: token)
            }
            state = Philox.block(counter: state ^ block, key: SIMD2(key.x ^ offset, key.y))
            offset += 4
        }
        return Context(
            counter: SIMD3(state.x, state.y, state.z),
            key: SIMD2(key.x ^ state.w ^ stream.y, key.y ^ 0x574D_544B ^ stream.x))
    }

    private static func context(
        _ tokens: some RandomAccessCollection<Int32>, _ stream: SIMD2<UInt32>,
        _ secret: SymmetricKey
    ) -> Context {
        var code = HMAC<SHA256>(key: secret)
        code.update(data: Data(hmacName.utf8))
        func append(_ word: UInt32) {
            withUnsafeBytes(of: word.littleEndian) { code.update(data: $0) }
        }
        append(stream.x)
        append(stream.y)
        append(UInt32(truncatingIfNeeded: tokens.count))
        for token in tokens { append(UInt32(bitPattern: token)) }
        var words = SIMD8<UInt32>.zero
        for (place, byte) in code.finalize().enumerated() {
            words[place / 4] |= UInt32(byte) << UInt32(8 * (place % 4))
        }
        return Context(counter: SIMD3(words[0], words[1], words[2]), key: SIMD2(words[3], words[4]))
    }

    /// A number in 0 < u < 1 of a word's first 24 bits.
    @inline(__always)
    public static func uniform(_ word: UInt32) -> Float {
        Float(Double((word >> 8) + 1) / 16_777_217)
    }

    private static func halves(_ value: UInt64) -> SIMD2<UInt32> {
        SIMD2(UInt32(truncatingIfNeeded: value), UInt32(truncatingIfNeeded: value >> 32))
    }
}
