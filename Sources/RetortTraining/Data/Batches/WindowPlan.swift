// SPDX-License-Identifier: Apache-2.0
//
// Best-fit decreasing: the longest document first, each into the row where the least room is left
// behind it. A window is planned again when a run goes on in the middle of it.

/// The rows of one window of documents.
struct WindowPlan {
    private var key: (epoch: Int, window: Int)?
    private var documents: [(document: Int, count: Int, place: Int)] = []
    /// By row: the room that is left.
    private var room: [Int] = []
    /// By document, longest first: its row.
    private var rowOfDocument: [Int] = []
    private var order = IndexPermutation(count: 0, seed: 0, epoch: 0)
    private var isShuffled = false

    var rowCount: Int { room.count }

    func isOf(epoch: Int, window: Int) -> Bool {
        key.map { $0.epoch == epoch && $0.window == window } ?? false
    }

    mutating func begin(epoch: Int, window: Int) {
        key = (epoch, window)
        documents.removeAll(keepingCapacity: true)
        room.removeAll(keepingCapacity: true)
        rowOfDocument.removeAll(keepingCapacity: true)
    }

    /// Adds a document that takes `count` tokens of a row; none for 0.
    mutating func add(_ document: Int, count: Int) {
        if count > 0 { documents.append((document, count, documents.count)) }
    }

    mutating func pack(length: Int, seed: UInt64, shuffles: Bool) {
        documents.sort { ($1.count, $0.place) < ($0.count, $1.place) }
        for (_, count, _) in documents {
            var best = -1
            var least = Int.max
            for (row, free) in room.enumerated() where free >= count && free < least {
                best = row
                least = free
            }
            if best < 0 {
                best = room.count
                room.append(length)
            }
            room[best] -= count
            rowOfDocument.append(best)
        }
        // Rows were opened from the longest document to the shortest.
        isShuffled = shuffles
        order = .init(
            count: room.count, seed: seed, epoch: key?.epoch ?? 0,
            stream: UInt64(truncatingIfNeeded: (key?.window ?? 0) &+ 1))
    }

    /// Adds the documents of a row to `pieces`.
    func appendRow(_ index: Int, to pieces: inout [DocumentPiece]) {
        let row = isShuffled ? order[index] : index
        for (number, place) in rowOfDocument.enumerated() where place == row {
            let (document, count, _) = documents[number]
            pieces.append(.init(document: document, range: 0..<count))
        }
    }
}
