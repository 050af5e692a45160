// SPDX-License-Identifier: Apache-2.0

import RetortEngine
import TestSupport
import Testing

@Suite struct StopMatcherTests {
    private func run(_ pieces: [String], _ stops: [String]) -> (text: String, found: String?) {
        var matcher = StopMatcher(stops: stops)
        var text = ""
        for piece in pieces { text += matcher.append(piece) }
        text += matcher.finish()
        return (text, matcher.found)
    }

    @Test("text is cut at the first stop string, wherever it is split", arguments: 0...24)
    func everySplit(place: Int) {
        let text = "one twé STOP END and more"
        let characters = Array(text)
        let pieces = [String(characters[..<place]), String(characters[place...])]
        let result = run(pieces, ["END", "STOP"])
        #expect(result.text == "one twé ")
        #expect(result.found == "STOP")
    }

    @Test("what could become a stop string is held back, and comes out if it does not")
    func heldBack() {
        var matcher = StopMatcher(stops: ["\n\nUser:"])
        #expect(matcher.append("Yes.\n") == "Yes.")
        #expect(matcher.append("\nUs") == "")
        #expect(matcher.append("eful") == "\n\nUseful")
        #expect(matcher.append("\n") == "")
        #expect(matcher.finish() == "\n")
        #expect(!matcher.isStopped)
    }

    @Test("a stop string that overlaps itself is found")
    func overlap() {
        #expect(run(["a", "a", "b"], ["aab"]).found == "aab")
        #expect(run(["aaab"], ["aab"]).text == "a")
        #expect(run(["x", "é"], ["é"]).text == "x")
    }

    @Test("no stop strings and empty ones change nothing")
    func none() {
        #expect(run(["a", "b"], []).text == "ab")
        #expect(run(["a", "b"], [""]).text == "ab")
    }
}
