// SPDX-License-Identifier: Apache-2.0

import Crypto
import Foundation

/// How a token is chosen by a watermark's key.
public enum WatermarkScheme: String, Sendable, CaseIterable {
    /// The largest of u^(1/p) (Aaronson 2022): the distribution of each token stays as it is.
    case gumbel
    /// Two derived keys, so that the same context need not give the same token.
    case gumbelDualKey = "gumbel_dual_key"
    /// A share of the vocabulary gets larger logits (Kirchenbauer et al. 2023); works at temperature 0.
    case greenList = "green_list"
    /// A tournament (Dathathri et al., Nature 634, 2024).
    case synthID = "synthid"

    /// Whether a text that always takes the most likely token is marked.
    public var marksGreedy: Bool { self == .greenList }
}

/// What a watermark's words are drawn with.
public enum WatermarkSecret: Sendable, Equatable {
    /// `philox4x32-10-v1`.
    case philox(UInt64)
    /// `hmac-sha256-v1`: 32 bytes.
    case hmac([UInt8])
    /// `synthid-text-v1`, for ``WatermarkScheme/synthID`` alone: a key for each layer.
    case synthIDText([Int64])

    /// The pseudorandom function's name.
    public var name: String {
        switch self {
        case .philox: WatermarkPRF.name
        case .hmac: WatermarkPRF.hmacName
        case .synthIDText: "synthid-text-v1"
        }
    }
}

/// How answers are marked. Printed, it says nothing of its secret.
public struct WatermarkParameters: Sendable, Equatable, CustomStringConvertible, CustomReflectable {
    public var scheme: WatermarkScheme
    public var secret: WatermarkSecret
    /// So many tokens before a candidate choose its word. Fewer survive edits better, more repeat less.
    public var contextWidth = 4
    /// Of the vocabulary, for green lists.
    public var greenShare = 0.25
    /// Added to the logits of green tokens.
    public var greenBias: Float = 2
    /// How often the second of two keys is used.
    public var secondKeyShare = 0.1
    /// Of the tournament; one for each key where there are several.
    public var layers = 30

    public static let widths = 1...16
    public static let mostLayers = 32

    public init(scheme: WatermarkScheme, secret: WatermarkSecret) {
        self.scheme = scheme
        self.secret = secret
        if case .synthIDText(let keys) = secret { layers = keys.count }
    }

    public var description: String { "\(scheme.rawValue) by \(secret.name)" }
    public var customMirror: Mirror { Mirror(self, children: ["scheme": scheme]) }

    /// - Throws: ``EngineError`` that names the first value out of its range.
    public func validate() throws(EngineError) {
        func check(_ holds: Bool, _ text: String) throws(EngineError) {
            guard holds else { throw EngineError("a watermark's \(text)") }
        }
        try check(
            Self.widths.contains(contextWidth),
            "context is \(contextWidth) tokens; it must be 1 to \(Self.widths.upperBound)")
        try check(
            greenShare >= 0.001 && greenShare <= 0.999,
            "share of green tokens is \(greenShare); it must lie between 0.001 and 0.999")
        try check(
            greenBias > 0 && greenBias <= 100,
            "bias is \(greenBias); it must lie between 0 and 100")
        try check(
            secondKeyShare >= 0 && secondKeyShare <= 0.5,
            "share of the second key is \(secondKeyShare); it must lie between 0 and 0.5")
        try check(
            (1...Self.mostLayers).contains(layers),
            "layers are \(layers); they must be 1 to \(Self.mostLayers)")
        switch secret {
        case .philox: break
        case .hmac(let bytes):
            try check(bytes.count == 32, "key has \(bytes.count) bytes; it must have 32")
        case .synthIDText(let keys):
            try check(scheme == .synthID, "keys of synthid-text-v1 are for synthid alone")
            try check(
                keys.count == layers, "layers are \(layers), its keys \(keys.count); one each")
        }
    }

    /// An independent key: the first 8 bytes of SHA-256 of a label and the key, big-endian, as vLLM derives the
    /// two of `gumbel_dual_key` from the labels `key_a` and `key_b`.
    public static func derived(_ key: UInt64, _ label: String) -> UInt64 {
        var hash = SHA256()
        hash.update(data: Data(label.utf8))
        withUnsafeBytes(of: key.bigEndian) { hash.update(bufferPointer: $0) }
        return hash.finalize().prefix(8).reduce(0) { $0 << 8 | UInt64($1) }
    }

    /// The functions that words are drawn with: two for a dual key, one else, none for `synthid-text-v1`.
    public var functions: [WatermarkPRF] {
        switch (secret, scheme) {
        case (.philox(let key), .gumbelDualKey):
            ["key_a", "key_b"].map { WatermarkPRF(key: Self.derived(key, $0)) }
        case (.philox(let key), _): [WatermarkPRF(key: key)]
        case (.hmac(let secret), .gumbelDualKey):
            [1, 2].map { WatermarkPRF(hmac: secret, stream: $0) }
        case (.hmac(let secret), _): [WatermarkPRF(hmac: secret)]
        case (.synthIDText, _): []
        }
    }

    /// Words below it, of 31 bits, are green.
    public var greenLimit: UInt32 { UInt32(greenShare * Double(Int32.max)) }

    @inline(__always)
    public static func isGreen(_ word: UInt32, limit: UInt32) -> Bool { word & 0x7FFF_FFFF < limit }
}
