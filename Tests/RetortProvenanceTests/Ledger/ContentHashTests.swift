// SPDX-License-Identifier: Apache-2.0

import Foundation
import RetortProvenance
import TestSupport
import Testing

@Suite("Content addresses") struct ContentHashTests {
    @Test("a file's address is its SHA-256, as sha256sum prints it")
    func file() throws {
        let folder = try TemporaryFolder()
        try Data("abc".utf8).write(to: folder.url.appendingPathComponent("a"))
        let abc = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
        #expect(try ContentFiles(path: folder.path("a")).address.hex == abc)
        #expect(ContentHash("sha256:\(abc.uppercased())")?.hex == abc)
        #expect(ContentHash(of: "abc").hex == abc)
    }
}
