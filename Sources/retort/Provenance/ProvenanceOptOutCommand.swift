// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Foundation
import RetortJSON
import RetortProvenance

struct ProvenanceOptOutCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "optout",
        abstract: "What a site says of a page being trained on, and the evidence for the ledger.",
        discussion: """
            Reads robots.txt (RFC 9309, with AIPREF's and RSL's rules), TDMRep's file, the page's headers and meta elements, and \
            the RSL documents that these name: from the site, or from files that were saved. Exit status 1 if the use is \
            reserved, 2 if that is not known.
            """)

    @Argument(help: ArgumentHelp("The page.", valueName: "url"))
    var url: String

    @Option(help: ArgumentHelp("A saved robots.txt.", valueName: "file"))
    var robots: String?

    @Option(help: ArgumentHelp("A saved /.well-known/tdmrep.json.", valueName: "file"))
    var tdmrep: String?

    @Option(help: ArgumentHelp("The page's saved HTML.", valueName: "file"))
    var page: String?

    @Option(help: ArgumentHelp("The page's saved header lines.", valueName: "file"))
    var headers: String?

    @Option(help: ArgumentHelp("A saved RSL document.", valueName: "file"))
    var rsl: String?

    @Option(
        help: ArgumentHelp(
            "When the files were fetched, such as 2026-11-30; their own time if this is left out.",
            valueName: "date"))
    var fetched: String?

    @Option(
        help: ArgumentHelp(
            "A crawler that fetches for training; may be given several times.", valueName: "name"))
    var agent: [String] = ["retort"]

    @Option(
        help: ArgumentHelp(
            "Record what was found for this source of the ledger.", valueName: "name"))
    var source: String?

    @OptionGroup var ledgerOptions: LedgerOptions

    @Flag(help: "Print one JSON object.")
    var json = false

    private var files: [(part: SiteReservations.Part, path: String)] {
        [
            (.robots, robots), (.tdmrep, tdmrep), (.rsl, rsl),
            (.page, page ?? headers),
        ].compactMap { part, path in path.map { (part, $0) } }
    }

    func validate() throws {
        guard !agent.isEmpty, agent.allSatisfy({ !$0.isEmpty }) else {
            throw ValidationError("--agent is empty.")
        }
        guard source != nil || ledgerOptions.ledger == nil else {
            throw ValidationError("--ledger goes with --source.")
        }
        if fetched != nil {
            guard !files.isEmpty else { throw ValidationError("--fetched goes with files.") }
            guard try date() != nil else {
                throw ValidationError("--fetched is a date such as 2026-11-30.")
            }
        }
    }

    private func date() throws -> Double? {
        guard let fetched else { return nil }
        if let date = try? Date(fetched, strategy: .iso8601) { return date.timeIntervalSince1970 }
        let day = Date.ISO8601FormatStyle().year().month().day()
        return (try? Date(fetched, strategy: day))?.timeIntervalSince1970
    }

    func run() async throws {
        do { try await ask() } catch { throw CommandError.undecided(error) }
    }

    private func ask() async throws {
        let site = try SiteReservations(page: url)
        let answers =
            files.isEmpty
            ? try await SiteReader(site: site, agent: agent[0]).answers() : try savedAnswers(site)
        var evidence = answers.flatMap { site.evidence(of: $0, agents: agent) }
        if files.isEmpty, let item = site.licencesLeftOut(of: answers) { evidence.append(item) }
        if let source { try record(evidence, source) }
        let verdict = evidence.verdict
        if json {
            Output.json([
                "url": .string(site.page), "verdict": .string(verdict.rawValue),
                "evidence": .array(evidence.map(\.json)),
            ])
        } else {
            for item in evidence {
                Output.line("\(item.verdict.rawValue)  \(item.method.rawValue)  \(item.reason)")
                Output.line("    \(item.url)  sha256 \(item.snapshot.hex.prefix(16))…")
            }
            Output.line("\(verdict.rawValue): \(site.page)")
        }
        if verdict == .reserved { throw ExitCode(1) }
    }

    private func savedAnswers(_ site: SiteReservations) throws -> [SiteReservations.Answer] {
        var answers: [SiteReservations.Answer] = []
        for (part, path) in files where part != .rsl {
            answers.append(try saved(part, path, site.url(of: part)))
        }
        if let rsl {
            // Where it is from is known if the others name one licence; no path of this machine goes
            // into the evidence.
            let named = site.licences(of: answers)
            answers.append(try saved(.rsl, rsl, named.count == 1 ? named[0] : nil))
        }
        return answers
    }

    private func saved(_ part: SiteReservations.Part, _ path: String, _ address: String?)
        throws -> SiteReservations.Answer
    {
        let name = path == "-" ? "stdin" : URL(fileURLWithPath: path).lastPathComponent
        var fields: [String: [String]] = [:]
        if part == .page, let headers {
            for line in try InputFile.text(path: headers).split(whereSeparator: \.isNewline) {
                guard let colon = line.firstIndex(of: ":") else { continue }
                let name = line[..<colon].trimmingCharacters(in: .whitespaces).lowercased()
                let value = line[line.index(after: colon)...].trimmingCharacters(in: .whitespaces)
                fields[name, default: []].append(value)
            }
        }
        let isHeadersAlone = part == .page && page == nil
        let attributes = try? FileManager.default.attributesOfItem(atPath: path)
        let modified = attributes?[.modificationDate] as? Date
        return SiteReservations.Answer(
            part: part, url: address ?? name, headers: fields,
            body: isHeadersAlone ? [] : try InputFile.bytes(path: path),
            fetched: try date() ?? (modified ?? Date()).timeIntervalSince1970)
    }

    /// Everything is recorded, also that nothing is said: that was looked for, on that day.
    private func record(_ evidence: [OptOutEvidence], _ name: String) throws {
        let ledger = try ledgerOptions.open(beside: ".")
        let sources = try ledger.sources(named: name)
        guard !sources.isEmpty else {
            throw CommandError(
                "the ledger has no source '\(name)'; 'retort provenance add' makes one")
        }
        for source in sources {
            for item in evidence { try ledger.record(item, of: source) }
        }
    }
}
