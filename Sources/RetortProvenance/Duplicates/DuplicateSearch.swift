// SPDX-License-Identifier: Apache-2.0
//
// One limit of memory for all that looks for repetitions in one reading of a corpus. While it is read, the
// keys of the near-duplicates and a shard of the index are held at once; then one thing after the other. The
// keys lose little when they are sorted in small pieces, and the index much when its shards are small, so
// that the index gets most of it.

import Foundation

/// Near-duplicates of a corpus and, if asked for, every part that stands in it twice.
///
/// ```swift
/// let search = try DuplicateSearch(settings, exact: 200)
/// _ = try CorpusReader().read(folder, longest: search.longestDocument, search.add)
/// let (duplicates, exact) = try search.finish()
/// ```
/// Files that are mapped, which the system takes back when it needs the memory, are not counted: the corpus
/// and the index's. The index is on the disk until the parts are found, some 5.3 bytes for each byte.
public final class DuplicateSearch {
    private let settings: DuplicateSettings
    private let exact: Int?
    private let rank: (_ licence: String?) -> Int
    private let workspace: URL
    private let indexPath: String
    private let finder: DuplicateFinder
    private var builder: CorpusIndexBuilder?

    /// The longest document that can be read, in bytes.
    public let longestDocument: Int

    /// - Parameters:
    ///   - settings: Its memory is for all together.
    ///   - exact: The least bytes of a part that stands twice; nil if they are not looked for.
    ///   - workspace: Where scratch files and the index go; nil for the system's temporary folder.
    ///   - rank: Of a document with that licence; of a cluster one of the least rank is kept.
    /// - Throws: ``ProvenanceError`` for settings out of range or a folder that cannot be written.
    public init(
        _ settings: DuplicateSettings = .init(), exact: Int? = nil, workspace: URL? = nil,
        rank: @escaping (_ licence: String?) -> Int = { _ in 0 }
    ) throws(ProvenanceError) {
        guard exact ?? 1 > 0 else {
            throw ProvenanceError("parts of \(exact ?? 0) bytes", expected: "1 or more")
        }
        self.settings = settings
        self.exact = exact
        self.rank = rank
        self.workspace = workspace ?? FileManager.default.temporaryDirectory
        indexPath = self.workspace.appendingPathComponent("retort-\(UUID().uuidString)").path
        var own = settings
        if exact != nil {
            try settings.validate()
            own.memoryBytes = max(1 << 20, settings.memoryBytes / 8)
            guard own.memoryBytes <= settings.memoryBytes / 2 else {
                throw ProvenanceError(
                    "\(settings.memoryBytes) bytes of memory",
                    expected: "\(2 << 20) bytes or more to look for exact parts")
            }
        }
        finder = try DuplicateFinder(own, workspace: workspace)
        if exact != nil {
            let builder = try CorpusIndexBuilder(
                path: indexPath,
                options: .init(memory: settings.memoryBytes - own.memoryBytes))
            longestDocument = builder.longestDocument
            self.builder = builder
        } else {
            longestDocument = .max
        }
    }

    deinit { try? FileManager.default.removeItem(atPath: indexPath) }

    public func add(_ bytes: UnsafeRawBufferPointer, _ document: CorpusDocument)
        throws(ProvenanceError)
    {
        try finder.add(
            bytes.bindMemory(to: UInt8.self), name: document.place, title: document.name,
            rank: rank(document.licence))
        try builder?.add(bytes, document)
    }

    /// Compares the documents. Called once.
    /// - Throws: ``ProvenanceError`` if the scratch files fail.
    public func finish() throws -> (duplicates: DuplicateReport, exact: ExactRepeats?) {
        _ = try builder?.finish()
        // Its memory goes with it.
        let isIndexed = builder != nil
        builder = nil
        var duplicates = try finder.finish()
        duplicates.settings = settings
        guard isIndexed, let exact else { return (duplicates, nil) }
        defer { try? FileManager.default.removeItem(atPath: indexPath) }
        let repeats = try ExactRepeats(
            try CorpusIndex(path: indexPath), minimum: exact, scratch: workspace)
        return (duplicates, repeats)
    }

    /// Writes the corpus without the documents that ``finish()`` found to be removable.
    /// - Parameter reader: As the corpus was read.
    /// - Throws: ``ProvenanceError`` if the corpus is not what it was any more, and as ``CorpusCopy`` does.
    public func write(_ copy: CorpusCopy, reader: CorpusReader) throws(ProvenanceError)
        -> CorpusCopy.Summary
    {
        var removable = finder.removable[...]
        var documents = 0
        return try copy.write(
            reader: reader, longest: longestDocument
        ) { number, document, bytes throws(ProvenanceError) in
            guard try finder.has(number, name: document.place, bytes: bytes) else {
                throw Self.changed(document.place)
            }
            documents += 1
            guard removable.first == number else { return true }
            removable.removeFirst()
            return false
        } complete: { () throws(ProvenanceError) in
            guard documents == finder.documents else { throw Self.changed("its end") }
        }
    }

    private static func changed(_ place: String) -> ProvenanceError {
        ProvenanceError(
            "the corpus changed while it was read: it is another at \(place)",
            advice: "run it again while nobody writes there")
    }
}
