// SPDX-License-Identifier: Apache-2.0
//
// Who is computed next. A plain value: it knows sequences by number and decides, the engine does.
//
// Each step is one pass over a token of every running sequence, and one piece of one prompt, so that
// a long prompt slows the others down but never stalls them. Among clients the one that was served
// least comes first (Sheng et al. 2023, "Fairness in Serving Large Language Models"); among prompts
// that are being read, the one with the least left. A client without a place gets one of a client
// with several at once, so that nobody waits for the end of another's long answers.

/// Queues and turns.
package struct Scheduler {
    package typealias ID = Int

    /// What to do next.
    package struct Step: Equatable {
        /// These generate a token each.
        package var decode: [ID]
        /// This one reads a piece of its prompt.
        package var prefill: ID?

        package init(decode: [ID] = [], prefill: ID? = nil) {
            self.decode = decode
            self.prefill = prefill
        }
    }

    private struct Entry {
        let id: ID
        let client: String
        /// Tokens of the prompt that are not read yet.
        var unread: Int
    }

    /// Sequences that may have a place: reading their prompt or generating.
    let maximumRunning: Int
    private var queue: [Entry] = []
    private var reading: [Entry] = []
    private var generating: [Entry] = []
    /// What each client has been given, in tokens. Only clients with something in hand are listed.
    private var served: [String: Int] = [:]
    /// What the last client to be admitted had been given: newcomers start from there, so that a
    /// pause earns no credit.
    private var level = 0
    private var turn = 0

    /// A generated token costs about as much as this many of a prompt.
    private static let tokenCost = 4
    /// Every so many pieces the oldest prompt gets its turn, so that short ones cannot starve it.
    private static let oldestTurn = 4

    package init(maximumRunning: Int) { self.maximumRunning = maximumRunning }

    package var waiting: Int { queue.count }
    package var running: Int { reading.count + generating.count }
    package var isIdle: Bool { queue.isEmpty && reading.isEmpty && generating.isEmpty }

    /// Sequences of all states.
    package var all: [ID] { (queue + reading + generating).map(\.id) }

    /// Puts a sequence into the queue.
    /// - Parameter unread: Tokens of its prompt.
    package mutating func enqueue(_ id: ID, client: String, unread: Int) {
        if served[client] == nil { served[client] = level }
        queue.append(Entry(id: id, client: client, unread: unread))
    }

    /// How many are likely to be admitted before this one.
    package func ahead(of id: ID) -> Int { queue.firstIndex { $0.id == id } ?? 0 }

    /// Gives a place to the next one in turn.
    /// - Returns: The sequence, nil if none waits or there is no place.
    package mutating func admit() -> ID? {
        guard running < maximumRunning else { return nil }
        var best: Int?
        for index in queue.indices {
            let own = served[queue[index].client] ?? 0
            if let best, served[queue[best].client] ?? 0 <= own { continue }
            best = index
        }
        guard let best else { return nil }
        let entry = queue.remove(at: best)
        level = max(level, served[entry.client] ?? 0)
        reading.append(entry)
        return entry.id
    }

    /// Gives the place of a client that has several to one that has none and would have to wait until
    /// a whole answer is made.
    /// - Returns: The sequence that has to wait now, in front, and the one that has its place; nil if
    ///   nobody has to give way.
    package mutating func displace() -> (displaced: ID, admitted: ID)? {
        guard running >= maximumRunning, !queue.isEmpty else { return nil }
        var places: [String: Int] = [:]
        for entry in reading + generating { places[entry.client, default: 0] += 1 }
        let newcomers = queue.indices.filter { places[queue[$0].client] == nil }
        let most = places.values.max() ?? 0
        func given(_ index: Int) -> Int { served[queue[index].client] ?? 0 }
        guard most > 1, let index = newcomers.min(by: { given($0) < given($1) }) else { return nil }
        let newcomer = queue.remove(at: index)
        func holdsMost(_ entry: Entry) -> Bool { places[entry.client] == most }
        // The newest of them has the least to read again.
        if let last = reading.lastIndex(where: holdsMost) {
            queue.insert(reading.remove(at: last), at: 0)
        } else if let last = generating.lastIndex(where: holdsMost) {
            queue.insert(generating.remove(at: last), at: 0)
        }
        level = max(level, served[newcomer.client] ?? 0)
        reading.append(newcomer)
        return (queue[0].id, newcomer.id)
    }

    /// The next step.
    package mutating func step() -> Step {
        var step = Step(decode: generating.map(\.id))
        guard !reading.isEmpty else { return step }
        turn += 1
        if turn % Self.oldestTurn == 0 {
            step.prefill = reading.first?.id
        } else {
            step.prefill = reading.min { $0.unread < $1.unread }?.id
        }
        return step
    }

    /// Notes that a sequence has read some of its prompt; with none left it generates.
    package mutating func didRead(_ id: ID, _ tokens: Int, left: Int) {
        guard let index = reading.firstIndex(where: { $0.id == id }) else { return }
        served[reading[index].client, default: 0] += tokens
        reading[index].unread = left
        if left == 0 { generating.append(reading.remove(at: index)) }
    }

    /// Notes that a sequence has generated a token.
    package mutating func didGenerate(_ id: ID) {
        guard let entry = generating.first(where: { $0.id == id }) else { return }
        served[entry.client, default: 0] += Self.tokenCost
    }

    /// Takes the place away from the sequence that has had one for the shortest time, for want of
    /// memory; it waits in front.
    /// - Returns: The sequence, nil if no other than `id` has a place.
    package mutating func preempt(for id: ID) -> ID? {
        if let index = reading.lastIndex(where: { $0.id != id }) {
            queue.insert(reading.remove(at: index), at: 0)
        } else if let index = generating.lastIndex(where: { $0.id != id }) {
            queue.insert(generating.remove(at: index), at: 0)
        } else {
            return nil
        }
        return queue.first?.id
    }

    /// Sets how much a waiting sequence has to read, after it lost what it had read.
    package mutating func setUnread(_ id: ID, _ tokens: Int) {
        guard let index = queue.firstIndex(where: { $0.id == id }) else { return }
        queue[index].unread = tokens
    }

    /// Forgets a sequence.
    package mutating func remove(_ id: ID) {
        queue.removeAll { $0.id == id }
        reading.removeAll { $0.id == id }
        generating.removeAll { $0.id == id }
        let clients = Set((queue + reading + generating).map(\.client))
        served = served.filter { clients.contains($0.key) }
    }
}
