// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Foundation
import RetortGuard
import RetortJSON

struct GuardMonitorCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "monitor",
        abstract: "Find keys, and clusters of keys, that extract the model.",
        discussion: """
            Reads logs of 'retort serve' and JSON lines of LiteLLM's StandardLoggingPayload. An alert is a reason to look, \
            not a proof: it says what was counted, what is usual, and which requests to read. Prints a table, or with --json \
            one object a line: 'key' (or 'cluster' and 'keys'), 'score' from 0.5 on, 'action', 'evidence'.
            """)

    @Option(help: ArgumentHelp("A log to judge; may be given several times.", valueName: "file"))
    var log: [String]

    @Option(
        help: ArgumentHelp(
            "A log of honest traffic of this service; without one there is no window test (MMD).",
            valueName: "file"))
    var reference: [String] = []

    @Option(
        help: ArgumentHelp(
            "When a model came out, as 2026-11-30 or with a time.", valueName: "date"))
    var release: [String] = []

    @Option(help: "Requests of a window.")
    var window = 1500

    @Option(help: "Requests below which a key is judged in clusters only.")
    var minimum = 200

    @Option(help: ArgumentHelp("Weights of 'retort guard calibrate'.", valueName: "file"))
    var calibration: String?

    @Flag(help: "Show the texts of examples, if the log has them.")
    var showText = false

    @Flag(help: "Print one JSON object for each alert.")
    var json = false

    @OptionGroup var logs: RequestLogOptions
    @OptionGroup var audit: AuditOptions

    func validate() throws {
        guard window >= 100, window <= 1_000_000 else {
            throw ValidationError("--window is 100 to 1,000,000.")
        }
        guard minimum >= 20 else { throw ValidationError("--minimum is 20 or more.") }
        if showText, log.contains("-") {
            throw ValidationError("--show-text reads the log twice: it cannot be stdin.")
        }
    }

    func run() throws {
        var settings = MonitorSettings()
        settings.window = window
        settings.minimum = minimum
        settings.releases = try release.map { text in
            guard let time = TimeText.seconds(text) else {
                throw ValidationError("--release: expected a date such as 2026-11-30.")
            }
            return time
        }
        if let calibration {
            settings.calibration = try MonitorCalibration(
                JSONValue(parsing: InputFile.bytes(path: calibration)))
        }
        // Refuses a log that was tampered with before the work.
        let auditLog = try audit.open()
        let appeals = try auditLog.map { try Appeals($0) } ?? Appeals()
        settings.reference = try readReference()
        let monitor = ExtractionMonitor(settings: settings)
        var reader = try logs.reader()
        let began = Date()
        for path in log { try reader.read(path: path) { monitor.add($0) } }
        let seconds = Date().timeIntervalSince(began)
        let result = monitor.finish(appeals: appeals)
        tell(reader, result, seconds)
        let texts = showText ? try texts(result) : [:]
        if let auditLog, !result.alerts.isEmpty {
            try auditLog.append(
                kind: "alert", bodies: result.alerts.map { $0.json() },
                time: Date().timeIntervalSince1970)
        }
        if json {
            for alert in result.alerts { Output.json(alert.json(texts: texts)) }
        } else {
            print(result, texts)
        }
    }

    private func readReference() throws -> ReferenceProfile? {
        guard !reference.isEmpty else { return nil }
        var builder = ReferenceBuilder(window: window)
        var reader = try logs.reader()
        for path in reference { try reader.read(path: path) { builder.add($0) } }
        let problems = "\(reader.problems)"
        if !problems.isEmpty { Output.note("reference: \(problems)") }
        let profile = builder.profile()
        if profile.isEmpty {
            Output.note(
                "reference: fewer than 8 windows of \(window / 4) requests or more: there is no window test"
            )
        }
        return profile
    }

    private func tell(
        _ reader: RequestLog, _ result: ExtractionMonitor.Result, _ seconds: Double
    ) {
        let problems = "\(reader.problems)"
        if !problems.isEmpty { Output.note(problems) }
        let rate = Int(Double(reader.problems.lines) / max(1e-9, seconds))
        Output.note(
            "\(reader.problems.lines) lines in \(String(format: "%.1f", seconds)) s (\(rate) lines/s), \(result.keys) keys, at most \((result.mostKeyBytes + 1023) / 1024) KiB a key; \(result.small) keys have fewer than \(minimum) requests and were judged in clusters only"
        )
        for key in result.exempt {
            Output.note("\(key) would be told but is exempt: its appeal was granted")
        }
    }

    /// Of the requests that alerts name; a second reading, so that no text is kept in vain.
    private func texts(_ result: ExtractionMonitor.Result) throws -> [String: String] {
        let wanted = Set(result.alerts.flatMap(\.evidence).flatMap(\.examples))
        var texts: [String: String] = [:]
        var reader = try logs.reader(keepsText: true)
        for path in log {
            try reader.read(path: path) { record in
                guard wanted.contains(record.id), let text = record.text else { return }
                texts[record.id] = String(text.prefix(300))
            }
        }
        if texts.isEmpty, !wanted.isEmpty { Output.note("the log has no texts to show") }
        return texts
    }

    private func print(_ result: ExtractionMonitor.Result, _ texts: [String: String]) {
        guard !result.alerts.isEmpty else {
            Output.note("nothing to tell")
            return
        }
        for alert in result.alerts {
            let who =
                alert.cluster.map { "cluster \($0) of \(alert.keys.count) keys" }
                ?? alert.keys.first ?? ""
            Output.line(
                "\(shown(who))  score \(String(format: "%.2f", alert.score))  \(alert.action.rawValue)  \(alert.requests) requests, \(TimeText.text(alert.firstTime)) to \(TimeText.text(alert.lastTime))"
            )
            for evidence in alert.evidence {
                let examples =
                    evidence.examples.isEmpty
                    ? "" : "; see \(evidence.examples.map(shown).joined(separator: ", "))"
                Output.line("    \(evidence.text)\(examples)")
                for text in evidence.examples.compactMap({ texts[$0] }) {
                    Output.line("        \(shown(text))")
                }
            }
            if alert.cluster != nil {
                let more = alert.keys.count > 8 ? ", …" : ""
                Output.line(
                    "    keys: \(alert.keys.prefix(8).map(shown).joined(separator: ", "))\(more)")
            }
        }
    }

    /// Names and texts of a log must not drive a terminal.
    private func shown(_ text: String) -> String {
        String(
            String.UnicodeScalarView(
                text.unicodeScalars.map { $0.properties.generalCategory == .control ? " " : $0 }))
    }
}

