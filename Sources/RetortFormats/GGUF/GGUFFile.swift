// SPDX-License-Identifier: Apache-2.0
//
// A GGUF model: one file, or the parts of a split one, which are opened together.

import Foundation
import RetortTensor

/// A GGUF file, mapped. Headers are checked as a whole when it is opened.
public final class GGUFFile: Sendable {
    /// What a tensor lies in and where.
    private struct Location: Sendable {
        let part: Int
        let tensor: Int
    }

    public let path: String
    /// The files: one, or every part of a split model in order.
    public let parts: [String]
    /// 2 or 3.
    public let version: Int
    /// Metadata in the order of the file. Keys are shown as UTF-8; look-ups compare bytes.
    public let metadata: [(key: String, value: GGUFValue)]
    /// Names in the order of the file, as stored.
    public let tensorNames: [String]
    private let files: [MappedFile]
    private let headers: [GGUFHeader]
    private let index: [ByteKey: Location]

    /// Opens a model. Of a split one, `path` is the first part; the others must lie beside it.
    /// - Throws: ``FormatError`` if a part is missing or anything in a header is wrong.
    public convenience init(path: String) throws(FormatError) {
        try self.init(MappedFile(path: path))
    }

    /// Reads a file that lies in memory.
    public convenience init(bytes: [UInt8], name: String) throws(FormatError) {
        try self.init(MappedFile(bytes: bytes, name: name))
    }

    private init(_ first: MappedFile) throws(FormatError) {
        let header = try GGUFParser.parse(first)
        var files = [first]
        var headers = [header]
        for path in try GGUFSplit.siblings(of: first.path, header) {
            let file = try MappedFile(path: path)
            headers.append(try GGUFParser.parse(file))
            files.append(file)
        }
        try GGUFSplit.check(headers, files.map(\.path))
        var index: [ByteKey: Location] = [:]
        var names: [String] = []
        for (part, header) in headers.enumerated() {
            for (position, tensor) in header.tensors.enumerated() {
                let location = Location(part: part, tensor: position)
                guard index.updateValue(location, forKey: tensor.key) == nil else {
                    throw FormatError("\(files[part].path) has a second tensor \(tensor.name)")
                }
                names.append(tensor.name)
            }
        }
        path = first.path
        parts = files.map(\.path)
        version = header.version
        metadata = header.metadata
        tensorNames = names
        self.files = files
        self.headers = headers
        self.index = index
    }

    // MARK: Metadata

    public subscript(key: String) -> GGUFValue? { headers[0][key] }

    /// An integer of any width, nil if the key is absent.
    /// - Throws: ``FormatError`` if it has another type.
    public func integer(_ key: String) throws(FormatError) -> Int? {
        try typed(key, "an integer") { $0.intValue }
    }

    /// A number of any type.
    public func number(_ key: String) throws(FormatError) -> Double? {
        try typed(key, "a number") { $0.doubleValue }
    }

    public func flag(_ key: String) throws(FormatError) -> Bool? {
        try typed(key, "a boolean") { $0.boolValue }
    }

    /// A string with U+FFFD for what is not UTF-8.
    public func string(_ key: String) throws(FormatError) -> String? {
        try typed(key, "a string") { $0.stringValue }
    }

    public func array(_ key: String) throws(FormatError) -> GGUFArray? {
        try typed(key, "an array") { $0.arrayValue }
    }

    private func typed<T>(_ key: String, _ expected: String, _ read: (GGUFValue) -> T?)
        throws(FormatError) -> T?
    {
        guard let value = self[key] else { return nil }
        guard let result = read(value) else {
            throw FormatError(
                "\(path): the metadata \(key) has the type \(value.type); \(expected) was expected")
        }
        return result
    }

    // MARK: Tensors

    public func contains(_ name: String) -> Bool { index[ByteKey(name)] != nil }

    /// What the header says about a tensor, also of a type that cannot be read.
    public func info(_ name: String) -> TensorInfo? {
        entry(name).map { entry, _ in
            TensorInfo(
                name: entry.name, type: entry.type.name, shape: entry.shape,
                byteCount: entry.range.count)
        }
    }

