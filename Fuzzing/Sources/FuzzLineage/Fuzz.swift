// SPDX-License-Identifier: Apache-2.0
//
// Any bytes as a model's lineage, a policy or a recipe. A lineage that was read must read back the same, and
// gate and documents must take it.

import RetortJSON
import RetortProvenance

@_cdecl("LLVMFuzzerTestOneInput")
public func fuzz(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    let bytes = UnsafeBufferPointer(start: start, count: count)
    _ = try? RightsPolicy(parsing: bytes)
    guard let json = try? JSONValue(parsing: bytes) else { return 0 }
    _ = RecipeSubjects(json)
    _ = try? ModelFacts(json)
    guard let lineage = try? Lineage(json) else { return 0 }
    guard let again = try? Lineage(lineage.json), again.root == lineage.root,
        again.artefacts.count == lineage.artefacts.count
    else { fatalError("a lineage is not what was written") }
    guard let policy = try? RightsPolicy.bundled() else { fatalError("no policy") }
    let facts = ModelFacts(
        name: "m", version: "1", licence: "MIT", provider: "p",
        released: lineage.artefacts[0].created)
    let model = ModelLineage(lineage, facts: facts, gate: RightsGate(policy: policy))
    for format in DocumentFormat.allCases where model.document(format).isEmpty {
        fatalError("an empty document")
    }
    return 0
}
