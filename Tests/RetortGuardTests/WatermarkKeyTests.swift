// SPDX-License-Identifier: Apache-2.0

import Foundation
import RetortEngine
import RetortGuard
import TestSupport
import Testing

@Suite("Watermark keys") struct WatermarkKeyTests {
    @Test(
        "a key comes back from its file, which is its owner's alone",
        arguments: WatermarkKey.Scheme.allCases)
    func file(scheme: WatermarkKey.Scheme) throws {
        let folder = try TemporaryFolder()
        let path = folder.path("key.json")
        let key = WatermarkKey.generate(scheme)
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
        let key = WatermarkKey(identifier: "a", scheme: .gumbelDualKey, key: 42)
        #expect(key.derived("key_a") == 37_150_756_557_148_556)
        #expect(key.derived("key_b") == 15_826_636_237_805_488_045)
    }
}
