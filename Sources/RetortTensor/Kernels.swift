// SPDX-License-Identifier: Apache-2.0
//
// Chooses one table of C kernels for the process: the best this processor has, or the one that
// RETORT_ISA names, so that each path can be tested on one machine.

import CRetortKernels

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// A table of kernels for one instruction set.
public struct Kernels: @unchecked Sendable {
    // Safety: points to a constant table that is never written.
    package let table: UnsafePointer<rk_kernels>

    /// Instruction sets from the slowest to the fastest, by the names RETORT_ISA takes.
    public static let names = [
        "scalar", "avx2", "avx512", "avx512bf16", "neon", "neondotprod", "neoni8mm", "neonbf16",
    ]

    /// The table of an instruction set, nil if this processor lacks it or the name is unknown.
    public init?(named name: String) {
        guard let index = Self.names.firstIndex(of: name),
            let table = rk_kernels_for(rk_isa(rawValue: UInt32(index)))
        else { return nil }
        self.table = table
    }

    public var name: String { String(cString: table.pointee.name) }

    /// Every table that this processor can run.
    public static var available: [Kernels] { names.compactMap(Kernels.init(named:)) }

    /// What this process uses.
    /// - Throws: ``TensorError`` if RETORT_ISA names a set that is unknown or not to be had here.
    public static func current() throws(TensorError) -> Kernels {
        guard let wanted = getenv("RETORT_ISA").map({ String(cString: $0) }), !wanted.isEmpty
        else {
            guard let best = available.last else { throw TensorError("no kernels were built in") }
            return best
        }
        guard let kernels = Kernels(named: wanted) else {
            let known = available.map(\.name).joined(separator: ", ")
            throw TensorError("RETORT_ISA is '\(wanted)'; this processor has: \(known)")
        }
        return kernels
    }
}

extension DType {
    /// The kernels' name of the type.
    package var kernelType: rk_dtype {
        switch self {
        case .f32: return RK_F32
        case .f16: return RK_F16
        case .bf16: return RK_BF16
        case .q8_0: return RK_Q8_0
        case .f8e4m3: return RK_F8_E4M3
        case .q4_0: return RK_Q4_0
        case .q4_k: return RK_Q4_K
        case .q5_k: return RK_Q5_K
        case .q6_k: return RK_Q6_K
        }
    }
}

extension Kernels {
    /// x = softmax(x / temperature), in place.
    package func probabilities(_ x: UnsafeMutableBufferPointer<Float>, temperature: Float) {
        guard let base = x.baseAddress else { return }
        if temperature != 1 { table.pointee.scale(base, x.count, 1 / temperature) }
        table.pointee.softmax(base, x.count)
    }

    /// x[i] += bias where the lower 31 bits of words[i] are below `limit`. Words are at least as many.
    package func add(
        _ bias: Float, to x: UnsafeMutableBufferPointer<Float>,
        where words: UnsafePointer<UInt32>, areBelow limit: UInt32
    ) {
        guard let base = x.baseAddress else { return }
        table.pointee.add_where_below(base, words, x.count, limit, bias)
    }

    /// p[i] *= 1 + g - sum(g p) for each layer, g being the layer's bit of bits[i].
    package func tournament(
        _ p: UnsafeMutableBufferPointer<Float>, bits: UnsafePointer<UInt32>, layers: Int
    ) {
        guard let base = p.baseAddress else { return }
        table.pointee.tournament(base, bits, p.count, UInt32(layers))
    }

    /// The words of Philox4x32-10 for counters (first + i, counter…), four for each of `words.count / 4` values of i.
    package func philoxWords(
        _ words: UnsafeMutableBufferPointer<UInt32>, first: UInt32, counter: SIMD3<UInt32>,
        key: SIMD2<UInt32>
    ) {
        guard let base = words.baseAddress else { return }
        // A vector of three has room for four.
        withUnsafeBytes(of: counter) { counter in
            withUnsafeBytes(of: key) { key in
                guard let counter = counter.baseAddress, let key = key.baseAddress else { return }
                table.pointee.philox_words(
                    base, first, words.count / 4,
                    counter.assumingMemoryBound(to: UInt32.self),
                    key.assumingMemoryBound(to: UInt32.self))
            }
        }
    }
}
