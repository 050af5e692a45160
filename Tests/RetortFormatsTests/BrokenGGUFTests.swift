// SPDX-License-Identifier: Apache-2.0
//
// Hostile and damaged GGUF headers, built byte by byte.

import Foundation
import RetortFormats
import Testing

/// Puts a GGUF file together without the writer's checks.
private struct Builder {
    var bytes: [UInt8] = []

    init(version: UInt32 = 3, tensors: UInt64 = 0, pairs: UInt64 = 0) {
        bytes = Array("GGUF".utf8)
        u32(version)
        u64(tensors)
        u64(pairs)
    }

    mutating func u32(_ value: UInt32) {
        bytes += withUnsafeBytes(of: value.littleEndian, Array.init)
    }
    mutating func u64(_ value: UInt64) {
        bytes += withUnsafeBytes(of: value.littleEndian, Array.init)
    }

    mutating func string(_ text: String) {
        u64(UInt64(text.utf8.count))
        bytes += Array(text.utf8)
    }

    mutating func tensor(
        _ name: String, _ dimensions: [UInt64], type: UInt32 = 0, offset: UInt64 = 0
    ) {
        string(name)
        u32(UInt32(dimensions.count))
        for dimension in dimensions { u64(dimension) }
        u32(type)
        u64(offset)
    }

    /// Pads to the data and adds so many bytes of it.
    mutating func data(_ count: Int) {
        while bytes.count % 32 != 0 { bytes.append(0) }
        bytes += [UInt8](repeating: 0, count: count)
    }
}

@Suite struct BrokenGGUFTests {
    struct Case: Sendable, CustomTestStringConvertible {
        let name: String
        let bytes: [UInt8]
        let expected: String
        var testDescription: String { name }
    }

    private static func make(
        _ name: String, _ expected: String, version: UInt32 = 3, tensors: UInt64 = 0,
        pairs: UInt64 = 0, _ fill: (inout Builder) -> Void = { _ in }
    ) -> Case {
        var builder = Builder(version: version, tensors: tensors, pairs: pairs)
        fill(&builder)
        return Case(name: name, bytes: builder.bytes, expected: expected)
    }

    private static func array(_ name: String, _ expected: String, type: UInt32, count: UInt64)
        -> Case
    {
        make(name, expected, pairs: 1) {
            $0.string("k")
            $0.u32(9)
            $0.u32(type)
            $0.u64(count)
        }
    }

    static let cases: [Case] = [
        Case(name: "empty", bytes: [], expected: "not a GGUF file"),
        Case(name: "other magic", bytes: Array("GGML....".utf8), expected: "not a GGUF file"),
        make("version 1", "GGUF version 1", version: 1),
        make("version 4", "versions 2 and 3", version: 4),
        make("big-endian", "big-endian", version: UInt32(3).byteSwapped),
        make("tensor count beyond the file", "tensor count", tensors: 1 << 60),
        make("pair count beyond the file", "metadata entry count", pairs: .max),
        make("a key that runs out of the file", "cut short", pairs: 1) {
            $0.u64(1 << 40)
            $0.u64(0)
        },
        make("a key of 100,000 bytes", "at most 65535", pairs: 1) {
            $0.string(String(repeating: "k", count: 100_000))
        },
        make("an unknown value type", "value type 13", pairs: 1) {
            $0.string("k")
            $0.u32(13)
            $0.u64(0)
        },
        make("a truth value of 2", "truth value 2", pairs: 1) {
            $0.string("k")
            $0.u32(7)
            $0.bytes.append(2)
        },
        make("the same key twice", "twice", pairs: 2) {
            for _ in 0..<2 {
                $0.string("k")
                $0.u32(4)
                $0.u32(1)
            }
        },
        array("an array of 2^61 strings", "count", type: 8, count: 1 << 61),
        array("an array of 2^63 numbers", "count", type: 12, count: 1 << 63),
        array("an array of 2^60 arrays", "count", type: 9, count: 1 << 60),
        make("arrays nested 20 deep", "deeper than 8", pairs: 1) {
            $0.string("k")
            $0.u32(9)
            for _ in 0..<20 {
                $0.u32(9)
                $0.u64(1)
            }
        },
        make("an alignment of 3", "general.alignment", pairs: 1) {
            $0.string("general.alignment")
            $0.u32(4)
            $0.u32(3)
        },
        make("five dimensions", "5 dimensions", tensors: 1) { $0.tensor("t", [1, 1, 1, 1, 1]) },
        make("an unknown tensor type", "ggml type 99", tensors: 1) {
            $0.tensor("t", [1], type: 99)
        },
        make("dimensions that overflow", "no size", tensors: 1) {
            $0.tensor("t", [1 << 33, 1 << 33])
        },
        make("a dimension beyond Int", "no size", tensors: 1) { $0.tensor("t", [.max]) },
        make("an offset beyond Int", "no size", tensors: 1) {
            $0.tensor("t", [1], offset: .max - 31)
        },
        make("rows that fill no block", "not a multiple of 32", tensors: 1) {
            $0.tensor("t", [33, 32], type: 8)
        },
        make("an unaligned offset", "multiple of its alignment", tensors: 1) {
            $0.tensor("t", [1], offset: 4)
            $0.data(64)
        },
        make("a tensor beyond the file", "cut short", tensors: 1) {
            $0.tensor("t", [16])
            $0.data(60)
        },
        make("overlapping tensors", "overlapping", tensors: 2) {
            $0.tensor("a", [16])
            $0.tensor("b", [8], offset: 32)
            $0.data(64)
        },
        make("two tensors of one name", "second tensor", tensors: 2) {
            $0.tensor("a", [8])
            $0.tensor("a", [8], offset: 32)
            $0.data(64)
        },
        make("a split part alone in memory", "must be named", pairs: 2) {
            $0.string("split.no")
            $0.u32(4)
            $0.u32(0)
            $0.string("split.count")
            $0.u32(4)
            $0.u32(3)
        },
        make("a negative split.count", "split.count", pairs: 1) {
            $0.string("split.count")
            $0.u32(5)
            $0.u32(.max)
        },
    ]

    @Test("A damaged header is an error that says what is wrong", arguments: cases)
    func damaged(_ broken: Case) {
        let message = failure { _ = try GGUFFile(bytes: broken.bytes, name: "broken.gguf") }
        #expect(message.contains("broken.gguf"))
        #expect(message.contains(broken.expected), "\(message)")
    }

    @Test("Control characters of a name do not reach the message") func escapes() {
        let bad = Self.make("", "", tensors: 1) { $0.tensor("\u{1B}[31m\n", [1], type: 99) }
        let message = failure { _ = try GGUFFile(bytes: bad.bytes, name: "x") }
        #expect(!message.unicodeScalars.contains("\u{1B}"))
    }

    @Test("Version 2 is read as version 3") func version2() throws {
        var builder = Builder(version: 2, tensors: 1)
        builder.tensor("t", [2, 3])
        builder.data(24)
        let file = try GGUFFile(bytes: builder.bytes, name: "v2")
        #expect(file.version == 2)
        #expect(try file.tensor("t").shape == [3, 2])
    }
}
