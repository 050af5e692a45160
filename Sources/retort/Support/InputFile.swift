// SPDX-License-Identifier: Apache-2.0

import Foundation

/// Text and bytes that a user hands over; `-` is stdin.
enum InputFile {
    static func bytes(path: String) throws -> [UInt8] {
        do {
            if path == "-" {
                return [UInt8](try FileHandle.standardInput.readToEnd() ?? Data())
            }
            return [UInt8](try Data(contentsOf: URL(fileURLWithPath: path)))
        } catch {
            throw CommandError("cannot read \(path == "-" ? "stdin" : path): \(reason(error))")
        }
    }

    /// - Throws: ``CommandError`` with the offset of the first byte that is not UTF-8.
    static func text(path: String) throws -> String {
        let bytes = try bytes(path: path)
        guard let text = String(validating: bytes, as: UTF8.self) else {
            let name = path == "-" ? "stdin" : path
            throw CommandError(
                "\(name) is not valid UTF-8 (byte \(firstInvalidByte(bytes))); convert it first, for example with iconv"
            )
        }
        return text
    }

    static func reason(_ error: any Error) -> String {
        let underlying = (error as NSError).userInfo[NSUnderlyingErrorKey] as? NSError
        if let code = underlying?.code { return String(cString: strerror(Int32(code))) }
        return error.localizedDescription
    }

    /// The length of the longest valid beginning.
    private static func firstInvalidByte(_ bytes: [UInt8]) -> Int {
        var decoder = UTF8()
        var iterator = bytes.makeIterator()
        var offset = 0
        while true {
            switch decoder.decode(&iterator) {
            case .scalarValue(let scalar): offset += UTF8.width(scalar)
            case .emptyInput, .error: return offset
            }
        }
    }
}
