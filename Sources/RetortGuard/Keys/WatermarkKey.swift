// SPDX-License-Identifier: Apache-2.0
//
// A key is a secret: who has it can detect the mark, forge it and take it off. Its file is the owner's alone.

import Foundation
import RetortEngine
import RetortJSON

/// A watermark's key, and how it is used. Printed, it says nothing of its secret.
public struct WatermarkKey: Sendable, Equatable, CustomStringConvertible, CustomReflectable {
    public typealias Scheme = WatermarkScheme

    /// The pseudorandom functions that a key can be made for.
    public enum Function: String, Sendable, CaseIterable {
        case philox = "philox4x32-10-v1"
        case hmac = "hmac-sha256-v1"
        case synthIDText = "synthid-text-v1"
    }

    /// Names the key in requests and logs; says nothing of it.
    public let identifier: String
    public let parameters: WatermarkParameters
    /// Seconds since 1970; of several keys the newest marks.
    public let created: Double

    public var scheme: Scheme { parameters.scheme }

    public init(identifier: String, parameters: WatermarkParameters, created: Double = 0) {
        self.identifier = identifier
        self.parameters = parameters
        self.created = created
    }

    /// The same key for another scheme.
    public func using(_ scheme: Scheme) -> WatermarkKey {
        var parameters = parameters
        parameters.scheme = scheme
        return WatermarkKey(identifier: identifier, parameters: parameters, created: created)
    }

    /// A new key of the system's randomness.
    public static func generate(_ scheme: Scheme, function: Function = .philox) -> WatermarkKey {
        var random = SystemRandomNumberGenerator()
        let name = String(random.next() as UInt32, radix: 16)
        return WatermarkKey(
            identifier: "wm-" + String(repeating: "0", count: 8 - name.count) + name,
            parameters: WatermarkParameters(scheme: scheme, secret: secret(function, &random)),
            created: Date().timeIntervalSince1970.rounded())
    }

    /// - Parameter random: Of the system for a key that is used; a seeded one for controls.
    public static func secret(_ function: Function, _ random: inout some RandomNumberGenerator)
        -> WatermarkSecret
    {
        switch function {
        case .philox: .philox(random.next())
        case .hmac: .hmac((0..<32).map { _ in UInt8.random(in: .min ... .max, using: &random) })
        case .synthIDText: .synthIDText((0..<30).map { _ in Int64(random.next() >> 1) })
        }
    }

    public var description: String { "\(identifier), \(parameters)" }
    public var customMirror: Mirror { Mirror(self, children: ["identifier": identifier]) }

    // MARK: Files

    private static let version: Int64 = 1

    /// Writes a file that only its owner may read.
    /// - Throws: ``GuardError`` if there is one already: what a lost key has marked cannot be detected.
    public func write(to path: String) throws {
        var object = JSONObject()
        object["version"] = .integer(Self.version)
        object["id"] = .string(identifier)
        object["created"] = .double(created)
        object["scheme"] = .string(scheme.rawValue)
        object["prf"] = .string(parameters.secret.name)
        object["context_width"] = .integer(Int64(parameters.contextWidth))
        switch scheme {
        case .gumbel: break
        case .gumbelDualKey: object["second_key_share"] = .double(parameters.secondKeyShare)
        case .greenList:
            object["green_share"] = .double(parameters.greenShare)
            object["green_bias"] = .double(Double(parameters.greenBias))
        case .synthID: object["layers"] = .integer(Int64(parameters.layers))
        }
        switch parameters.secret {
        case .philox(let key): object["key"] = .string(String(key))
        case .hmac(let bytes):
            object["key"] = .string(Data(bytes).base64EncodedString())
        case .synthIDText(let keys): object["keys"] = .array(keys.map { .integer($0) })
        }
        try PrivateFile.write(JSONValue.object(object).text() + "\n", to: path)
    }

    /// Reads a key's file.
    /// - Throws: ``GuardError`` if others may read it, or it is no key of this version.
    public init(path: String) throws(GuardError) {
        let text = try PrivateFile.read(path, what: "key", maker: "retort guard keygen -o")
        guard let json = try? JSONValue(parsing: text) else {
            throw GuardError("\(path) is no watermark key: it is no JSON object")
        }
        guard json["version"]?.intValue == Int(Self.version) else {
            throw GuardError(
                "\(path) is a key of another version than \(Self.version); use the program that made it"
            )
        }
        guard let name = json["prf"]?.stringValue, let function = Function(rawValue: name) else {
            throw GuardError(
                "\(path): the key is not for \(Self.list(Function.allCases.map(\.rawValue)))")
        }
        guard let name = json["scheme"]?.stringValue, let scheme = Scheme(rawValue: name) else {
            throw GuardError(
                "\(path): the scheme is not known; expected \(Self.list(Scheme.allCases.map(\.rawValue)))"
            )
        }
        guard let identifier = json["id"]?.stringValue, !identifier.isEmpty,
            let secret = Self.secret(json, function)
        else { throw GuardError("\(path): 'id' or 'key' is missing or damaged") }
        var parameters = WatermarkParameters(scheme: scheme, secret: secret)
        if let width = json["context_width"] { parameters.contextWidth = width.intValue ?? 0 }
        if let share = json["green_share"] { parameters.greenShare = share.doubleValue ?? 0 }
        if let bias = json["green_bias"] { parameters.greenBias = Float(bias.doubleValue ?? 0) }
        if let share = json["second_key_share"] {
            parameters.secondKeyShare = share.doubleValue ?? -1
        }
        if let layers = json["layers"] { parameters.layers = layers.intValue ?? 0 }
        do {
            try parameters.validate()
        } catch {
            throw GuardError("\(path): \(error)")
        }
        self.init(
            identifier: identifier, parameters: parameters,
            created: json["created"]?.doubleValue ?? 0)
    }

    private static func secret(_ json: JSONValue, _ function: Function) -> WatermarkSecret? {
        switch function {
        case .philox: return json["key"]?.stringValue.flatMap { UInt64($0) }.map { .philox($0) }
        case .hmac:
            return json["key"]?.stringValue.flatMap { Data(base64Encoded: $0) }
                .map { .hmac(Array($0)) }
        case .synthIDText:
            guard let values = json["keys"]?.arrayValue else { return nil }
            let keys = values.compactMap { $0.intValue.map(Int64.init) }
            return keys.count == values.count ? .synthIDText(keys) : nil
        }
    }

    private static func list(_ names: [String]) -> String { names.joined(separator: ", ") }
}
