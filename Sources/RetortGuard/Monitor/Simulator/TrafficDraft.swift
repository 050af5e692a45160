// SPDX-License-Identifier: Apache-2.0

/// A request of the simulator before it has a time and an id.
struct TrafficDraft {
    var system: String?
    var user = ""
    var turns = 1
    var completion = 300
    var reasoning = 0
    var temperature: Double?
    var topP: Double?
    var maxTokens: Int?
    var n = 1
    var logprobs: Int?
    var isStream = false
}
