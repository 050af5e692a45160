// SPDX-License-Identifier: Apache-2.0
//
// Any bytes as an endpoint's answer: the first says whether they are a stream. What could be read must
// read back the same from what is kept of it.

import RetortClient

@_cdecl("LLVMFuzzerTestOneInput")
public func fuzz(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    let bytes = Array(UnsafeBufferPointer(start: start, count: count))
    guard let first = bytes.first else { return 0 }
    let body = Array(bytes.dropFirst())
    let answer =
        first & 1 == 0
        ? try? ChatCompletion(parsing: body) : try? ChatCompletion(parsingStream: body)
    guard let answer else { return 0 }
    guard let again = try? ChatCompletion(parsing: answer.body) else {
        fatalError("what is kept cannot be read")
    }
    if again.choices.map(\.content) != answer.choices.map(\.content) || answer.choices.isEmpty {
        fatalError("what is kept is not what was read")
    }
    return 0
}
