// SPDX-License-Identifier: Apache-2.0

import HTTPTypes
import RetortGuard
import Synchronization

/// What is done about keys while the server runs.
public final class LiveMeasures: Sendable {
    private struct State {
        var measures: Measures
        /// When a slowed key's next request may come.
        var next: [String: ContinuousClock.Instant] = [:]
    }

    private let state: Mutex<State>
    /// A slowed key gets one answer in this time.
    public static let interval = Duration.seconds(10)

    public init(_ measures: Measures = Measures()) { state = Mutex(State(measures: measures)) }

    func replace(with measures: Measures) {
        state.withLock { state in
            state.measures = measures
            state.next = state.next.filter { measures.actions[$0.key] == .slow }
        }
    }

    func action(for key: String) -> MonitorAction? {
        state.withLock { $0.measures.actions[key] }
    }

    /// Why a key's request is not answered; nil if it is.
    func refusal(of key: String) -> APIError? {
        state.withLock { state in
            switch state.measures.actions[key] {
            case .block:
                return APIError(
                    .forbidden,
                    "this key is stopped while its use is looked into; write to who runs this server to be heard",
                    type: "permission_error", code: "key_blocked")
            case .slow:
                let now = ContinuousClock.now
                if let next = state.next[key], next > now {
                    let seconds = Int((next - now).components.seconds) + 1
                    return APIError(
                        .tooManyRequests,
                        "this key may ask once in \(Self.interval.components.seconds) seconds while its use is looked into",
                        type: "rate_limit_error", code: "key_slowed", retryAfter: seconds)
                }
                state.next[key] = now + Self.interval
                return nil
            case .hideThoughts, .watch, nil: return nil
            }
        }
    }
}