    /// A tensor of a type that can be computed with. Its shape is in Hugging Face's order.
    /// - Throws: ``FormatError`` if there is none of this name or it has another type.
    public func tensor(_ name: String) throws(FormatError) -> StoredTensor {
        try tensor(name, as: name)
    }

    /// The tensor stored as `name`, called `alias`.
    func tensor(_ name: String, as alias: String) throws(FormatError) -> StoredTensor {
        guard let (entry, file) = entry(name) else {
            throw FormatError("\(path) has no tensor \(name)")
        }
        if entry.type == .q5_0, let bytes = file.slice(entry.range) {
            return Q5Blocks.asQ8(bytes, name: alias, shape: entry.shape, path: path)
        }
        guard let dtype = entry.type.dtype else {
            throw FormatError(
                "\(path): tensor \(name) is \(entry.type.name); this version reads \(GGMLType.readable)"
            )
        }
        return StoredTensor(
            name: alias, dtype: dtype, shape: entry.shape, file: file, range: entry.range)
    }

    private func entry(_ name: String) -> (GGUFHeader.Tensor, MappedFile)? {
        index[ByteKey(name)].map {
            (headers[$0.part].tensors[$0.tensor], files[$0.part])
        }
    }
}

/// The parts of a split model: NAME-00001-of-0000N.gguf, numbered from 0 in `split.no`.
enum GGUFSplit {
    private static let maximumParts = 99_999

    /// The paths of the parts after the first.
    static func siblings(of path: String, _ header: GGUFHeader) throws(FormatError) -> [String] {
        let (number, count) = try numbers(header, path)
        guard count > 1 else { return [] }
        guard number == 0 else {
            throw FormatError(
                "\(path) is part \(number + 1) of \(count) of a model; open part 1, the others are found beside it"
            )
        }
        let suffix = "-\(padded(1))-of-\(padded(count)).gguf"
        guard path.utf8.count > suffix.utf8.count, path.hasSuffix(suffix) else {
            throw FormatError(
                "\(path) is part 1 of \(count); the parts must be named NAME\(suffix) and so on")
        }
        let stem = path.dropLast(suffix.count)
        let paths = (2...count).map { "\(stem)-\(padded($0))-of-\(padded(count)).gguf" }
        let missing = paths.filter { !FileManager.default.fileExists(atPath: $0) }
        if let first = missing.first {
            throw FormatError(
                "\(first) is missing: the model has \(count) parts, \(count - missing.count) of them are here"
            )
        }
        return paths
    }

    /// Whether each part is the one its name says and together they have all tensors.
    static func check(_ headers: [GGUFHeader], _ paths: [String]) throws(FormatError) {
        guard headers.count > 1 else { return }
        for (part, header) in headers.enumerated() {
            let (number, count) = try numbers(header, paths[part])
            guard number == part, count == headers.count else {
                throw FormatError(
                    "\(paths[part]) says it is part \(number + 1) of \(count), not \(part + 1) of \(headers.count)"
                )
            }
        }
        let total = headers.reduce(0) { $0 + $1.tensors.count }
        if let expected = headers[0]["split.tensors.count"]?.intValue, expected != total {
            throw FormatError(
                "\(paths[0]): the parts have \(total) tensors together, there should be \(expected)"
            )
        }
    }

    private static func numbers(_ header: GGUFHeader, _ path: String) throws(FormatError)
        -> (number: Int, count: Int)
    {
        guard let countValue = header["split.count"] else { return (0, 1) }
        guard let count = countValue.intValue, count >= 0, count <= maximumParts,
            let number = header["split.no"].map({ $0.intValue }) ?? 0, number >= 0,
            number < max(count, 1)
        else { throw FormatError("\(path) has no valid split.no and split.count") }
        return (number, count)
    }

    private static func padded(_ number: Int) -> String {
        let text = String(number)
        return String(repeating: "0", count: max(0, 5 - text.count)) + text
    }
}
