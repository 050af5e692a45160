// SPDX-License-Identifier: Apache-2.0
//
// What the tests of this module share: decoding that does not use the module's own, expected values
// of the reference libraries, folders that go away.

import Foundation
import RetortFormats
import RetortJSON
import RetortTensor
import TestSupport
import Testing

/// A folder for one test, removed with it.
final class TemporaryDirectory {
    let path: String

    init() throws {
        let url = FileManager.default.temporaryDirectory
            .appendingPathComponent("retort-formats-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
        path = url.path
    }

    deinit { try? FileManager.default.removeItem(atPath: path) }

    func file(_ name: String) -> String { "\(path)/\(name)" }

    var names: [String] {
        (try? FileManager.default.contentsOfDirectory(atPath: path))?.sorted() ?? []
    }

    /// Copies a fixture into the folder and returns where it is.
    func copy(_ name: String) throws -> String {
        let target = file(URL(fileURLWithPath: name).lastPathComponent)
        try FileManager.default.copyItem(atPath: fixture(name).path, toPath: target)
        return target
    }

    func write(_ text: String, to name: String) throws {
        try Data(text.utf8).write(to: URL(fileURLWithPath: file(name)))
    }

    func write(_ bytes: [UInt8], to name: String) throws {
        try Data(bytes).write(to: URL(fileURLWithPath: file(name)))
    }
}

func bytes(of path: String) throws -> [UInt8] {
    try [UInt8](Data(contentsOf: URL(fileURLWithPath: path)))
}

func json(_ name: String) throws -> JSONValue {
    try JSONValue(parsing: bytes(of: fixture(name).path))
}

/// The elements, decoded with the standard library alone.
func floats(_ tensor: StoredTensor) -> [Float] {
    let bytes = tensor.bytes
    func half(_ offset: Int) -> UInt16 {
        bytes.loadUnaligned(fromByteOffset: offset, as: UInt16.self)
    }
    switch tensor.dtype {
    case .f32:
        return (0..<bytes.count / 4).map {
            bytes.loadUnaligned(fromByteOffset: 4 * $0, as: Float.self)
        }
    case .f16:
        return (0..<bytes.count / 2).map { Float(Float16(bitPattern: half(2 * $0))) }
    case .bf16:
        return (0..<bytes.count / 2).map { Float(bitPattern: UInt32(half(2 * $0)) << 16) }
    case .f8e4m3:
        return bytes.map { byte in
            let half = Float(Float16(bitPattern: UInt16(byte & 127) << 7)) * 256
            return byte & 127 == 127 ? .nan : byte < 128 ? half : -half
        }
    case .q4_0, .q4_k, .q5_k, .q6_k:
        Issue.record("\(tensor.name): this decoder has no \(tensor.dtype.rawValue)")
        return []
    case .q8_0:
        return (0..<bytes.count / 34).flatMap { block -> [Float] in
            let scale = Float(Float16(bitPattern: half(34 * block)))
            return (0..<32).map { scale * Float(Int8(bitPattern: bytes[34 * block + 2 + $0])) }
        }
    }
}

/// Compares a tensor with what the reference library read from the same file.
func expectMatches(
    _ tensor: StoredTensor, _ expected: JSONValue, location: SourceLocation = #_sourceLocation
) throws {
    let values = floats(tensor).map(Double.init)
    let shape = try #require(expected["shape"]?.arrayValue).compactMap(\.intValue)
    let first = try #require(expected["first"]?.arrayValue).compactMap(\.doubleValue)
    let last = try #require(expected["last"]?.arrayValue).compactMap(\.doubleValue)
    let sum = try #require(expected["weighted_sum"]?.doubleValue)
    #expect(tensor.shape == shape, "\(tensor.name)", sourceLocation: location)
    #expect(Array(values.prefix(4)) == first, "\(tensor.name)", sourceLocation: location)
    #expect(Array(values.suffix(4)) == last, "\(tensor.name)", sourceLocation: location)
    let actual = values.enumerated().reduce(0.0) { $0 + $1.element * Double($1.offset % 7 + 1) }
    #expect(
        abs(actual - sum) <= 1e-9 * max(1, abs(sum)), "\(tensor.name)", sourceLocation: location)
}

/// The message that `body` fails with; the test fails if it succeeds, throws another error or the
/// message is not one line.
func failure(
    location: SourceLocation = #_sourceLocation, _ body: () throws -> Void
) -> String {
    do {
        try body()
        Issue.record("an error was expected", sourceLocation: location)
        return ""
    } catch let error as FormatError {
        #expect(!error.description.contains("\n"), sourceLocation: location)
        return error.description
    } catch {
        Issue.record("a FormatError was expected, not \(error)", sourceLocation: location)
        return ""
    }
}
