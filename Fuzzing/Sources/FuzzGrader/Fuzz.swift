// SPDX-License-Identifier: Apache-2.0
//
// Any bytes as what a model wrote; the first byte chooses the grader. Nothing traps, a thought put in
// front changes nothing, and no text stays correct when another answer is marked behind it.

import Dispatch
import RetortEvaluation
import RetortJSON

private let graders: [(grader: any Grader, reference: String)] = [
    (NumericGrader(), "33"), (NumericGrader(extraction: .init(.lastNumber, isStrict: true)), "0.5"),
    (ExactGrader(), "x"), (ChoiceGrader(), "B"),
    (CountdownGrader(numbers: [3, 7, 12], target: 33), ""),
    (CountdownGrader(numbers: [1, 2, 4, 8], target: 24), ""), (schema, ""), (pattern, ""),
]

private let schema: any Grader = {
    let schema: JSONValue = [
        "type": "object", "properties": ["a": ["type": "array", "uniqueItems": true]],
        "patternProperties": ["^b": ["$ref": "#"]], "required": ["a"],
    ]
    return (try? SchemaGrader(schema)) ?? ExactGrader()
}()

private let pattern: any Grader = (try? RegexGrader("(a|b)*c")) ?? ExactGrader()

/// Filled by the task that is waited for.
private final class Box: @unchecked Sendable {
    // Safety: written before the semaphore is signalled, read after it was waited for.
    var outcome: Outcome?
}

private func outcome(_ text: String, _ index: Int) -> Outcome? {
    let (grader, reference) = graders[index]
    let problem = Problem(
        id: "p", prompt: .text("?"), answer: reference, difficulty: "", grader: grader)
    let box = Box()
    let done = DispatchSemaphore(value: 0)
    Task.detached {
        box.outcome = try? await grader.grade(answer: text, of: problem).outcome
        done.signal()
    }
    done.wait()
    return box.outcome
}

@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzOneInput(_ bytes: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    let bytes = UnsafeBufferPointer(start: bytes, count: count)
    guard let first = bytes.first else { return 0 }
    let index = Int(first) % graders.count
    let text = String(decoding: bytes.dropFirst(), as: UTF8.self)
    guard let plain = outcome(text, index) else { fatalError("a grader failed") }
    guard outcome("<think>\\boxed{33}</think>" + text, index) == plain else {
        fatalError("a thought counts")
    }
    // Behind the opening of a thought nothing would be an answer.
    if plain == .correct, !text.utf8.contains(UInt8(ascii: "<")),
        !text.utf8.contains(UInt8(ascii: "["))
    {
        guard outcome(text + "\n\\boxed{99999}", index) != .correct else {
            fatalError("two answers, and one is counted")
        }
    }
    return 0
}
