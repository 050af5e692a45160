// SPDX-License-Identifier: Apache-2.0
//
// The pseudorandom function `philox4x32-10-v1`: a word of 32 bits for a key, the tokens before and a candidate.
// Bit-compatible with vLLM's, so that what one system marks the other can detect.

/// Draws a word for each candidate token from a key and the tokens before it.
public struct WatermarkPRF: Sendable, Equatable {
    /// The name that other systems know it by.
    public static let name = "philox4x32-10-v1"

    private let key: SIMD2<UInt32>
    private let stream: SIMD2<UInt32>

    /// - Parameter stream: Independent words of the same key.
    public init(key: UInt64, stream: UInt64 = 0) {
        self.key = Self.halves(key)
        self.stream = Self.halves(stream)
    }

    /// The tokens before a place, as one step of a sequence has it: made once, used for each candidate.
    public struct Context: Sendable, Equatable {
        fileprivate let state: SIMD4<UInt32>
    }

    /// - Parameter tokens: The last tokens, the oldest first; -1 where the text had not begun.
    public func context(_ tokens: some RandomAccessCollection<Int32>) -> Context {
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
        return Context(state: state)
    }

    /// The words of the tokens `4 × group` … `4 × group + 3`.
    @inline(__always)
    public func words(_ context: Context, group: UInt32) -> SIMD4<UInt32> {
        let state = context.state
        return Philox.block(
            counter: SIMD4(group, state.x, state.y, state.z),
            key: SIMD2(key.x ^ state.w ^ stream.y, key.y ^ 0x574D_544B ^ stream.x))
    }

    public func word(_ context: Context, token: Int32) -> UInt32 {
        let bits = UInt32(bitPattern: token)
        return words(context, group: bits >> 2)[Int(bits & 3)]
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
