// SPDX-License-Identifier: Apache-2.0

/// The types of GGUF metadata values, numbered as in the file.
public enum GGUFValueType: UInt32, Sendable, CaseIterable {
    case uint8 = 0
    case int8 = 1
    case uint16 = 2
    case int16 = 3
    case uint32 = 4
    case int32 = 5
    case float32 = 6
    case bool = 7
    case string = 8
    case array = 9
    case uint64 = 10
    case int64 = 11
    case float64 = 12

    /// Bytes of a value, nil where they vary.
    var size: Int? {
        switch self {
        case .uint8, .int8, .bool: return 1
        case .uint16, .int16: return 2
        case .uint32, .int32, .float32: return 4
        case .uint64, .int64, .float64: return 8
        case .string, .array: return nil
        }
    }

    /// The fewest bytes that a value can take.
    var minimumSize: Int { size ?? (self == .string ? 8 : 12) }
}

/// A metadata value of a GGUF file.
public enum GGUFValue: Sendable, Equatable {
    case uint8(UInt8)
    case int8(Int8)
    case uint16(UInt16)
    case int16(Int16)
    case uint32(UInt32)
    case int32(Int32)
    case float32(Float)
    case bool(Bool)
    /// The bytes as stored: tokens need not be valid UTF-8.
    case string([UInt8])
    case array(GGUFArray)
    case uint64(UInt64)
    case int64(Int64)
    case float64(Double)

    /// A string value of this text.
    public static func text(_ text: String) -> GGUFValue { .string(Array(text.utf8)) }

    public var type: GGUFValueType {
        switch self {
        case .uint8: return .uint8
        case .int8: return .int8
        case .uint16: return .uint16
        case .int16: return .int16
        case .uint32: return .uint32
        case .int32: return .int32
        case .float32: return .float32
        case .bool: return .bool
        case .string: return .string
        case .array: return .array
        case .uint64: return .uint64
        case .int64: return .int64
        case .float64: return .float64
        }
    }

    /// The value of any integer type, if it fits.
    public var intValue: Int? {
        switch self {
        case .uint8(let value): return Int(value)
        case .int8(let value): return Int(value)
        case .uint16(let value): return Int(value)
        case .int16(let value): return Int(value)
        case .uint32(let value): return Int(value)
        case .int32(let value): return Int(value)
        case .uint64(let value): return Int(exactly: value)
        case .int64(let value): return Int(exactly: value)
        case .float32, .float64, .bool, .string, .array: return nil
        }
    }

    /// The value of any number type.
    public var doubleValue: Double? {
        switch self {
        case .float32(let value): return Double(value)
        case .float64(let value): return value
        default: return intValue.map(Double.init)
        }
    }

    public var boolValue: Bool? {
        if case .bool(let value) = self { return value }
        return nil
    }

    public var bytesValue: [UInt8]? {
        if case .string(let value) = self { return value }
        return nil
    }

    /// The string with U+FFFD for what is not UTF-8.
    public var stringValue: String? { bytesValue.map { String(decoding: $0, as: UTF8.self) } }

    public var arrayValue: GGUFArray? {
        if case .array(let value) = self { return value }
        return nil
    }

    /// The value as it is stored, without its type.
    var encoded: [UInt8] {
        switch self {
        case .uint8(let value): return [value]
        case .int8(let value): return [UInt8(bitPattern: value)]
        case .uint16(let value): return Self.encode(value)
        case .int16(let value): return Self.encode(value)
        case .uint32(let value): return Self.encode(value)
        case .int32(let value): return Self.encode(value)
        case .float32(let value): return Self.encode(value.bitPattern)
        case .bool(let value): return [value ? 1 : 0]
        case .string(let value): return Self.encode(UInt64(value.count)) + value
        case .array(let value):
            return Self.encode(value.elementType.rawValue) + Self.encode(UInt64(value.count))
                + value.encoded
        case .uint64(let value): return Self.encode(value)
        case .int64(let value): return Self.encode(value)
        case .float64(let value): return Self.encode(value.bitPattern)
        }
    }

    static func encode(_ value: some FixedWidthInteger) -> [UInt8] {
        withUnsafeBytes(of: value.littleEndian, Array.init)
    }
}
