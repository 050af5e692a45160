// SPDX-License-Identifier: Apache-2.0
//
// Accounts that share the work of an extraction share its templates, while each of them does little. Keys are not joined one by one,
// which would chain strangers: the templates that go together are found first, and the keys that use several of them after.

import Foundation

/// Finds groups of keys that use the same family of templates.
struct KeyGraph {
    struct Member {
        let key: String
        let links: KeyLinks
    }

    struct Cluster {
        /// Indices of members, ascending.
        var members: [Int]
        /// Templates and prompts that they share.
        var shared: Int
    }

    /// Keys below which there is no cluster.
    static let fewest = 5
    private static let fewestIDs = 2
    /// Ids of a family that a member has; one template alone has about three.
    private static let fewestOfMember = 4

    private let members: [Member]
    /// Ids that honest traffic has too.
    private let common: Set<UInt64>

    init(_ members: [Member], common: Set<UInt64>) {
        self.members = members
        self.common = common
    }

    func clusters() -> [Cluster] {
        let index = sharedIDs()
        let families = families(index)
        var clusters: [Cluster] = []
        for family in families {
            if let cluster = cluster(family) { clusters.append(cluster) }
        }
        return clusters.sorted {
            ($0.members.count, $1.members[0]) > ($1.members.count, $0.members[0])
        }
    }

    /// How many keys have an id, of those that three or more have.
    private func sharedIDs() -> [UInt64: Int] {
        var degrees: [UInt64: Int] = [:]
        for member in members {
            for id in member.links.ids where !common.contains(id) { degrees[id, default: 0] += 1 }
        }
        return degrees.filter { $0.value >= 3 }
    }

    /// Ids that are used together: two belong together if three keys or more have both, and 8 % of those
    /// that have the more frequent one: what the accounts do beside is frequent among others.
    private func families(_ degrees: [UInt64: Int]) -> [Set<UInt64>] {
        var together: [Pair: Int] = [:]
        for member in members {
            let ids = member.links.ids.filter { degrees[$0] != nil }
            for (place, first) in ids.enumerated() {
                for second in ids[(place + 1)...] {
                    together[Pair(first: first, second: second), default: 0] += 1
                }
            }
        }
        var forest = Forest(degrees.keys.sorted())
        for (pair, count) in together where count >= 3 {
            let larger = max(degrees[pair.first] ?? 0, degrees[pair.second] ?? 0)
            if Double(count) >= 0.08 * Double(larger) { forest.join(pair.first, pair.second) }
        }
        return forest.groups().filter { $0.count >= Self.fewestIDs }
    }

    private func cluster(_ family: Set<UInt64>) -> Cluster? {
        var found = members.indices.filter { index in
            let links = members[index].links
            return links.marked >= 2
                && links.ids.count(where: family.contains) >= Self.fewestOfMember
        }
        // Those that have one id of the family and an address of several of its members.
        let addresses = Self.addresses(found.map { members[$0] })
        let inside = Set(found)
        found += members.indices.filter { index in
            !inside.contains(index) && Self.has(members[index], addresses, ofMembers: 3)
                && members[index].links.ids.contains(where: family.contains)
        }
        guard found.count >= Self.fewest else { return nil }
        return Cluster(members: found.sorted(), shared: family.count)
    }

    /// Of how many members each address is.
    private static func addresses(_ members: [Member]) -> [UInt32: Int] {
        var addresses: [UInt32: Int] = [:]
        for member in members {
            for entry in member.links.addresses.entries { addresses[entry.thing, default: 0] += 1 }
        }
        return addresses
    }

    private static func has(_ member: Member, _ addresses: [UInt32: Int], ofMembers count: Int)
        -> Bool
    {
        member.links.addresses.entries.contains { addresses[$0.thing, default: 0] >= count }
    }

    /// Members with an address of another.
    static func withSharedAddress(_ members: [Member]) -> Int {
        let addresses = addresses(members)
        return members.count { has($0, addresses, ofMembers: 2) }
    }

    private struct Pair: Hashable {
        let first: UInt64
        let second: UInt64
    }

    /// Union-find.
    private struct Forest {
        private var parents: [UInt64: UInt64]
        private let things: [UInt64]

        init(_ things: [UInt64]) {
            self.things = things
            parents = Dictionary(uniqueKeysWithValues: things.map { ($0, $0) })
        }

        private mutating func root(_ thing: UInt64) -> UInt64 {
            var thing = thing
            while let parent = parents[thing], parent != thing {
                parents[thing] = parents[parent]
                thing = parent
            }
            return thing
        }

        mutating func join(_ a: UInt64, _ b: UInt64) {
            let first = root(a)
            let second = root(b)
            // The smaller id leads, so that the result does not depend on the order.
            if first != second { parents[max(first, second)] = min(first, second) }
        }

        mutating func groups() -> [Set<UInt64>] {
            var groups: [UInt64: Set<UInt64>] = [:]
            for thing in things { groups[root(thing), default: []].insert(thing) }
            return groups.sorted { $0.key < $1.key }.map(\.value)
        }
    }
}
