// SPDX-License-Identifier: Apache-2.0
//
// Reads the header of one GGUF file (https://github.com/ggml-org/ggml, docs/gguf.md): magic, version,
// counts, metadata, tensor infos. Every count is held against what is left of the file before
// anything is allocated for it.

/// What the header of one file holds.
struct GGUFHeader: Sendable {
    struct Tensor: Sendable {
        let name: String
        let key: ByteKey
        let type: GGMLType
        /// Slowest axis first: the file's dimensions reversed.
        let shape: [Int]
        /// In the file.
        let range: Range<Int>
    }

    var version = 0
    var metadata: [(key: String, value: GGUFValue)] = []
    var index: [ByteKey: Int] = [:]
    var tensors: [Tensor] = []
    var alignment = 32

    subscript(key: String) -> GGUFValue? { index[ByteKey(key)].map { metadata[$0].value } }
}

struct GGUFParser {
    private let file: MappedFile
    private var position = 0
    private var header = GGUFHeader()

    private static let maximumNesting = 8
    static let maximumDimensions = 4
    /// The specification's limits are 65,535 for keys and 64 for names; names are longer in practice.
    private static let maximumNameBytes = 65_535

    static func parse(_ file: MappedFile) throws(FormatError) -> GGUFHeader {
        var parser = GGUFParser(file)
        try parser.run()
        return parser.header
    }

    private init(_ file: MappedFile) { self.file = file }

    static func hasMagic(_ bytes: UnsafeRawBufferPointer) -> Bool {
        bytes.prefix(4).elementsEqual("GGUF".utf8)
    }

    private mutating func run() throws(FormatError) {
        guard Self.hasMagic(file.bytes) else {
            throw error("does not begin with GGUF; it is not a GGUF file")
        }
        position = 4
        try readVersion()
        let tensorCount = try count("tensor", minimumBytes: 24)
        let pairCount = try count("metadata entry", minimumBytes: 13)
        for _ in 0..<pairCount { try readPair() }
        try readAlignment()
        var infos: [(tensor: GGUFHeader.Tensor, offset: Int)] = []
        for _ in 0..<tensorCount { infos.append(try tensorInfo()) }
        try place(infos)
    }

    private mutating func readVersion() throws(FormatError) {
        let version = try integer(UInt32.self, "the version")
        if version.byteSwapped <= 0xFFFF, version > 0xFFFF {
            throw error("is a big-endian GGUF file; convert it to little-endian")
        }
        guard version == 2 || version == 3 else {
            throw error(
                "is GGUF version \(version); versions 2 and 3 are read: convert the model again")
        }
        header.version = Int(version)
    }

    // MARK: Primitives

    private func error(_ text: String) -> FormatError { FormatError("\(file.path) \(text)") }

    private func endsEarly(_ what: String) -> FormatError {
        error("ends within \(what); it is cut short or damaged")
    }

    private var left: Int { file.count - position }

    private mutating func integer<T: FixedWidthInteger & BitwiseCopyable>(
        _ type: T.Type, _ what: @autoclosure () -> String
    ) throws(FormatError) -> T {
        guard left >= MemoryLayout<T>.size else { throw endsEarly(what()) }
        let value = file.bytes.loadUnaligned(fromByteOffset: position, as: T.self)
        position += MemoryLayout<T>.size
        return T(littleEndian: value)
    }

    /// A number of things that take at least `minimumBytes` each.
    private mutating func count(_ what: String, minimumBytes: Int) throws(FormatError) -> Int {
        let count = try integer(UInt64.self, "the \(what) count")
        guard count <= UInt64(left / minimumBytes) else {
            throw error(
                "claims to have the \(what) count \(count), more than fits its \(file.count) bytes; it is cut short or damaged"
            )
        }
        return Int(count)
    }

