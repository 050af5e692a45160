// SPDX-License-Identifier: Apache-2.0

import Foundation
import RetortEngine
import RetortGuard
import TestSupport
import Testing

@Suite("Watermark keys") struct WatermarkKeyTests {
    @Test(
        "a key comes back from its file, which is its owner's alone",
        arguments: WatermarkKey.Scheme.allCases, WatermarkKey.Function.allCases)
    func file(scheme: WatermarkKey.Scheme, function: WatermarkKey.Function) throws {
        guard function != .synthIDText || scheme == .synthID else { return }
        let folder = try TemporaryFolder()
        let path = folder.path("key.json")
        var key = WatermarkKey.generate(scheme, function: function)
        var parameters = key.parameters
        parameters.contextWidth = 3
        parameters.greenShare = 0.375
        parameters.greenBias = 1.25
        parameters.secondKeyShare = 0.25
        try parameters.validate()
        // What the scheme does not use is not kept.
        if scheme != .greenList {
            parameters.greenShare = key.parameters.greenShare
            parameters.greenBias = key.parameters.greenBias
        }
        if scheme != .gumbelDualKey {
            parameters.secondKeyShare = key.parameters.secondKeyShare
        }
        key = WatermarkKey(identifier: key.identifier, parameters: parameters)
        try key.write(to: path)
        let mode = try FileManager.default.attributesOfItem(atPath: path)[.posixPermissions]
        #expect((mode as? NSNumber)?.intValue == 0o600)
        #expect(try WatermarkKey(path: path) == key)
        // It is never overwritten.
        #expect(throws: GuardError.self) { try WatermarkKey.generate(scheme).write(to: path) }
        #expect(try WatermarkKey(path: path) == key)
    }

    @Test("a key that others may read is refused", arguments: [0o644, 0o640, 0o604, 0o660])
    func permissions(mode: Int) throws {
        let folder = try TemporaryFolder()
        let path = folder.path("key.json")
        try WatermarkKey.generate(.gumbel).write(to: path)
        try FileManager.default.setAttributes([.posixPermissions: mode], ofItemAtPath: path)
        let error = #expect(throws: GuardError.self) { try WatermarkKey(path: path) }
        #expect(error?.description.contains("chmod 600") == true)
    }

    @Test(
        "what is no key is refused, and its text not repeated",
        arguments: [
            "", "secret", "[]", #"{"version": 2}"#,
            #"{"version": 1, "id": "a", "scheme": "gumbel", "prf": "secret", "key": "1"}"#,
            #"{"version": 1, "id": "a", "scheme": "secret", "prf": "philox4x32-10-v1", "key": "1"}"#,
            #"{"version": 1, "id": "a", "scheme": "gumbel", "prf": "philox4x32-10-v1", "key": "secret"}"#,
            #"{"version": 1, "id": "a", "scheme": "gumbel", "prf": "philox4x32-10-v1", "key": "18446744073709551616"}"#,
            #"{"version": 1, "id": "", "scheme": "gumbel", "prf": "philox4x32-10-v1", "key": "1"}"#,
            #"{"version": 1, "id": "a", "scheme": "gumbel", "prf": "hmac-sha256-v1", "key": "c2VjcmV0"}"#,
            #"{"version": 1, "id": "a", "scheme": "gumbel", "prf": "synthid-text-v1", "keys": [1, 2]}"#,
            #"{"version": 1, "id": "a", "scheme": "synthid", "prf": "synthid-text-v1", "keys": ["secret"]}"#,
            #"{"version": 1, "id": "a", "scheme": "synthid", "prf": "synthid-text-v1", "keys": []}"#,
            #"{"version": 1, "id": "a", "scheme": "gumbel", "prf": "philox4x32-10-v1", "key": "1", "context_width": 0}"#,
            #"{"version": 1, "id": "a", "scheme": "gumbel", "prf": "philox4x32-10-v1", "key": "1", "context_width": "secret"}"#,
            #"{"version": 1, "id": "a", "scheme": "green_list", "prf": "philox4x32-10-v1", "key": "1", "green_share": 2}"#,
        ])
    func damaged(text: String) throws {
        let folder = try TemporaryFolder()
        let path = folder.path("key.json")
        let isMade = FileManager.default.createFile(
            atPath: path, contents: Data(text.utf8), attributes: [.posixPermissions: 0o600])
        #expect(isMade)
        let error = #expect(throws: GuardError.self) { try WatermarkKey(path: path) }
        #expect(error?.description.contains("secret") == false)
    }

    @Test("derived keys are those of other systems")
    func derived() {
        #expect(WatermarkParameters.derived(42, "key_a") == 37_150_756_557_148_556)
        #expect(WatermarkParameters.derived(42, "key_b") == 15_826_636_237_805_488_045)
        let functions = WatermarkParameters(scheme: .gumbelDualKey, secret: .philox(42)).functions
        #expect(
            functions == [
                WatermarkPRF(key: 37_150_756_557_148_556),
                WatermarkPRF(key: 15_826_636_237_805_488_045),
            ])
    }
}
