// SPDX-License-Identifier: Apache-2.0

import Crypto
import RetortJSON

/// Computes the digest that a ``Checksum`` promises, piece by piece.
struct BlobHasher {
    private enum Function {
        case sha256(SHA256)
        case sha1(Insecure.SHA1)
    }

    private var function: Function

    /// - Parameter size: bytes of the whole content; git hashes it before the content.
    init(for checksum: Checksum, size: Int) {
        switch checksum {
        case .sha256: function = .sha256(SHA256())
        case .gitBlob:
            var sha1 = Insecure.SHA1()
            sha1.update(data: Array("blob \(size)\0".utf8))
            function = .sha1(sha1)
        }
    }

    mutating func update(_ bytes: UnsafeRawBufferPointer) {
        switch function {
        case .sha256(var hash):
            hash.update(bufferPointer: bytes)
            function = .sha256(hash)
        case .sha1(var hash):
            hash.update(bufferPointer: bytes)
            function = .sha1(hash)
        }
    }

    /// The digest so far in lower-case hexadecimal.
    var hex: String {
        switch function {
        case .sha256(let hash): return String(hexadecimal: hash.finalize())
        case .sha1(let hash): return String(hexadecimal: hash.finalize())
        }
    }
}