    /// The range of a string's bytes.
    private mutating func stringRange(_ what: @autoclosure () -> String) throws(FormatError)
        -> Range<Int>
    {
        let length = try integer(UInt64.self, what())
        guard length <= UInt64(left) else { throw endsEarly(what()) }
        let range = position..<position + Int(length)
        position = range.upperBound
        return range
    }

    private mutating func name(_ what: String) throws(FormatError) -> ArraySlice<UInt8> {
        let range = try stringRange(what)
        guard range.count <= Self.maximumNameBytes else {
            throw error(
                "has \(what) of \(range.count) bytes; at most \(Self.maximumNameBytes) are allowed")
        }
        return ArraySlice(file.bytes[range])
    }

    // MARK: Metadata

    private mutating func readPair() throws(FormatError) {
        let bytes = try name("a metadata key")
        let key = String(decoding: bytes, as: UTF8.self)
        let type = try valueType(key)
        let value = try value(type, key)
        guard header.index.updateValue(header.metadata.count, forKey: ByteKey(bytes)) == nil else {
            throw error("has the metadata key \(key) twice")
        }
        header.metadata.append((key, value))
    }

    private mutating func valueType(_ key: String) throws(FormatError) -> GGUFValueType {
        let raw = try integer(UInt32.self, "the type of \(key)")
        guard let type = GGUFValueType(rawValue: raw) else {
            throw error("gives \(key) the value type \(raw); GGUF has the types 0 to 12")
        }
        return type
    }

    private mutating func value(_ type: GGUFValueType, _ key: String) throws(FormatError)
        -> GGUFValue
    {
        switch type {
        case .string: return .string(Array(file.bytes[try stringRange("the value of \(key)")]))
        case .array: return .array(try array(key, depth: 0))
        default:
            let start = position
            guard let size = type.size, left >= size,
                let value = Self.scalar(type, in: file.bytes, at: start)
            else {
                if type == .bool, left >= 1 {
                    throw error(
                        "gives \(key) the truth value \(file.bytes[start]); 0 or 1 expected")
                }
                throw endsEarly("the value of \(key)")
            }
            position += size
            return value
        }
    }

    private mutating func array(_ key: String, depth: Int) throws(FormatError) -> GGUFArray {
        guard depth < Self.maximumNesting else {
            throw error("nests the arrays of \(key) deeper than \(Self.maximumNesting)")
        }
        let type = try valueType(key)
        let count = try count("element (\(key))", minimumBytes: type.minimumSize)
        let start = position
        var starts: [Int] = []
        var children: [GGUFArray] = []
        switch type {
        case .string:
            starts.reserveCapacity(count)
            for _ in 0..<count { starts.append(try stringRange("an element of \(key)").lowerBound) }
        case .array:
            for _ in 0..<count { children.append(try array(key, depth: depth + 1)) }
        default:
            // The count was held against the size of an element.
            position += count * type.minimumSize
        }
        return GGUFArray(
            elementType: type, count: count, file: file, range: start..<position, starts: starts,
            children: children)
    }

    /// A value of fixed size at a byte offset; nil if it is outside the bytes or no truth value.
    static func scalar(_ type: GGUFValueType, in bytes: UnsafeRawBufferPointer, at offset: Int)
        -> GGUFValue?
    {
        guard let size = type.size, offset >= 0, offset <= bytes.count - size else { return nil }
        func load<T: FixedWidthInteger & BitwiseCopyable>(_: T.Type) -> T {
            T(littleEndian: bytes.loadUnaligned(fromByteOffset: offset, as: T.self))
        }
        switch type {
        case .uint8: return .uint8(load(UInt8.self))
        case .int8: return .int8(load(Int8.self))
        case .uint16: return .uint16(load(UInt16.self))
        case .int16: return .int16(load(Int16.self))
        case .uint32: return .uint32(load(UInt32.self))
        case .int32: return .int32(load(Int32.self))
        case .float32: return .float32(Float(bitPattern: load(UInt32.self)))
        case .bool:
            let value = load(UInt8.self)
            return value <= 1 ? .bool(value == 1) : nil
        case .uint64: return .uint64(load(UInt64.self))
        case .int64: return .int64(load(Int64.self))
        case .float64: return .float64(Double(bitPattern: load(UInt64.self)))
        case .string, .array: return nil
        }
    }

