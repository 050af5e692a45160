// SPDX-License-Identifier: Apache-2.0
//
// Any bytes as what sites say of being mined, the first byte choosing the protocol. Whatever they are, there is a
// verdict with a reason or an error, and the snapshot is of all bytes.

import RetortProvenance

@_cdecl("LLVMFuzzerTestOneInput")
public func fuzz(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    let input = Array(UnsafeBufferPointer(start: start, count: count))
    guard let choice = input.first else { return 0 }
    let bytes = Array(input.dropFirst())
    let text = String(decoding: bytes, as: UTF8.self)
    var evidence: OptOutEvidence?
    switch choice % 6 {
    case 0:
        let file = RobotsFile(bytes)
        let path = "/" + String(text.suffix(20))
        evidence = file.evidence(url: "u", path: path, agents: ["bot", "*"], fetched: 0)
        if evidence?.snapshot != ContentHash(of: bytes) { fatalError("another snapshot") }
    case 1: evidence = UsagePreferences.evidence(header: text, url: "u", fetched: 0)
    case 2:
        evidence = try? TDMReservation(parsing: bytes).evidence(url: "u", path: "/a", fetched: 0)
    case 3:
        evidence = try? RSLDocument(parsing: bytes).evidence(
            url: "u", site: "https://a", path: "/a", fetched: 0)
    case 4: _ = HTMLMeta.contents(of: ["tdm-reservation"], in: bytes)
    default:
        if let expression = try? LicenceExpression(parsing: text), expression.identifiers.isEmpty {
            fatalError("an expression without a licence")
        }
    }
    if let evidence, evidence.reason.isEmpty { fatalError("no reason") }
    return 0
}
