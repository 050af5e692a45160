// SPDX-License-Identifier: Apache-2.0

import Foundation
import RetortFormats
import RetortJSON
import RetortTensor
import TestSupport
import Testing

@Suite struct SafetensorsTests {
    /// A file with this header and so many bytes of data.
    static func file(_ header: String, data: Int = 0) -> [UInt8] {
        let text = Array(header.utf8)
        return withUnsafeBytes(of: UInt64(text.count).littleEndian, Array.init) + text
            + [UInt8](repeating: 0, count: data)
    }

    @Test("A file of the reference library gives its values") func readsReference() throws {
        let file = try SafetensorsFile(path: fixture("types.safetensors").path)
        let expected = try json("expected.json")["types.safetensors"]?.objectValue
        for member in try #require(expected).members {
            try expectMatches(file.tensor(member.key), member.value)
        }
        #expect(file.metadata.contains { $0.key == "note" && $0.value == "all kinds" })
        #expect(file.tensorNames.count == 8)
    }

    @Test("Types without kernels are listed, reading them names the type") func otherTypes() throws
    {
        let file = try SafetensorsFile(path: fixture("types.safetensors").path)
        #expect(file.info("i64") == nil ? false : file.info("i64")?.type == "i64")
        #expect(file.info("i64")?.shape == [3])
        #expect(file.info("i64")?.byteCount == 24)
        let message = failure { _ = try file.tensor("i64") }
        #expect(message.contains("I64") && message.contains("F8_E4M3"))
        #expect(message.contains("BF16"))
        #expect(failure { _ = try file.tensor("nothing") }.contains("nothing"))
    }

    @Test("What is written reads back, bit by bit") func roundTrip() throws {
        let directory = try TemporaryDirectory()
        let source = try SafetensorsFile(path: fixture("types.safetensors").path)
        let names = ["f32", "f16", "bf16", "scalar", "empty"]
        let path = directory.file("copy.safetensors")
        try SafetensorsWriter.write(
            names.map { TensorSource(try source.tensor($0)) }
                + [TensorSource(name: "\u{212B}", shape: [2], floats: [1, -2])]
                + [TensorSource(name: "\u{C5}", shape: [1], floats: [3])],
            to: path)
        let copy = try SafetensorsFile(path: path)
        for name in names {
            let (a, b) = (try source.tensor(name), try copy.tensor(name))
            #expect(a.shape == b.shape && a.dtype == b.dtype)
            #expect(a.bytes.elementsEqual(b.bytes))
        }
        // Two names that Swift's strings hold equal.
        #expect(floats(try copy.tensor("\u{212B}")) == [1, -2])
        #expect(floats(try copy.tensor("\u{C5}")) == [3])
        #expect(directory.names == ["copy.safetensors"])
    }

    @Test("f8 reads back, and its NaN, but no other byte, is found") func eightBits() throws {
        let directory = try TemporaryDirectory()
        let path = directory.file("x.safetensors")
        func write(nan positions: [Int]) throws -> StoredTensor {
            var values = (0..<5000).map { UInt8(truncatingIfNeeded: $0 % 127 + $0 % 2 * 128) }
            for position in positions { values[position] = position % 2 == 0 ? 0x7F : 0xFF }
            let source = TensorSource(name: "w", dtype: .f8e4m3, shape: [50, 100]) { sink in
                try values.withUnsafeBytes { try sink($0) }
            }
            try SafetensorsWriter.write([source], to: path)
            let tensor = try SafetensorsFile(path: path).tensor("w")
            #expect(Array(tensor.bytes) == values)
            return tensor
        }
        let good = try write(nan: [])
        #expect(good.dtype == .f8e4m3 && good.firstNonFinite() == nil)
        for position in [0, 7, 4095, 4096, 4999] {
            #expect(try write(nan: [position, 4999]).firstNonFinite() == position)
        }
        let source = TensorSource(good)
        let gguf = directory.file("x.gguf")
        let message = failure { try GGUFWriter.write(to: gguf, metadata: [], tensors: [source]) }
        #expect(message.contains("f8_e4m3") && message.contains("q8_0"))
    }

    @Test("Shards have Hugging Face's names and index") func shards() throws {
        let directory = try TemporaryDirectory()
        let tensors = (0..<5).map {
            TensorSource(
                name: "t\($0)", shape: [4], floats: [Float](repeating: Float($0), count: 4))
        }
        let names = try SafetensorsWriter.write(
            tensors, directory: directory.path, maximumShardBytes: 40)
        #expect(
            names == [
                "model-00001-of-00003.safetensors", "model-00002-of-00003.safetensors",
                "model-00003-of-00003.safetensors", "model.safetensors.index.json",
            ])
        #expect(directory.names == names)
        let index = try JSONValue(
            parsing: bytes(of: directory.file("model.safetensors.index.json")))
        #expect(index["metadata"]?["total_size"]?.intValue == 80)
        #expect(index["weight_map"]?["t4"]?.stringValue == names[2])
        let message = failure {
            try SafetensorsWriter.write(tensors, directory: directory.path)
        }
        #expect(message.contains("other weights"))
    }

    @Test("A writer that cannot finish leaves nothing behind") func failedWrite() throws {
        let directory = try TemporaryDirectory()
        let short = TensorSource(name: "short", dtype: .f32, shape: [3]) { sink in
            try [Float(1)].withUnsafeBytes { try sink($0) }
        }
        let path = directory.file("x.safetensors")
        #expect(failure { try SafetensorsWriter.write([short], to: path) }.contains("12"))
        let twice = TensorSource(name: "a", shape: [1], floats: [1])
        #expect(failure { try SafetensorsWriter.write([twice, twice], to: path) }.contains("a"))
        let block = TensorSource(name: "q", dtype: .q8_0, shape: [32]) { _ in }
        #expect(failure { try SafetensorsWriter.write([block], to: path) }.contains("q8_0"))
        #expect(directory.names.isEmpty)
        let missing = "\(directory.path)/no/such/folder"
        #expect(
            failure { try SafetensorsWriter.write([twice], to: missing) }.contains("cannot write"))
    }

    @Test(
        "A damaged header is an error that says what is wrong",
        arguments: [
            ("{", "not valid JSON"),
            ("[]", "an object"),
            (#"{"a":1}"#, "no valid dtype"),
            (#"{"a":{"dtype":"F32","shape":[1]}}"#, "no valid dtype"),
            (#"{"a":{"dtype":"F32","shape":[-1],"data_offsets":[0,4]}}"#, "no valid dtype"),
            (#"{"a":{"dtype":"F32","shape":[1.5],"data_offsets":[0,4]}}"#, "no valid dtype"),
            (#"{"a":{"dtype":"F99","shape":[1],"data_offsets":[0,4]}}"#, "F99"),
            (#"{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,4]}}"#, "takes 8 bytes"),
            (#"{"a":{"dtype":"F32","shape":[1],"data_offsets":[4,0]}}"#, "cut short or damaged"),
            (#"{"a":{"dtype":"F32","shape":[4],"data_offsets":[0,16]}}"#, "cut short or damaged"),
            (
                #"{"a":{"dtype":"F32","shape":[4294967296,4294967296],"data_offsets":[0,0]}}"#,
                "no size"
            ),
            (
                #"{"a":{"dtype":"F32","shape":[9223372036854775807],"data_offsets":[0,4]}}"#,
                "no size"
            ),
            (
                #"{"a":{"dtype":"U8","shape":[4],"data_offsets":[0,4]},"b":{"dtype":"U8","shape":[4],"data_offsets":[3,7]}}"#,
                "overlap"
            ),
            (
                #"{"a":{"dtype":"U8","shape":[4],"data_offsets":[0,4]},"a":{"dtype":"U8","shape":[4],"data_offsets":[4,8]}}"#,
                "two tensors"
            ),
        ])
    func damagedHeader(header: String, expected: String) {
        let message = failure {
            _ = try SafetensorsFile(bytes: Self.file(header, data: 8), name: "broken.safetensors")
        }
        #expect(message.contains("broken.safetensors"))
        #expect(message.contains(expected), "\(message)")
    }

    @Test("A file cut at any byte is an error") func truncated() throws {
        let whole = try bytes(of: fixture("types.safetensors").path)
        for count in 0..<whole.count {
            _ = failure {
                _ = try SafetensorsFile(bytes: Array(whole[..<count]), name: "cut")
            }
        }
    }

    @Test("A file with any byte changed is read or refused, never a crash") func changed() throws {
        let whole = try bytes(of: fixture("types.safetensors").path)
        for position in whole.indices {
            for change: UInt8 in [0x01, 0x80, 0xFF] {
                var copy = whole
                copy[position] ^= change
                guard let file = try? SafetensorsFile(bytes: copy, name: "x") else { continue }
                for name in file.tensorNames { _ = try? file.tensor(name).firstNonFinite() }
            }
        }
    }

    @Test("A header longer than the file is refused before it is read")
    func hugeHeader() {
        for length: UInt64 in [100, 1 << 40, .max] {
            let bytes = withUnsafeBytes(of: length.littleEndian, Array.init) + [0x7B, 0x7D]
            let message = failure { _ = try SafetensorsFile(bytes: bytes, name: "x") }
            #expect(message.contains("\(length)"))
        }
    }
}
