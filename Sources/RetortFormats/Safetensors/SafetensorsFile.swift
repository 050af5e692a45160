// SPDX-License-Identifier: Apache-2.0
//
// One safetensors file: the length of a JSON header (u64), the header, the tensors' bytes.
// https://huggingface.co/docs/safetensors

import RetortJSON
import RetortTensor

/// A safetensors file, mapped. The header is checked as a whole when it is opened.
public final class SafetensorsFile: Sendable {
    struct Entry: Sendable {
        let name: String
        let type: SafetensorsDType
        let shape: [Int]
        /// In the file.
        let range: Range<Int>
    }

    public let path: String
    /// `__metadata__`, in the order of the file.
    public let metadata: [(key: String, value: String)]
    let entries: [Entry]
    let file: MappedFile
    private let index: [ByteKey: Int]

    /// The reference implementation's limit.
    private static let maximumHeaderBytes = 100_000_000

    /// - Throws: ``FormatError`` if the file cannot be opened or any part of its header is wrong.
    public convenience init(path: String) throws(FormatError) {
        try self.init(MappedFile(path: path))
    }

    /// Reads a file that lies in memory.
    public convenience init(bytes: [UInt8], name: String) throws(FormatError) {
        try self.init(MappedFile(bytes: bytes, name: name))
    }

    /// Reads a file that is mapped already.
    package init(_ file: MappedFile) throws(FormatError) {
        self.file = file
        path = file.path
        let header = try Self.header(of: file)
        var reader = HeaderReader(path: file.path, dataStart: header.end, fileSize: file.count)
        for member in header.object.members { try reader.add(member) }
        if let (first, second) = Checked.overlap(reader.entries.map(\.range)) {
            throw FormatError(
                "\(file.path): the tensors \(reader.entries[first].name) and \(reader.entries[second].name) overlap; the file is damaged"
            )
        }
        metadata = reader.metadata
        entries = reader.entries
        index = reader.index
    }

    private static func header(of file: MappedFile) throws(FormatError)
        -> (object: JSONObject, end: Int)
    {
        guard file.count >= 8 else {
            throw FormatError(
                "\(file.path) has \(file.count) bytes, too few for a safetensors file; was its download interrupted?"
            )
        }
        let length = UInt64(littleEndian: file.bytes.loadUnaligned(as: UInt64.self))
        guard let count = Int(exactly: length), count <= maximumHeaderBytes,
            let text = file.slice(8..<8 + count)
        else {
            throw FormatError(
                "\(file.path): the header should take \(length) bytes, the file has \(file.count); it is cut short or not a safetensors file"
            )
        }
        do throws(JSONError) {
            let document = try JSONValue(parsing: text)
            guard let object = document.objectValue else {
                throw JSONError("found \(document.kind) instead of an object", at: 0)
            }
            return (object, 8 + count)
        } catch {
            throw FormatError("\(file.path): the header is \(error)")
        }
    }

    /// The tensors' names in the order of the header.
    public var tensorNames: [String] { entries.map(\.name) }

    public func contains(_ name: String) -> Bool { index[ByteKey(name)] != nil }

    /// What the header says about a tensor, also of a type that cannot be read.
    public func info(_ name: String) -> TensorInfo? {
        index[ByteKey(name)].map { position in
            let entry = entries[position]
            return TensorInfo(
                name: entry.name, type: entry.type.rawValue.lowercased(), shape: entry.shape,
                byteCount: entry.range.count)
        }
    }

    func entry(_ name: String) throws(FormatError) -> Entry {
        guard let position = index[ByteKey(name)] else {
            throw FormatError("\(path) has no tensor \(name)")
        }
        return entries[position]
    }

    /// A tensor of type F32, F16, BF16 or F8_E4M3.
    /// - Throws: ``FormatError`` if there is none of this name or it has another type.
    public func tensor(_ name: String) throws(FormatError) -> StoredTensor {
        let entry = try entry(name)
        guard let dtype = entry.type.dtype else {
            throw FormatError(
                "\(path): tensor \(name) is \(entry.type.rawValue); this version reads F32, F16, BF16 and F8_E4M3"
            )
        }
        return StoredTensor(
            name: name, dtype: dtype, shape: entry.shape, file: file, range: entry.range)
    }
}

/// Collects and checks the members of a header.
private struct HeaderReader {
    let path: String
    let dataStart: Int
    let fileSize: Int
    var metadata: [(key: String, value: String)] = []
    var entries: [SafetensorsFile.Entry] = []
    var index: [ByteKey: Int] = [:]

    init(path: String, dataStart: Int, fileSize: Int) {
        self.path = path
        self.dataStart = dataStart
        self.fileSize = fileSize
    }

    mutating func add(_ member: JSONObject.Member) throws(FormatError) {
        if member.key == "__metadata__" {
            for item in member.value.objectValue?.members ?? [] {
                if let value = item.value.stringValue { metadata.append((item.key, value)) }
            }
            return
        }
        let entry = try entry(member.key, member.value)
        guard index.updateValue(entries.count, forKey: ByteKey(member.key)) == nil else {
            throw FormatError("\(path) has two tensors called \(member.key)")
        }
        entries.append(entry)
    }

    private func entry(_ name: String, _ value: JSONValue) throws(FormatError)
        -> SafetensorsFile.Entry
    {
        guard let typeName = value["dtype"]?.stringValue,
            let shape = integers(value["shape"]),
            let offsets = integers(value["data_offsets"]), offsets.count == 2
        else {
            throw FormatError(
                "\(path): the header gives tensor \(name) no valid dtype, shape and data_offsets")
        }
        guard let type = SafetensorsDType(rawValue: typeName) else {
            let known = SafetensorsDType.allCases.map(\.rawValue).joined(separator: ", ")
            throw FormatError(
                "\(path): tensor \(name) has the dtype '\(typeName)'; safetensors knows \(known)")
        }
        guard let bits = Checked.product(shape + [type.bits]), bits % 8 == 0 else {
            throw FormatError(
                "\(path): tensor \(name) has the shape \(shape), which is no size in memory")
        }
        guard offsets[0] <= offsets[1], offsets[1] <= fileSize - dataStart else {
            throw FormatError(
                "\(path): tensor \(name) should lie at \(offsets[0])..<\(offsets[1]) of \(fileSize - dataStart) bytes; the file is cut short or damaged"
            )
        }
        guard offsets[1] - offsets[0] == bits / 8 else {
            throw FormatError(
                "\(path): tensor \(name) of shape \(shape) and dtype \(typeName) takes \(bits / 8) bytes, its data_offsets span \(offsets[1] - offsets[0])"
            )
        }
        return .init(
            name: name, type: type, shape: shape,
            range: dataStart + offsets[0]..<dataStart + offsets[1])
    }

    /// An array of integers that are not negative.
    private func integers(_ value: JSONValue?) -> [Int]? {
        guard let elements = value?.arrayValue else { return nil }
        let integers = elements.compactMap(\.intValue)
        guard integers.count == elements.count, integers.allSatisfy({ $0 >= 0 }) else { return nil }
        return integers
    }
}
