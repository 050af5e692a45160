// SPDX-License-Identifier: Apache-2.0

import Foundation
import RetortFormats
import RetortJSON
import RetortTensor
import TestSupport
import Testing

@Suite struct GGUFTests {
    static let types = fixture("types.gguf").path

    @Test("Every type of metadata that gguf-py writes reads back") func metadata() throws {
        let file = try GGUFFile(path: Self.types)
        #expect(file.version == 3)
        #expect(file["t.uint8"] == .uint8(200))
        #expect(file["t.int8"] == .int8(-100))
        #expect(file["t.uint16"] == .uint16(60000))
        #expect(file["t.int16"] == .int16(-30000))
        #expect(file["t.uint32"] == .uint32(4_000_000_000))
        #expect(file["t.int32"] == .int32(-2_000_000_000))
        #expect(file["t.uint64"] == .uint64((1 << 63) + 5))
        #expect(file["t.int64"] == .int64(-(1 << 62)))
        #expect(file["t.float32"] == .float32(0.15625))
        #expect(file["t.float64"] == .float64(.pi))
        #expect(file["t.bool"] == .bool(true))
        #expect(try file.string("t.string") == "naïve \u{231B}")
        #expect(try file.array("t.ints")?.integers == [1, -2, 3])
        #expect(try file.array("t.floats")?.floats == [0.5, -1.25])
        let flags = try #require(try file.array("t.bools"))
        #expect((0..<flags.count).map { flags[$0]?.boolValue } == [true, false, true])
        let nested = try #require(try file.array("t.nested"))
        #expect((0..<3).map { nested[$0]?.arrayValue?.integers } == [[1, 2], [3], [4, 5, 6]])
        #expect(nested[3] == nil)
        let strings = try #require(try file.array("t.strings"))
        #expect(strings.strings?.map(\.count) == [0, 1, 7, 3, 2])
        #expect(strings.string(at: 2).map { String(decoding: $0, as: UTF8.self) } == "Ġtoken")
        #expect(strings.string(at: 5) == nil)
    }

    @Test("A look-up with the wrong type names the type that was found") func wrongType() throws {
        let file = try GGUFFile(path: Self.types)
        #expect(failure { _ = try file.integer("t.string") }.contains("string"))
        #expect(failure { _ = try file.array("t.bool") }.contains("bool"))
        #expect(failure { _ = try file.integer("t.uint64") }.contains("uint64"))
        #expect(try file.integer("absent") == nil)
    }

    @Test("Tensors have the values gguf-py reads, with rows first") func tensors() throws {
        let file = try GGUFFile(path: Self.types)
        let expected = try #require(try json("expected.json")["types.gguf"]?.objectValue)
        for member in expected.members {
            try expectMatches(file.tensor(member.key), member.value)
        }
        #expect(file.info("q4_k")?.shape == [2, 256])
        let message = failure { _ = try file.tensor("i32") }
        #expect(message.contains("i32 is i32; this version reads f32, f16, bf16, q8_0, q4_0, q4_k"))
        #expect(file.info("i32")?.type == "i32")
    }

    @Test("What is written reads back", arguments: [32, 64]) func roundTrip(alignment: Int) throws {
        let directory = try TemporaryDirectory()
        let source = try GGUFFile(path: Self.types)
        let names = ["f32", "f16", "bf16", "q8_0"]
        let path = directory.file("copy.gguf")
        let odd: [UInt8] = [0xFF, 0xC3, 0x28]
        let extra: [(key: String, value: GGUFValue)] = [
            ("x.strings", .array(GGUFArray(strings: [[], odd, Array("a".utf8)]))),
            ("x.int32", .array(GGUFArray(int32: [-1, 2]))),
            ("x.uint32", .array(GGUFArray(uint32: [7]))),
            ("x.float32", .array(GGUFArray(float32: [0.5]))),
            ("x.bool", .array(GGUFArray(bool: [true, false]))),
            (
                "x.nested",
                .array(GGUFArray(arrays: [GGUFArray(strings: ["p"]), GGUFArray(int32: [])]))
            ),
        ]
        try GGUFWriter.write(
            to: path, metadata: source.metadata + extra,
            tensors: names.map { TensorSource(try source.tensor($0)) }, alignment: alignment)
        let copy = try GGUFFile(path: path)
        for (key, value) in source.metadata + extra { #expect(copy[key] == value, "\(key)") }
        #expect(try copy.array("x.strings")?.strings?[1] == odd)
        #expect(copy["x.nested"]?.arrayValue?[0]?.arrayValue?.strings == [Array("p".utf8)])
        for name in names {
            let (a, b) = (try source.tensor(name), try copy.tensor(name))
            #expect(a.shape == b.shape && a.dtype == b.dtype)
            #expect(a.bytes.elementsEqual(b.bytes))
        }
        #expect(directory.names == ["copy.gguf"])
    }

    @Test("The parts of a split model are opened together") func split() throws {
        let file = try GGUFFile(path: fixture("qwen3-bf16-split-00001-of-00003.gguf").path)
        #expect(file.parts.count == 3)
        let expected = try json("expected.json")["qwen3-bf16-split.gguf"]?.objectValue
        #expect(file.tensorNames.count == expected?.count)
        #expect(file.contains("output_norm.weight"))
    }

    @Test("A split model with a part missing, renamed or swapped is an error") func brokenSplit()
        throws
    {
        let directory = try TemporaryDirectory()
        let parts = (1...3).map { "qwen3-bf16-split-0000\($0)-of-00003.gguf" }
        let first = try directory.copy(parts[0])
        _ = try directory.copy(parts[2])
        let missing = failure { _ = try GGUFFile(path: first) }
        #expect(missing.contains("00002-of-00003.gguf is missing"))
        #expect(missing.contains("3 parts, 2 of them"))
        let second = failure { _ = try GGUFFile(path: fixture(parts[1]).path) }
        #expect(second.contains("part 2 of 3") && second.contains("open part 1"))
        try FileManager.default.copyItem(
            atPath: directory.file(parts[2]), toPath: directory.file(parts[1]))
        #expect(failure { _ = try GGUFFile(path: first) }.contains("part 3 of 3, not 2 of 3"))
        let renamed = directory.file("model.gguf")
        try FileManager.default.moveItem(atPath: first, toPath: renamed)
        #expect(failure { _ = try GGUFFile(path: renamed) }.contains("must be named"))
    }

    @Test("A file cut anywhere before its last byte of data is an error") func truncated() throws {
        let whole = try bytes(of: Self.types)
        // gguf-py pads the last tensor, of 24 bytes, to 32.
        for count in 0..<whole.count - 8 {
            _ = failure { _ = try GGUFFile(bytes: Array(whole[..<count]), name: "cut") }
        }
        _ = try GGUFFile(bytes: Array(whole[..<(whole.count - 8)]), name: "padding only")
    }

    @Test("A file with any byte changed is read or refused, never a crash") func changed() throws {
        let whole = try bytes(of: Self.types)
        for position in whole.indices {
            for change: UInt8 in [0x01, 0x80, 0xFF] {
                var copy = whole
                copy[position] ^= change
                guard let file = try? GGUFFile(bytes: copy, name: "x") else { continue }
                for name in file.tensorNames { _ = try? file.tensor(name).firstNonFinite() }
                for (_, value) in file.metadata { _ = value.arrayValue?.strings }
            }
        }
    }
}
