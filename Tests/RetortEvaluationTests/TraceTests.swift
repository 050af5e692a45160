// SPDX-License-Identifier: Apache-2.0

import RetortEvaluation
import RetortJSON
import RetortTensor
import Testing

@Suite("Traces of arithmetic") struct TraceTests {
    @Test("a product is worked out digit by digit") func example() {
        var random = SplitMix64(seed: 1)
        let trace = ArithmeticTrace(865, times: 560, digits: (3, 3), &random)
        #expect(trace.thought == "0000+00915(00915)+005234(004484)")
        #expect(trace.answer == "484400")
        let short = ArithmeticTrace(12, times: 7, digits: (2, 1), &random)
        #expect(short.thought == "480" && short.answer == "84")
        let small = ArithmeticTrace(10, times: 10, digits: (2, 2), &random)
        #expect(small.thought == "000+0010(0010)" && small.answer == "100")
        let sum = ArithmeticTrace(865, plus: 560, digits: (3, 3), hasSlip: false, &random)
        #expect(sum.thought == "568+065(5241)" && sum.answer == "1425")
        let wrong = ArithmeticTrace(865, plus: 60, digits: (3, 2), hasSlip: true, &random)
        #expect(wrong.thought.hasPrefix("568+06(") && wrong.answer != "925")
        let digits = wrong.thought.dropFirst(7).dropLast().reversed()
        #expect(UInt64(String(digits)) == UInt64(wrong.answer))
    }

    @Test("a slip changes one digit, and what follows is worked out from it") func slip() {
        var random = SplitMix64(seed: 2)
        var wrong = 0
        for slip in 0..<5 {
            for _ in 0..<50 {
                let trace = ArithmeticTrace(
                    417, times: 862, digits: (3, 3), slip: slip, &random)
                let right = ArithmeticTrace(417, times: 862, digits: (3, 3), &random)
                #expect(trace.thought.count == right.thought.count)
                let numbers = trace.thought.split { "+()".contains($0) }
                    .compactMap { UInt64(String($0.reversed())) }
                let exact = right.thought.split { "+()".contains($0) }
                    .compactMap { UInt64(String($0.reversed())) }
                #expect(numbers.count == 5)
                #expect(Array(numbers[..<slip]) == Array(exact[..<slip]))
                #expect(numbers[slip] != exact[slip])
                if slip != 2 { #expect(numbers[0] + numbers[1] == numbers[2]) }
                if slip != 4 { #expect(numbers[2] + numbers[3] == numbers[4]) }
                #expect(trace.answer == String(numbers[4]))
                wrong += trace.answer == right.answer ? 0 : 1
            }
        }
        #expect(wrong == 250)
    }

    @Test("a mix has the shares it was given and nothing that is held out") func mix() throws {
        let json: JSONValue = [
            ["digits": 3, "share": 0.6, "thinking": 0.25, "slips": 0.5],
            ["digits": "2x1", "share": 0.3, "thinking": 1],
            ["task": "addition", "digits": 5, "share": 0.1],
        ]
        let mix = try TraceMix(json)
        func records(_ seed: UInt64) throws -> [JSONValue] {
            var records: [JSONValue] = []
            try mix.forEachRecord(count: 4000, seed: seed) { records.append($0) }
            return records
        }
        let found = try records(7)
        #expect(try records(7) == found)
        #expect(try records(8) != found)
        var (products, thoughts, wrong, sums) = (0, 0, 0, 0)
        for record in found {
            let messages = record["messages"]?.arrayValue ?? []
            let question = messages[0]["content"]?.stringValue ?? ""
            let numbers = question.split { !$0.isNumber }.compactMap { UInt64($0) }
            let answer = UInt64(messages[1]["content"]?.stringValue ?? "")
            let thought = messages[1]["reasoning_content"]?.stringValue
            if question.contains("+") {
                sums += 1
                #expect(answer == numbers[0] + numbers[1] && thought == nil)
                #expect(!ArithmeticTask.isHeldOut(.addition, numbers[0], numbers[1]))
                continue
            }
            #expect(!ArithmeticTask.isHeldOut(.multiplication, numbers[0], numbers[1]))
            let isRight = answer == numbers[0] * numbers[1]
            guard numbers[0] > 99 else {
                #expect(isRight && thought != nil)
                continue
            }
            products += 1
            thoughts += thought == nil ? 0 : 1
            wrong += isRight ? 0 : 1
            #expect(isRight || thought != nil)
        }
        #expect(abs(products - 2400) < 130 && abs(sums - 400) < 80)
        #expect(abs(thoughts - products / 4) < 80 && abs(wrong - products / 8) < 60)
    }

    @Test(
        "a mix that makes no sense is refused",
        arguments: [
            "[]", #"[{"digits": 3, "colour": 1}]"#, #"[{"digits": "x"}]"#,
            #"[{"digits": 3, "share": 0}]"#, #"[{"digits": 3, "thinking": 2}]"#,
            #"[{"task": "addition", "digits": 3, "slips": 2}]"#,
            #"[{"task": "division", "digits": 3}]"#, #"[{"digits": 19}]"#, "[3]",
        ])
    func refused(text: String) throws {
        let json = try JSONValue(parsing: Array(text.utf8))
        #expect(throws: EvaluationError.self) { _ = try TraceMix(json) }
    }
}
