// SPDX-License-Identifier: Apache-2.0

import Foundation

extension NearCopySearch {
    /// What a shard has of works.
    private struct Part {
        var shard: Artefact
        /// Stretches of records, each with the index of its work. A lineage from elsewhere may claim
        /// far more records than there are.
        var stretches: [(records: ClosedRange<Int>, work: Int)] = []
    }

    /// Goes through a shard's records in order.
    private struct Sweep {
        private let stretches: [(records: ClosedRange<Int>, work: Int)]
        private var next = 0
        private var open: [(records: ClosedRange<Int>, work: Int)] = []

        init(_ part: Part) {
            stretches = part.stretches.sorted { $0.records.lowerBound < $1.records.lowerBound }
        }

        /// The works that a record is of; none is asked for before an earlier one.
        mutating func works(of record: Int) -> [Int] {
            open.removeAll { $0.records.upperBound < record }
            while next < stretches.count, stretches[next].records.lowerBound <= record {
                if stretches[next].records.upperBound >= record { open.append(stretches[next]) }
                next += 1
            }
            return open.map(\.work)
        }
    }

    /// The texts of works that are files or stand in shards; each shard is read once.
    /// - Parameter isAtHand: Whether there is a text already, so that missing ones are no loss.
    mutating func texts(of works: [Artefact], isAtHand: Bool) throws(ProvenanceError) -> [String] {
        var texts: [String] = []
        var lines: [Int: [String]] = [:]
        for part in try parts(of: works) {
            guard let path = part.shard.path,
                let file = DataFile(path, field: part.shard.textField)
            else { continue }
            var sweep = Sweep(part)
            var owners: [Int] = []
            _ = try file.readLines({ record in
                owners = sweep.works(of: record)
                return !owners.isEmpty
            }) { text, _ in
                for work in owners { lines[work, default: []].append(text) }
            }
        }
        for (number, work) in works.enumerated() {
            if let lines = lines[number] {
                texts.append(Self.occurrence(of: work, in: lines))
            } else if work.path != nil, let files = files(of: work) {
                for path in files {
                    if let file = DataFile(path, field: work.textField) {
                        texts += try file.texts()
                    }
                }
            } else if !isAtHand {
                note(work, "its text is not at hand, so that nothing was compared with it")
            }
        }
        return texts
    }

    /// The text of a work, which has the records of all places of its text in the shard.
    private static func occurrence(of work: Artefact, in lines: [String]) -> String {
        var hasher = ContentHasher()
        var size = 0
        for (number, line) in lines.enumerated() {
            if number > 0 { hasher.update(Data([0x0A])) }
            hasher.update(Data(line.utf8))
            size += line.utf8.count + (number > 0 ? 1 : 0)
            if (work.size ?? size) == size, hasher.finish() == work.hash {
                return lines[...number].joined(separator: "\n")
            }
        }
        // The hash of a line without a text is that of the whole line.
        if let first = lines.first, lines.allSatisfy({ $0 == first }) { return first }
        return lines.joined(separator: "\n")
    }

    private mutating func parts(of works: [Artefact]) throws(ProvenanceError) -> [Part] {
        var parts: [ContentHash: Part] = [:]
        for (number, work) in works.enumerated() where work.path == nil {
            // Any of its shards has the same text.
            for (shard, records) in try ledger.shards(of: work.hash) where state(of: shard) == nil {
                parts[shard.hash, default: Part(shard: shard)].stretches +=
                    records.ranges.map { (records: $0, work: number) }
                break
            }
        }
        return parts.values.sorted { $0.shard.hash < $1.shard.hash }
    }
}
