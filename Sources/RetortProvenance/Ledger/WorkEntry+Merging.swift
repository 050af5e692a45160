// SPDX-License-Identifier: Apache-2.0

extension WorkEntry {
    /// Entries of the same text as one: all records, and all names, as the same text may stand in a
    /// shard under several. Where their licences differ, all of them must be kept.
    static func merged(_ entries: [WorkEntry]) -> [(entry: WorkEntry, names: [String])] {
        var merged: [Merging] = []
        var places: [ContentHash: Int] = [:]
        for entry in entries {
            if let place = places[entry.hash] {
                merged[place].add(entry)
            } else {
                places[entry.hash] = merged.count
                merged.append(Merging(entry))
            }
        }
        return merged.map { ($0.finished, $0.names) }
    }

    private struct Merging {
        private var entry: WorkEntry
        private(set) var names: [String]
        private var knownNames: Set<String>
        private var licences: Set<String> = []
        private var attributions: [String] = []
        private var knownAttributions: Set<String> = []
        private var ranges: [ClosedRange<Int>]?

        init(_ entry: WorkEntry) {
            self.entry = entry
            names = [entry.name]
            knownNames = [entry.name]
            ranges = entry.records?.ranges
            note(entry.source)
        }

        mutating func add(_ other: WorkEntry) {
            // One without a place may be anywhere.
            if let more = other.records?.ranges {
                ranges?.append(contentsOf: more)
            } else {
                ranges = nil
            }
            if knownNames.insert(other.name).inserted { names.append(other.name) }
            entry.source = entry.source ?? other.source
            note(other.source)
        }

        private mutating func note(_ source: RightsSource?) {
            guard let source else { return }
            licences.insert(source.licence)
            if let whom = source.attribution, knownAttributions.insert(whom).inserted {
                attributions.append(whom)
            }
        }

        var finished: WorkEntry {
            var entry = entry
            entry.records = ranges.map { RecordRanges($0) }
            if attributions.count > 1 {
                entry.source?.attribution = attributions.joined(separator: "; ")
            }
            guard licences.count > 1 else { return entry }
            // What cannot be read of one leaves nothing known of the text.
            let areKnown =
                licences.count <= 16
                && licences.allSatisfy {
                    $0 != RightsSource.noAssertion && (try? LicenceExpression(parsing: $0)) != nil
                }
            entry.source?.licence =
                areKnown
                ? licences.sorted().map { $0.contains(" ") ? "(\($0))" : $0 }
                    .joined(separator: " AND ") : RightsSource.noAssertion
            return entry
        }
    }
}
