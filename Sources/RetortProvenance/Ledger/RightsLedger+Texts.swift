// SPDX-License-Identifier: Apache-2.0

import Foundation
import GRDB
import RetortJSON

extension RightsLedger {
    /// The member of a shard's details that says which member of a line has the text.
    static let textFieldKey = "text_field"

    /// Shards, datasets of which no shard is known, and works that are files, in the order in which
    /// they were recorded.
    func dataFiles() throws(ProvenanceError) -> [Artefact] {
        try read { db in
            try Row.fetchAll(
                db,
                sql: """
                    SELECT \(Self.columns) FROM artefact a
                    WHERE kind = 'shard' OR (kind = 'work' AND path IS NOT NULL)
                        OR (kind = 'dataset' AND NOT EXISTS (
                            SELECT 1 FROM edge JOIN artefact s ON s.id = origin
                            WHERE target = a.id AND how = 'contained' AND s.kind = 'shard'))
                    ORDER BY id
                    """
            ).map { try Self.artefact($0) }
        }
    }

    /// The shards that a work stands in, where it is known which samples it is.
    func shards(of work: ContentHash) throws(ProvenanceError) -> [(Artefact, RecordRanges)] {
        try read { db in
            try Self.neighbours(of: work, forward: true, db).compactMap { artefact, edge in
                edge.records.map { (artefact, $0) }
            }
        }
    }

    func shards(in dataset: ContentHash) throws(ProvenanceError) -> [ContentHash] {
        try read { db in
            try Self.neighbours(of: dataset, forward: false, db)
                .filter { $0.artefact.kind == .shard }.map(\.artefact.hash)
        }
    }

    /// A shard's works of several samples.
    func longWorks(of shard: ContentHash) throws(ProvenanceError) -> [NearCopyScan.Work] {
        var works: [NearCopyScan.Work] = []
        try forEachWork(of: shard) { work, records in
            if records.count > 1 { works.append(.init(hash: work, records: records)) }
        }
        return works
    }

    /// The works that samples of a shard belong to; samples that no work claims are left out.
    /// - Parameter samples: Ascending.
    func works(of samples: [Int], in shard: ContentHash) throws(ProvenanceError)
        -> [Int: [ContentHash]]
    {
        var owners: [Int: [ContentHash]] = [:]
        guard !samples.isEmpty else { return owners }
        try forEachWork(of: shard) { work, records in
            for range in records.ranges {
                // The first sample that is not before the range.
                var (low, high) = (0, samples.count)
                while low < high {
                    let middle = (low + high) / 2
                    if samples[middle] < range.lowerBound {
                        low = middle + 1
                    } else {
                        high = middle
                    }
                }
                while low < samples.count, samples[low] <= range.upperBound {
                    owners[samples[low], default: []].append(work)
                    low += 1
                }
            }
        }
        return owners
    }

    /// Goes through a shard's works that are known to be some of its samples, one row at a time.
    private func forEachWork(
        of shard: ContentHash, _ body: (ContentHash, RecordRanges) -> Void
    ) throws(ProvenanceError) {
        try read { db in
            let rows = try Row.fetchCursor(
                db,
                sql: """
                    SELECT a.hash, e.details FROM edge e JOIN artefact a ON a.id = e.origin
                    WHERE e.target = (SELECT id FROM artefact WHERE hash = ?)
                        AND a.kind = 'work' ORDER BY a.id
                    """, arguments: [shard.bytes])
            while let row = try rows.next() {
                guard let work = ContentHash(bytes: row["hash"] as Data),
                    let records = try Self.details(row["details"])["records"].flatMap({
                        RecordRanges($0)
                    })
                else { continue }
                body(work, records)
            }
        }
    }
}

extension Artefact {
    /// The member of its lines with the text, where the ledger was told.
    var textField: String? { details[RightsLedger.textFieldKey]?.stringValue }
}

extension Artefact.Kind {
    /// Whether it has texts.
    var isData: Bool { [.work, .shard, .dataset].contains(self) }
}