    // MARK: Tensors

    private mutating func readAlignment() throws(FormatError) {
        guard let value = header["general.alignment"] else { return }
        guard let alignment = value.intValue, alignment >= 8, alignment <= 1 << 20,
            alignment & (alignment - 1) == 0
        else {
            throw error("has a general.alignment that is not a power of two from 8 to 1048576")
        }
        header.alignment = alignment
    }

    /// A tensor's description; its range is relative to the data until it is placed.
    private mutating func tensorInfo() throws(FormatError) -> (GGUFHeader.Tensor, Int) {
        let bytes = try name("a tensor name")
        let name = String(decoding: bytes, as: UTF8.self)
        let dimensions = try integer(UInt32.self, "the description of tensor \(name)")
        guard dimensions <= Self.maximumDimensions else {
            throw error(
                "gives tensor \(name) \(dimensions) dimensions; at most \(Self.maximumDimensions) are allowed"
            )
        }
        var sizes: [UInt64] = []
        for _ in 0..<dimensions {
            sizes.append(try integer(UInt64.self, "the description of tensor \(name)"))
        }
        let rawType = try integer(UInt32.self, "the description of tensor \(name)")
        guard let type = GGMLType(rawValue: rawType) else {
            throw error(
                "stores tensor \(name) as ggml type \(rawType), which this version does not know")
        }
        let offset = try integer(UInt64.self, "the description of tensor \(name)")
        let shape = sizes.reversed().map { Int(exactly: $0) ?? -1 }
        guard let elements = Checked.product(shape) else {
            throw error(
                "gives tensor \(name) the dimensions \(sizes), which is no size in memory")
        }
        let block = type.block
        guard (shape.last ?? 1) % block.elements == 0, elements % block.elements == 0 else {
            throw error(
                "stores tensor \(name) as \(type.name) with rows of \(shape.last ?? 1), not a multiple of \(block.elements)"
            )
        }
        let (size, overflow) = (elements / block.elements).multipliedReportingOverflow(
            by: block.bytes)
        guard !overflow, let offset = Int(exactly: offset) else {
            throw error("gives tensor \(name) the dimensions \(sizes), which is no size in memory")
        }
        guard offset % header.alignment == 0 else {
            throw error(
                "puts tensor \(name) at \(offset), not a multiple of its alignment \(header.alignment)"
            )
        }
        let tensor = GGUFHeader.Tensor(
            name: name, key: ByteKey(bytes), type: type, shape: shape, range: 0..<size)
        return (tensor, offset)
    }

    /// Turns offsets into ranges of the file and checks that these are inside it and apart.
    private mutating func place(_ infos: [(tensor: GGUFHeader.Tensor, offset: Int)])
        throws(FormatError)
    {
        let dataStart = (position + header.alignment - 1) / header.alignment * header.alignment
        for (tensor, offset) in infos {
            // A file without data may end before the first aligned offset.
            let available = max(file.count - dataStart, 0)
            guard offset <= available, tensor.range.count <= available - offset else {
                throw error(
                    "puts tensor \(tensor.name) at \(offset) with \(tensor.range.count) bytes, but has \(available) bytes of data; it is cut short or damaged"
                )
            }
            let start = tensor.range.isEmpty ? 0 : dataStart + offset
            header.tensors.append(
                .init(
                    name: tensor.name, key: tensor.key, type: tensor.type, shape: tensor.shape,
                    range: start..<start + tensor.range.count))
        }
        if let (first, second) = Checked.overlap(header.tensors.map(\.range)) {
            throw error(
                "puts the tensors \(header.tensors[first].name) and \(header.tensors[second].name) at overlapping places; it is damaged"
            )
        }
    }
}
