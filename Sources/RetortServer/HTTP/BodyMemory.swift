// SPDX-License-Identifier: Apache-2.0

import HTTPTypes
import Synchronization

/// Counts the bytes of all bodies that are being read, so that many long ones at once do not take all
/// memory.
final class BodyMemory: Sendable {
    private let used = Atomic(0)
    private let limit: Int

    init(limit: Int) { self.limit = limit }

    func share() -> Share { Share(self) }

    /// One request's part.
    final class Share: Sendable {
        private let memory: BodyMemory
        private let taken = Atomic(0)

        fileprivate init(_ memory: BodyMemory) { self.memory = memory }

        /// - Throws: ``APIError`` 503 if others have all of the memory.
        func take(_ bytes: Int) throws(APIError) {
            taken.add(bytes, ordering: .relaxed)
            let used = memory.used.add(bytes, ordering: .relaxed).newValue
            guard used <= memory.limit else {
                var error = APIError(
                    .serviceUnavailable, "other requests' bodies take all memory meant for them",
                    type: "unavailable_error", code: "unavailable", retryAfter: 5)
                error.closesConnection = true
                throw error
            }
        }

        func release() {
            memory.used.subtract(taken.exchange(0, ordering: .relaxed), ordering: .relaxed)
        }
    }
}
