// SPDX-License-Identifier: Apache-2.0

extension NearCopySearch {
    /// What a shard has of works.
    private struct Part {
        var shard: Artefact
        /// Indices of the works, by record.
        var works: [Int: [Int]] = [:]
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
            _ = try file.readLines({ part.works[$0] != nil }) { text, record in
                for work in part.works[record] ?? [] { lines[work, default: []].append(text) }
            }
        }
        for (number, work) in works.enumerated() {
            if let lines = lines[number] {
                texts.append(lines.joined(separator: "\n"))
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

    private mutating func parts(of works: [Artefact]) throws(ProvenanceError) -> [Part] {
        var parts: [ContentHash: Part] = [:]
        for (number, work) in works.enumerated() where work.path == nil {
            // Any of its shards has the same text.
            for (shard, records) in try ledger.shards(of: work.hash) where state(of: shard) == nil {
                for record in records.ranges.joined() {
                    parts[shard.hash, default: Part(shard: shard)].works[record, default: []]
                        .append(number)
                }
                break
            }
        }
        return parts.values.sorted { $0.shard.hash < $1.shard.hash }
    }
}
