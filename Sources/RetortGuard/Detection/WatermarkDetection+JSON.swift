// SPDX-License-Identifier: Apache-2.0

import Foundation
import RetortEngine
import RetortJSON

extension WatermarkDetection {
    /// All that the key's owner may know.
    /// - Parameter keys: How many were tried on the text.
    public func json(keys: Int = 1) -> JSONObject {
        var object = JSONObject()
        object["key"] = .string(key)
        object["scheme"] = .string(scheme.rawValue)
        object["verdict"] = .string(verdict(keys: keys).rawValue)
        object["p_value"] = .double(pValue.value)
        object["log10_p_value"] = .double(pValue.base10)
        object["log10_p_value_corrected"] = .double(combined.corrected(tries: keys).base10)
        object["tokens"] = .integer(Int64(tokens))
        object["tokens_scored"] = .integer(Int64(tokensScored))
        object["tokens_needed"] = .integer(Int64(tokensNeeded))
        object["mean_score"] = .double(meanScore)
        object["expected_score"] = .double(expected)
        if let window {
            object["window"] = [
                "first_token": .integer(Int64(window.tokens.lowerBound)),
                "last_token": .integer(Int64(window.tokens.upperBound - 1)),
                "tokens_scored": .integer(Int64(window.tokensScored)),
                "log10_p_value": .double(window.pValue.base10),
            ]
        }
        return object
    }
}

extension LogProbability: CustomStringConvertible {
    /// As `3.2e-1234`, also below the least Double.
    public var description: String {
        guard base10 < -4 else { return String(format: "%.4f", value) }
        guard base10.isFinite else { return "0" }
        let exponent = base10.rounded(.down)
        return String(format: "%.1fe%.0f", pow(10, base10 - exponent), exponent)
    }
}
