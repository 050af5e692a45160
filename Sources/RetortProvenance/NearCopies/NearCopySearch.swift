// SPDX-License-Identifier: Apache-2.0
//
// Near copies of a work among all texts that a ledger knows the place of. A file that is gone, or is
// something else now, is no error: the report names it, since a copy may have been in it.

import Foundation

/// Compares the texts of works with the ledger's data files.
struct NearCopySearch {
    let ledger: RightsLedger
    private let settings: NearCopySettings
    private(set) var result: TakedownReport.Searched
    private(set) var copies: [NearCopy] = []
    /// By artefact, so that a file is looked at once; nil if it is what was recorded.
    private var states: [ContentHash: String?] = [:]

    init(_ ledger: RightsLedger, settings: NearCopySettings) throws(ProvenanceError) {
        try settings.validate()
        self.ledger = ledger
        self.settings = settings
        result = .init(settings: settings)
    }

    /// - Parameters:
    ///   - works: Which are known to be copies, and where.
    ///   - texts: Of the works, as far as they are at hand.
    mutating func run(_ works: [Artefact], texts: [String]) throws(ProvenanceError) {
        var all = Set(texts)
        var known = Set(works.map(\.hash))
        for dataset in works where dataset.kind == .dataset {
            known.formUnion(try ledger.shards(in: dataset.hash))
        }
        all.formUnion(try self.texts(of: works.filter(\.kind.isData), isAtHand: !texts.isEmpty))
        let sought = try SoughtTexts(all, settings: settings)
        all = []
        guard !sought.isEmpty else { return }
        for artefact in try ledger.dataFiles() where !known.contains(artefact.hash) {
            try compare(artefact, with: sought, known)
        }
    }

    private mutating func compare(
        _ artefact: Artefact, with sought: SoughtTexts, _ known: Set<ContentHash>
    ) throws(ProvenanceError) {
        guard let files = files(of: artefact) else { return }
        let isOne = files == [artefact.path]
        var others = 0
        for path in files {
            guard let file = DataFile(path, field: artefact.textField) else {
                others += 1
                continue
            }
            var scan = NearCopyScan(sought)
            do throws(ProvenanceError) {
                let works = isOne && file.isLines ? try ledger.longWorks(of: artefact.hash) : []
                try scan.read(file, works: works)
            } catch {
                note(artefact, "\(error)")
                continue
            }
            result.files += 1
            result.texts += scan.texts
            if scan.brokenLines > 0 {
                note(artefact, "lines of \(path) that are no JSON: \(scan.brokenLines)")
            }
            guard !scan.hits.isEmpty else { continue }
            try add(scan.hits, in: artefact, file: path, isOne && file.isLines, known)
        }
        if others > 0 {
            let reason =
                isOne ? "no file of texts by its name" : "files that are no texts: \(others)"
            note(artefact, reason)
        }
    }

    /// Adds the copies of a file, one for each work; what no work claims is the shard's.
    private mutating func add(
        _ hits: [NearCopyScan.Hit], in artefact: Artefact, file: String, _ hasWorks: Bool,
        _ known: Set<ContentHash>
    ) throws(ProvenanceError) {
        var claims: [Int: [ContentHash]] = [:]
        if hasWorks {
            let lines = hits.compactMap { $0.work == nil ? $0.records?.ranges.first : nil }
            claims = try ledger.works(of: lines.map(\.lowerBound), in: artefact.hash)
        }
        var found: [ContentHash: NearCopy] = [:]
        var places: [ContentHash: [ClosedRange<Int>]] = [:]
        for hit in hits {
            let line = hit.records?.ranges.first?.lowerBound
            let owners =
                hit.work.map { [$0] } ?? line.flatMap { claims[$0] } ?? [artefact.hash]
            for owner in owners where !known.contains(owner) {
                var copy =
                    found[owner]
                    ?? NearCopy(artefact: owner, overlap: hit.overlap, file: file)
                copy.overlap = max(copy.overlap, hit.overlap)
                found[owner] = copy
                places[owner, default: []] += hit.records?.ranges ?? []
            }
        }
        for (owner, var copy) in found {
            copy.records = places[owner].flatMap { $0.isEmpty ? nil : RecordRanges($0) }
            copies.append(copy)
        }
    }

    // MARK: Files

    /// - Returns: The file's path, or those in the folder; nil, and a note, if they are not what was
    ///   recorded.
    mutating func files(of artefact: Artefact) -> [String]? {
        if let reason = state(of: artefact) {
            note(artefact, reason)
            return nil
        }
        guard let path = artefact.path, let contents = try? ledger.contents(of: path) else {
            return nil
        }
        guard contents.isDirectory else { return [path] }
        return contents.files.map { "\(path)/\($0.path)" }
    }

    /// - Returns: nil if the file is there and is what was recorded.
    mutating func state(of artefact: Artefact) -> String? {
        if let state = states[artefact.hash] { return state }
        let state = look(at: artefact)
        states[artefact.hash] = .some(state)
        return state
    }

    private func look(at artefact: Artefact) -> String? {
        guard let path = artefact.path else { return "nobody said where it is" }
        guard FileManager.default.fileExists(atPath: path) else { return "\(path) is gone" }
        do throws(ProvenanceError) {
            let isSame = try ledger.contents(of: path).address == artefact.hash
            return isSame ? nil : "\(path) is something else now"
        } catch { return "\(error)" }
    }

    mutating func note(_ artefact: Artefact, _ reason: String) {
        result.notCompared.append(.init(artefact: artefact, reason: reason))
    }
}
