// SPDX-License-Identifier: Apache-2.0

/// What may tie a key to others: templates, prompts, addresses and hours. Constant memory.
struct KeyLinks: Sendable {
    mutating func add(_ record: RequestRecord) {}
    var byteCount: Int { 0 }
}
