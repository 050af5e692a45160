// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import RetortFormats
import RetortGuard
import RetortJSON

struct GuardSimulateCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "simulate",
        abstract: "Write a log of simulated traffic, honest and extracting.",
        discussion: """
            To try the monitor and to measure it. The log has no labels; --truth writes them beside it. Lines are in the \
            order of time.
            """)

    @Option(help: "The same seed gives the same traffic.")
    var seed: UInt64

    @Option(name: .shortAndLong, help: ArgumentHelp("Where to write the log.", valueName: "file"))
    var output: String

    @Option(help: ArgumentHelp("Where to write what each key is.", valueName: "file"))
    var truth: String?

    @Option(help: "Keys of each honest kind.")
    var honest = 4

    @Option(help: "Keys of each kind of extraction and share.")
    var extracting = 1

    @Option(help: "Shares of extraction, with commas.")
    var shares = "1,0.5,0.25,0.1"

    @Option(help: "Accounts of a cluster.")
    var accounts = 0

    @Option(help: "Requests of a key.")
    var requests = 1500

    @Flag(help: "Write LiteLLM's format, with texts, instead of ours.")
    var litellm = false

    func validate() throws {
        guard (0...10_000).contains(honest), (0...10_000).contains(extracting),
            (0...100_000).contains(accounts), (1...1_000_000).contains(requests)
        else { throw ValidationError("A count is out of range.") }
        guard parsedShares.count == shares.split(separator: ",").count,
            parsedShares.allSatisfy({ $0 > 0 && $0 <= 1 })
        else { throw ValidationError("--shares takes numbers above 0 up to 1, with commas.") }
    }

    private var parsedShares: [Double] { shares.split(separator: ",").compactMap { Double($0) } }

    func run() throws {
        let simulator = TrafficSimulator(seed: seed)
        let keys = simulator.keys(
            honest: honest, extracting: extracting, shares: parsedShares, accounts: accounts,
            requests: requests)
        let file = try OutputFile(path: output)
        try simulator.forEachLine(of: keys, gateway: litellm) { line in
            try file.write(Array((line + "\n").utf8))
        }
        try file.commit()
        if let truth {
            let lines = keys.map { key in
                JSONValue.object(
                    JSONObject([
                        ("key", .string(key.name)), ("kind", .string(key.benign.rawValue)),
                        ("extraction", key.extraction.map { .string($0.rawValue) } ?? .null),
                        ("share", .double(key.share)),
                    ])
                ).text() + "\n"
            }
            try OutputFile.write(lines.joined(), to: truth)
        }
    }
}
