// SPDX-License-Identifier: Apache-2.0
//
// A template comes from whoever made the model file: it must end, and must not take the process
// with it. All of this runs on a stack of 512 KiB, the least that any platform gives a thread.

import Foundation
import RetortJSON
import RetortTemplates
import Synchronization
import Testing

/// Runs `body` on a small stack.
private func onSmallStack<T: Sendable>(_ body: @escaping @Sendable () -> T) -> T? {
    let result = Mutex<T?>(nil)
    let done = DispatchSemaphore(value: 0)
    let thread = Thread {
        let value = body()
        result.withLock { $0 = value }
        done.signal()
    }
    thread.stackSize = 512 << 10
    thread.start()
    done.wait()
    return result.withLock { $0 }
}

@Suite struct LimitTests {
    private func kind(_ source: String, _ context: JSONObject = JSONObject()) -> TemplateError.Kind?
    {
        onSmallStack { () -> TemplateError.Kind? in
            do throws(TemplateError) {
                _ = try ChatTemplate(source).render(context)
                return nil
            } catch {
                return error.kind
            }
        } ?? nil
    }

    @Test(
        "templates without end stop with an error",
        arguments: [
            "{% for a in range(100000) %}{% for b in range(100000) %}{% endfor %}{% endfor %}",
            "{% macro m() %}{{ m() }}{% endmacro %}{{ m() }}",
            "{% macro m(x) %}{% if x %}{% for i in [1] %}{{ [m(x)] }}{% endfor %}{% endif %}{% endmacro %}{{ m(1) }}",
            "{% macro m() %}{% call m() %}{{ caller() }}{% endcall %}{% endmacro %}{{ m() }}",
            "{% for n in [1] recursive %}{{ loop([1]) }}{% endfor %}",
            "{% set ns = namespace(x='ab') %}{% for i in range(100) %}{% set ns.x = ns.x ~ ns.x %}{% endfor %}",
            "{% set ns = namespace(x=[1]) %}{% for i in range(100) %}{% set ns.x = ns.x + ns.x %}{% endfor %}",
            "{% set ns = namespace(x=[1]) %}{% for i in range(100) %}{% set ns.x = [ns.x, ns.x] %}{% endfor %}{{ ns.x }}",
            "{% set ns = namespace(x=1) %}{% for i in range(90000) %}{% set ns.x = [ns.x] %}{% endfor %}",
            "{% set ns = namespace(x=[1]) %}{% for i in range(90000) %}{% set ns.x = ns.x | map('string') %}{% endfor %}",
            "{% set ns = namespace(x=1) %}{% for i in range(90000) %}{% set ns.x = {'a': ns.x}.get %}{% endfor %}",
            "{% set ns = namespace() %}{% set ns.x = ns %}{{ ns }}",
            "{{ 'a' * 1000000000000 }}", "{{ [0] * 1000000000 }}", "{{ 'a'.ljust(10000000000) }}",
            "{{ '%1000000000000d' % 1 }}", "{{ '{:1000000000000}'.format(1) }}",
            "{{ 'a'.replace('', 'b' * 60000000) }}",
            "{{ 'a\\n\\nb' | indent(60000000, true, true) }}",
            "{% for i in range(100000) %}{{ 'a' * 1000 }}{% endfor %}",
            "{{ [1] | batch(10000000, 'x') | list }}", "{{ [1] | slice(10000000) | list }}",
        ])
    func endless(source: String) {
        #expect(kind(source) == .limit)
    }

    /// `before`, then `open` many times, `middle`, `close` as many times, `after`.
    struct Pattern: Sendable, CustomTestStringConvertible {
        var before = ""
        var open: String
        var middle = ""
        var close = ""
        var after = ""
        var count = 50_000

        var source: String {
            before + String(repeating: open, count: count) + middle
                + String(repeating: close, count: count) + after
        }
        var testDescription: String { "\(count) x \(before)\(open)\(middle)\(close)\(after)" }
    }

    private static func expression(
        _ open: String, _ middle: String = "", _ close: String = "", count: Int = 50_000
    ) -> Pattern {
        Pattern(
            before: "{{ ", open: open, middle: middle, close: close, after: " }}", count: count)
    }

