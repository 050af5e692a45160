// SPDX-License-Identifier: Apache-2.0

import Foundation
import TestSupport
import Testing

@Suite struct ServeCommandTests {
    /// Runs `serve` with a configuration that ends it before it listens.
    private func run(_ config: String, _ arguments: [String] = []) throws -> CommandRun {
        let folder = try TemporaryFolder()
        let path = folder.path("retort.yaml")
        try config.write(toFile: path, atomically: true, encoding: .utf8)
        return try CommandRun(["serve", "--config", path] + arguments)
    }

    @Test(
        "a configuration file sets options, and the command line wins",
        arguments: [
            ("host: 0.0.0.0", [String](), "0.0.0.0 can be reached"),
            ("host: 0.0.0.0\nallow-without-keys: false", [], "0.0.0.0 can be reached"),
            (
                "host: 0.0.0.0\nallow-without-keys: true\nmodels: [/nowhere/a.gguf]", [],
                "/nowhere/a.gguf"
            ),
            ("host: 0.0.0.0", ["--host", "10.0.0.1"], "10.0.0.1 can be reached"),
            ("port: 70000", [], "70000"), ("port: 70000", ["--port", "70001"], "70001"),
            ("models: [/nowhere/a.gguf]", ["/nowhere/b.gguf"], "/nowhere/b.gguf"),
            ("model: /nowhere/a.gguf\nport:\n", [], "/nowhere/a.gguf"),
            ("allow-origin: [not an origin]", [], "not an origin"),
            ("price-per-hour: -1", [], "-1.0 an hour"),
            ("currency: money", ["--price-per-hour", "1"], "money"),
            ("# nothing\n", ["/nowhere/b.gguf"], "/nowhere/b.gguf"),
        ])
    func config(text: String, arguments: [String], expected: String) throws {
        let run = try run(text, arguments)
        #expect(run.isOneLineError, "\(run.errors)")
        #expect(run.errors.contains(expected))
    }

    @Test(
        "a configuration file that cannot be meant is an error that names it",
        arguments: [
            "- a\n- b", "host: [a: b]", "host: {a: b}", "no-such-option: 1", "--host: x",
            "config: x",
            "port: many", "host: \"unfinished", "1: 2", "a: &x [*x]", "host: a\nhost: b",
            "parallel: 99", "allow-origin: [null]",
        ])
    func wrongConfig(text: String) throws {
        let run = try run(text)
        #expect(run.isOneLineError, "\(run.errors)")
        #expect(run.errors.contains("retort.yaml: "))
        let missing = try CommandRun(["serve", "--config", "/nowhere/retort.yaml"])
        #expect(missing.isOneLineError)
        #expect(missing.errors.contains("/nowhere/retort.yaml"))
    }
}
