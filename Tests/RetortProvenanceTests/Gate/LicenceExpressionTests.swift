// SPDX-License-Identifier: Apache-2.0

import RetortProvenance
import Testing

@Suite("Licence expressions") struct LicenceExpressionTests {
    @Test(
        "AND takes the strictest, OR the mildest, parentheses and WITH as SPDX has them",
        arguments: [
            ("MIT", GateVerdict.allowed), ("MIT AND CC-BY-NC-4.0", .nonCommercial),
            ("MIT OR CC-BY-NC-4.0", .allowed), ("MIT AND (GPL-3.0-only OR Apache-2.0)", .allowed),
            ("(MIT)", .allowed), ("MIT or NOASSERTION and CC0-1.0", .allowed),
            ("MIT AND NOASSERTION", .unknown),
            ("NOASSERTION AND LicenseRef-Proprietary", .forbidden),
            ("CC-BY-NC-4.0 OR NOASSERTION", .nonCommercial),
            ("GPL-2.0-only WITH Classpath-exception-2.0", .conditional), ("GPL-2.0+", .conditional),
            ("DocumentRef-a:LicenseRef-b", .unknown), ("Nonsense-9.9", .unknown),
            ("GPL-1.0-or-later OR Artistic-1.0-Perl", .conditional),
            ("GPL-2.0-or-later OR X11", .allowed),
            ("a licence that reads itself!", .unknown),
        ])
    func lattice(_ text: String, _ expected: GateVerdict) throws {
        #expect(RightsGate(policy: try .bundled()).licence(text).verdict == expected)
    }

    @Test("AND binds before OR")
    func precedence() throws {
        let parsed = try LicenceExpression(parsing: "A OR B AND C")
        #expect(
            parsed
                == .or([
                    .licence("A", orLater: false),
                    .and([.licence("B", orLater: false), .licence("C", orLater: false)]),
                ]))
        #expect(parsed.identifiers == ["A", "B", "C"])
    }

    @Test("an OR asks only for what its choice asks for")
    func choice() throws {
        let gate = RightsGate(policy: try .bundled())
        let finding = gate.licence("GPL-3.0-only OR MIT")
        #expect(finding.obligations.map(\.kind) == [.attribution])
        let both = gate.licence("GPL-3.0-only AND CC-BY-SA-4.0")
        #expect(both.obligations.filter { $0.kind == .shareAlike }.count == 2)
    }

    @Test(
        "what is no expression is an error",
        arguments: [
            "", " ", "(", ")", "MIT AND", "AND MIT", "MIT MIT", "(MIT", "MIT)", "MIT WITH", "+",
            "++",
            "MIT OR OR MIT", "MIT WITH (x)", "M\u{0}T", "MIT; rm", "Ünicode",
            String(repeating: "(", count: 5000), String(repeating: "(", count: 40) + "MIT",
            String(repeating: "MIT AND ", count: 2000) + "MIT",
        ])
    func broken(_ text: String) {
        #expect(throws: ProvenanceError.self) { try LicenceExpression(parsing: text) }
    }
}