/// How logs of requests are read.
struct RequestLogOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "The secret of the sketches of logs that hold texts; needed only to compare with logs that hold sketches.",
            valueName: "file"))
    var secret: String?

    @Option(help: "Bytes that a line may have.")
    var maximumLineBytes = RequestLog.defaultLineBytes

    func validate() throws {
        guard maximumLineBytes >= 1024 else {
            throw ValidationError("--maximum-line-bytes is 1024 or more.")
        }
    }

    func reader(keepsText: Bool = false) throws -> RequestLog {
        RequestLog(
            secret: try secret.map { try SketchSecret(path: $0) } ?? .open, keepsText: keepsText,
            maximumLineBytes: maximumLineBytes)
    }
}

/// Where alerts and appeals are written down.
struct AuditOptions: ParsableArguments {
    @Option(
        name: .customLong("audit"),
        help: ArgumentHelp("The audit log: alerts are appended, appeals heeded.", valueName: "file")
    )
    var path: String?

    @Option(help: ArgumentHelp("A secret that its entries are signed with.", valueName: "file"))
    var auditKey: String?

    func open() throws -> AuditLog? {
        guard let path else {
            if auditKey != nil { throw ValidationError("--audit-key needs --audit.") }
            return nil
        }
        return try AuditLog(path: path, keyPath: auditKey)
    }
}
