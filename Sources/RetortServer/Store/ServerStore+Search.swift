// SPDX-License-Identifier: Apache-2.0

import GRDB

extension ServerStore {
    /// A part of an owner's conversations: the pinned ones first, then by the time of their last
    /// message, the newest first.
    /// - Parameters:
    ///   - query: Words that the title or messages begin words with, all of them; nil lists all.
    ///   - cursor: Where the part before this one ended.
    /// - Throws: ``APIError`` for a cursor that is none.
    package func conversations(
        owner: String, query: String? = nil, limit: Int = 50, cursor: String? = nil
    ) async throws -> (conversations: [StoredConversation], next: String?) {
        let position = try cursor.map { try ListPosition($0) }
        let words = query.map { SearchWords($0) }
        if let words, words.isEmpty {
            // White space alone is no query; signs alone are in no text.
            guard words.isBlank else { return ([], nil) }
        }
        let patterns = words?.patterns ?? []
        return try await pool.read { db in
            var sql = StoredConversation.select + " WHERE c.owner = ? AND c.deleted IS NULL"
            var arguments: StatementArguments = [owner]
            for pattern in patterns {
                sql += """
                     AND c.sequence IN (SELECT rowid FROM titles WHERE titles MATCH ?
                        UNION SELECT m.conversation FROM texts t JOIN messages m
                        ON m.sequence = t.rowid WHERE texts MATCH ?)
                    """
                arguments += [pattern, pattern]
            }
            if let position {
                sql += " AND (c.pinned, c.updated, c.sequence) < (?, ?, ?)"
                arguments += [position.pinned, position.updated, position.sequence]
            }
            sql += " ORDER BY c.pinned DESC, c.updated DESC, c.sequence DESC LIMIT ?"
            arguments += [limit + 1]
            var found = try Row.fetchAll(db, sql: sql, arguments: arguments)
                .map { try StoredConversation($0) }
            let hasMore = found.count > limit
            if hasMore { found.removeLast() }
            if !patterns.isEmpty {
                let any = patterns.joined(separator: " OR ")
                for index in found.indices {
                    found[index].snippet = try Self.snippet(any, found[index].sequence, db)
                }
            }
            return (found, hasMore ? found.last.map { ListPosition($0).text } : nil)
        }
    }

    /// Text around the words in the newest message that has one; nil if only the title does.
    private static func snippet(_ pattern: String, _ conversation: Int64, _ db: Database) throws
        -> String?
    {
        let text = try String.fetchOne(
            db,
            sql: """
                SELECT snippet(texts, 0, '', '', '…', 16) FROM texts
                WHERE texts MATCH ? AND rowid IN
                    (SELECT sequence FROM messages WHERE conversation = ?)
                ORDER BY rank LIMIT 1
                """, arguments: [pattern, conversation])
        return text.map { $0.split(whereSeparator: \.isWhitespace).joined(separator: " ") }
    }
}

/// The words of a query as patterns of FTS5.
private struct SearchWords {
    let patterns: [String]
    let isBlank: Bool

    init(_ query: String) {
        // What means something to FTS5 is quoted; a null byte would end the text.
        let words = query.replacing("\0", with: " ").split(whereSeparator: \.isWhitespace)
        isBlank = words.isEmpty
        patterns = words.filter { $0.contains { $0.isLetter || $0.isNumber } }.prefix(32)
            .map { "\"\($0.replacing("\"", with: "\"\""))\"*" }
    }

    var isEmpty: Bool { patterns.isEmpty }
}

/// Where in the order of the list a conversation is.
private struct ListPosition {
    let pinned: Bool
    let updated: Double
    let sequence: Int64

    init(_ conversation: StoredConversation) {
        pinned = conversation.pinned
        updated = conversation.updated
        sequence = conversation.sequence
    }

    init(_ cursor: String) throws(APIError) {
        let parts = cursor.split(separator: "-", omittingEmptySubsequences: false)
        guard parts.count == 3, parts[0] == "0" || parts[0] == "1",
            let bits = UInt64(parts[1], radix: 36), let sequence = Int64(parts[2], radix: 36)
        else { throw .invalid("cursor", "is none that a list ended with") }
        pinned = parts[0] == "1"
        updated = Double(bitPattern: bits)
        self.sequence = sequence
    }

    /// The time bit by bit: a rounded one would skip or repeat a conversation.
    var text: String {
        let bits = String(updated.bitPattern, radix: 36)
        return "\(pinned ? 1 : 0)-\(bits)-\(String(sequence, radix: 36))"
    }
}
