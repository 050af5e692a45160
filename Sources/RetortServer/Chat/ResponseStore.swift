// SPDX-License-Identifier: Apache-2.0

import RetortJSON
import RetortTemplates
import Synchronization

/// Responses that later requests go on from, in memory: the newest ones, as many as fit.
final class ResponseStore: Sendable {
    struct Entry: Sendable {
        /// The conversation with the answer, without instructions, which are not carried over.
        var messages: [Message]
        var json: JSONValue
        var owner: String?
        var bytes: Int
    }

    private struct State {
        var entries: [String: Entry] = [:]
        /// The oldest first.
        var order: [String] = []
        var bytes = 0

        mutating func remove(_ id: String) {
            guard let entry = entries.removeValue(forKey: id) else { return }
            bytes -= entry.bytes
            order.removeAll { $0 == id }
        }
    }

    private let state = Mutex(State())
    private let maximumBytes: Int

    init(maximumBytes: Int) { self.maximumBytes = maximumBytes }

    func add(_ id: String, _ messages: [Message], _ json: JSONValue, owner: String?) {
        let text = messages.reduce(0) {
            $0 + ($1.content?.text.utf8.count ?? 0) + ($1.reasoningContent?.utf8.count ?? 0)
                + $1.toolCalls.reduce(64) { $0 + $1.arguments.utf8.count }
        }
        let entry = Entry(
            messages: messages, json: json, owner: owner, bytes: text + json.text().utf8.count)
        state.withLock { state in
            state.entries[id] = entry
            state.order.append(id)
            state.bytes += entry.bytes
            while state.bytes > maximumBytes, let oldest = state.order.first {
                state.remove(oldest)
            }
        }
    }

    /// The response, if `owner` may see it.
    func find(_ id: String, owner: String?) -> Entry? {
        state.withLock { $0.entries[id] }.flatMap { $0.owner == owner ? $0 : nil }
    }

    func remove(_ id: String) { state.withLock { $0.remove(id) } }
}