    @Test(
        "deep nesting is an error, not an overflow",
        arguments: [
            expression("(", "1", ")"), expression("[", "", "]"), expression("{1:", "1", "}"),
            expression("-", "1"), expression("a(", "", ")"), expression("a[", "", "]"),
            expression("1 if ", "1"), expression("1 if 1 else ", "1"),
            Pattern(before: "{{ 1", open: " if 1", after: " }}"),
            Pattern(open: "{% if 1 %}", close: "{% endif %}"),
            Pattern(open: "{% for x in y %}", close: "{% endfor %}"),
            Pattern(open: "{% macro m() %}"), Pattern(open: "{% filter upper %}"),
            Pattern(before: "{% set ", open: "(", middle: "a", close: ")", after: " = 1 %}"),
        ])
    func deep(pattern: Pattern) {
        let kind = kind(pattern.source)
        #expect(kind == .limit || kind == .syntax)
    }

    @Test(
        "long flat templates render",
        arguments: [
            expression("1 + ", "1", count: 20_000), expression("'a' ~ ", "'a'", count: 20_000),
            expression("0 or ", "1", count: 20_000), expression("not ", "1", count: 20_000),
            expression("1 == ", "1", count: 20_000),
            Pattern(before: "{{ 'a'", open: "|upper", after: " }}", count: 20_000),
            Pattern(before: "{{ 'a'", open: ".upper()", after: " }}", count: 20_000),
            Pattern(open: "{{ 1 }}"),
            Pattern(before: "{% if 0 %}", open: "{% elif 0 %}", after: "{% endif %}"),
            expression("(", "1", ")", count: 60),
            Pattern(open: "{% if 1 %}", middle: "x", close: "{% endif %}", count: 60),
        ])
    func flat(pattern: Pattern) {
        #expect(kind(pattern.source) == nil)
    }

    @Test("what nests as deep as it may be compared, printed and written as JSON")
    func deepValues() {
        let build = "{% set ns = namespace(x=1, y=1) %}{% for i in range(180) %}"
        let lists = build + "{% set ns.x = [ns.x] %}{% set ns.y = [ns.y] %}{% endfor %}"
        let dicts = build + "{% set ns.x = {'a': ns.x} %}{% set ns.y = {'a': ns.y} %}{% endfor %}"
        let uses =
            "{{ ns.x == ns.y }}{{ ns.x < ns.y if ns.x is sequence and ns.x is not mapping }}{{ ns.x | tojson }}"
            + "{{ ns.x }}{{ ns.x | pprint }}{{ [ns.x, ns.y] | map('tojson') | list | length }}"
        #expect(kind(lists + uses) == nil)
        #expect(kind(dicts + uses) == nil)
        let tuples = build + "{% set ns.x = (ns.x,) %}{% endfor %}{{ {ns.x: 1}[ns.x] }}"
        #expect(kind(tuples) == nil)
    }

    @Test("a conversation nested too deep is an error")
    func deepContext() {
        var value: JSONValue = []
        for _ in 0..<1000 { value = [value] }
        #expect(kind("{{ x }}", JSONObject([("x", value)])) == .limit)
    }

    @Test("errors tell the line, and not what the conversation says")
    func lines() throws {
        #expect(throws: TemplateError(.syntax, "unknown tag 'x'", line: 3)) {
            try ChatTemplate("a\n{# b\n#}{% x %}")
        }
        let template = try ChatTemplate("a\n\n{% if true %}\n{{ m.content + 1 }}{% endif %}")
        #expect {
            try template.render(JSONObject([("m", ["content": "secret"])]))
        } throws: { error in
            let error = error as? TemplateError
            return error?.line == 4 && error?.description.contains("secret") == false
        }
        #expect(throws: TemplateError(.raised, "no", line: 1)) {
            try ChatTemplate("{{ raise_exception('no') }}").render(JSONObject())
        }
    }

    @Test("a template longer than the limit is an error")
    func longSource() {
        #expect(throws: TemplateError.self) {
            try ChatTemplate("abc", limits: .init(maximumSourceBytes: 2))
        }
    }

    @Test("integers beyond 64 bits are errors, where Python goes on")
    func overflow() {
        for source in [
            "{{ 9223372036854775807 + 1 }}", "{{ 2 ** 64 }}", "{{ -9223372036854775807 - 2 }}",
            "{{ 4611686018427387904 * 2 }}", "{{ 1e300 | int }}",
            "{{ (-9223372036854775807 - 1) // -1 }}", "{{ -(-9223372036854775807 - 1) }}",
            "{{ (-9223372036854775807 - 1) | abs }}",
        ] {
            #expect(kind(source) == .runtime, "\(source)")
        }
        #expect(kind("{{ 9223372036854775808 }}") == .syntax)
        #expect(kind("{{ (-9223372036854775807 - 1) % -1 }}") == nil)
    }
}
