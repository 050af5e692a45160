// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Foundation
import RetortEngine
import RetortHub
import RetortJSON
import RetortTensor

struct DoctorCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "doctor",
        abstract: "Check the machine, the settings and the bundled model; for bug reports.")

    @Flag(help: "Print one JSON object.")
    var json = false

    func run() throws {
        var report = Report()
        report.add("version", Version.text)
        report.check("kernels") {
            let all = Kernels.available.map(\.name).joined(separator: ", ")
            return "\(try Kernels.current().name) (available: \(all))"
        }
        report.add("threads", "\(ReasoningModel.availableThreads)")
        let memory = Int64(clamping: ProcessInfo.processInfo.physicalMemory)
        report.add("memory", ByteCountFormatter.string(fromByteCount: memory, countStyle: .memory))
        report.check("read bandwidth") {
            let rate = try Bandwidth.measure(
                threads: ReasoningModel.availableThreads, megabytes: 256)
            return String(format: "%.1f GB/s", rate / 1e9)
        }
        report.check("model store") {
            let store = try ModelStore.standard()
            return "\(store.root.path), \(store.contents().models.count) models"
        }
        let environment = ProcessInfo.processInfo.environment
        for name in ["HF_ENDPOINT", "HF_HUB_OFFLINE", "RETORT_HOME", "RETORT_ISA"] {
            if let value = environment[name] { report.add(name, value) }
        }
        // Whether there is one is of use in a report; what it is must not be in it.
        report.add("HF_TOKEN", environment["HF_TOKEN"] == nil ? "not set" : "set")
        report.check("bundled model") {
            let model = try ReasoningModel(path: try BundledModel.path(), name: "bundled")
            let response = try ChatSession(model).respond(to: "What is 12 * 34?") { _ in }
            guard response.answer.contains("408") else {
                throw CommandError("answered wrongly: \(response.answer)")
            }
            return "answers correctly, first token after "
                + String(format: "%.0f ms", 1000 * response.usage.promptSeconds)
        }
        report.print(json: json)
        if report.hasFailed { throw ExitCode(1) }
    }
}

/// Lines of a check-up.
private struct Report {
    private var lines: [(name: String, text: String, isGood: Bool)] = []
    var hasFailed: Bool { lines.contains { !$0.isGood } }

    mutating func add(_ name: String, _ text: String) { lines.append((name, text, true)) }

    mutating func check(_ name: String, _ body: () throws -> String) {
        do { lines.append((name, try body(), true)) } catch {
            lines.append((name, "\(error)", false))
        }
    }

    func print(json: Bool) {
        if json {
            var object = JSONObject()
            for line in lines { object[line.name.replacing(" ", with: "_")] = .string(line.text) }
            object["ok"] = .bool(!hasFailed)
            Output.json(.object(object))
            return
        }
        for line in lines {
            let name = line.name.padding(toLength: 16, withPad: " ", startingAt: 0)
            Output.line("\(line.isGood ? "ok  " : "FAIL") \(name) \(line.text)")
        }
    }
}
