// SPDX-License-Identifier: Apache-2.0

import Foundation
import RetortFormats
import RetortTensor
import TestSupport
import Testing

@Suite struct IntegerTensorTests {
    /// A tensor of these bytes, which stay for the whole test run.
    static func tensor(_ name: String, _ type: IntegerType, _ shape: [Int], _ bytes: [UInt8])
        -> IntegerTensor
    {
        let memory = UnsafeMutableRawBufferPointer.allocate(byteCount: bytes.count, alignment: 8)
        memory.copyBytes(from: bytes)
        return IntegerTensor(name: name, type: type, shape: shape, bytes: .init(memory))
    }

    @Test("Integers read back, bit by bit, with their metadata", arguments: IntegerType.allCases)
    func roundTrip(type: IntegerType) throws {
        let directory = try TemporaryDirectory()
        let path = directory.file("x.safetensors")
        let bytes = (0..<6 * type.byteCount).map { UInt8(truncatingIfNeeded: $0 * 37 + 1) }
        try SafetensorsWriter.write(
            [
                Self.tensor("values", type, [2, 3], bytes), Self.tensor("none", type, [0], []),
                Self.tensor("one", type, [], Array(bytes.prefix(type.byteCount))),
            ], metadata: [("version", "1"), ("note", "a \"b\" \u{212B}")], to: path)
        let file = try SafetensorsFile(path: path)
        #expect(file.metadata.map(\.key) == ["version", "note"])
        #expect(file.metadata.map(\.value) == ["1", "a \"b\" \u{212B}"])
        let values = try file.integers("values")
        #expect(values.type == type && values.shape == [2, 3] && Array(values.bytes) == bytes)
        #expect(try file.integers("none").bytes.isEmpty)
        #expect(try file.integers("one").shape.isEmpty)
        #expect(file.info("values")?.type == type.rawValue.lowercased())
        #expect(failure { _ = try file.integers("other") }.contains("other"))
        #expect(directory.names == ["x.safetensors"])
    }

    @Test("Integers of a file of the reference library are read, floats are refused")
    func reference() throws {
        let file = try SafetensorsFile(path: fixture("types.safetensors").path)
        #expect(try file.integers("i64").shape == [3])
        #expect(failure { _ = try file.integers("f32") }.contains("F32"))
    }

    @Test("A tensor whose bytes are not those of its shape is refused, nothing is left behind")
    func wrongSize() throws {
        let directory = try TemporaryDirectory()
        let path = directory.file("x.safetensors")
        for shape in [[4], [2, 2], [Int.max, 2], [-3]] {
            let short = Self.tensor("short", .u16, shape, [1, 2, 3, 4, 5, 6])
            let message = failure {
                try SafetensorsWriter.write([short], metadata: [], to: path)
            }
            #expect(message.contains("short"))
        }
        let twice = Self.tensor("a", .u8, [1], [1])
        #expect(
            failure { try SafetensorsWriter.write([twice, twice], metadata: [], to: path) }
                .contains("two tensors"))
        #expect(directory.names.isEmpty)
    }

    @Test("Metadata of a caller stands behind the format") func floatsWithMetadata() throws {
        let directory = try TemporaryDirectory()
        let path = directory.file("x.safetensors")
        let source = TensorSource(name: "w", shape: [2], floats: [1, 2])
        try SafetensorsWriter.write([source], to: path, metadata: [("step", "7")])
        let file = try SafetensorsFile(path: path)
        #expect(file.metadata.map(\.key) == ["format", "step"])
        #expect(file.metadata.map(\.value) == ["pt", "7"])
        #expect(floats(try file.tensor("w")) == [1, 2])
    }
}
