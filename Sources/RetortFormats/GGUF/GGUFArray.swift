// SPDX-License-Identifier: Apache-2.0
//
// An array of metadata. A vocabulary has 150,000 strings: the array keeps where they begin in the
// mapped file and makes nothing until it is asked.

/// An array in GGUF metadata. Keeps the file it lies in mapped.
public struct GGUFArray: Sendable {
    public let elementType: GGUFValueType
    public let count: Int
    /// The elements as stored, one after another, are `range` of `file`.
    let file: MappedFile
    let range: Range<Int>
    /// Strings: where the bytes of each begin in `file`. Others: empty.
    let starts: [Int]
    /// Arrays: the elements. Others: empty.
    let children: [GGUFArray]

    var encoded: [UInt8] { Array(bytes) }

    private var bytes: UnsafeRawBufferPointer {
        file.slice(range) ?? UnsafeRawBufferPointer(start: nil, count: 0)
    }
}

extension GGUFArray {
    /// An array of strings, kept as bytes.
    public init(strings: [[UInt8]]) {
        var bytes: [UInt8] = []
        var starts: [Int] = []
        bytes.reserveCapacity(strings.reduce(0) { $0 + 8 + $1.count })
        starts.reserveCapacity(strings.count)
        for string in strings {
            bytes.append(contentsOf: GGUFValue.encode(UInt64(string.count)))
            starts.append(bytes.count)
            bytes.append(contentsOf: string)
        }
        self.init(.string, count: strings.count, bytes: bytes, starts: starts)
    }

    public init(strings: [String]) { self.init(strings: strings.map { Array($0.utf8) }) }

    public init(int32 values: [Int32]) {
        self.init(.int32, count: values.count, bytes: values.flatMap(GGUFValue.encode))
    }

    public init(uint32 values: [UInt32]) {
        self.init(.uint32, count: values.count, bytes: values.flatMap(GGUFValue.encode))
    }

    public init(float32 values: [Float]) {
        self.init(
            .float32, count: values.count, bytes: values.flatMap { GGUFValue.encode($0.bitPattern) }
        )
    }

    public init(bool values: [Bool]) {
        self.init(.bool, count: values.count, bytes: values.map { $0 ? 1 : 0 })
    }

    /// An array of arrays.
    public init(arrays: [GGUFArray]) {
        self.init(
            .array, count: arrays.count, bytes: arrays.flatMap { GGUFValue.array($0).encoded },
            children: arrays)
    }

    private init(
        _ type: GGUFValueType, count: Int, bytes: [UInt8], starts: [Int] = [],
        children: [GGUFArray] = []
    ) {
        self.init(
            elementType: type, count: count, file: MappedFile(bytes: bytes, name: "an array"),
            range: 0..<bytes.count, starts: starts, children: children)
    }
}

extension GGUFArray {
    /// The element at `index`, nil outside the array.
    public subscript(index: Int) -> GGUFValue? {
        guard index >= 0, index < count else { return nil }
        if let child = children.indices.contains(index) ? children[index] : nil {
            return .array(child)
        }
        if elementType == .string { return string(at: index).map(GGUFValue.string) }
        guard let size = elementType.size else { return nil }
        return GGUFParser.scalar(elementType, in: bytes, at: index * size)
    }

    /// The bytes of the string at `index`; nil outside the array or if the elements are not strings.
    public func string(at index: Int) -> [UInt8]? { withString(at: index) { Array($0) } }

    /// Calls `body` with the bytes of a string without copying them.
    public func withString<Result>(
        at index: Int, _ body: (UnsafeRawBufferPointer) throws -> Result
    ) rethrows -> Result? {
        guard starts.indices.contains(index) else { return nil }
        let start = starts[index]
        // Between two strings lies the length of the second.
        let end = index + 1 < count ? starts[index + 1] - 8 : range.upperBound
        return try file.slice(start..<end).map(body)
    }

    /// All strings as bytes; nil if the elements are not strings.
    public var strings: [[UInt8]]? {
        guard elementType == .string else { return nil }
        return (0..<count).compactMap(string(at:))
    }

    /// All elements as integers; nil if they are not of an integer type or one does not fit.
    public var integers: [Int]? { all { $0.intValue } }

    /// All elements as floats; nil if they are not numbers.
    public var floats: [Float]? { all { $0.doubleValue.map { Float($0) } } }

    private func all<T>(_ read: (GGUFValue) -> T?) -> [T]? {
        guard let size = elementType.size else { return nil }
        let bytes = bytes
        var values: [T] = []
        values.reserveCapacity(count)
        for index in 0..<count {
            guard let value = GGUFParser.scalar(elementType, in: bytes, at: index * size),
                let result = read(value)
            else { return nil }
            values.append(result)
        }
        return values
    }
}

extension GGUFArray: Equatable {
    /// Equal when type, count and bytes are.
    public static func == (a: GGUFArray, b: GGUFArray) -> Bool {
        a.elementType == b.elementType && a.count == b.count && a.bytes.elementsEqual(b.bytes)
    }
}
