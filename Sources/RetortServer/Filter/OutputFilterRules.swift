// SPDX-License-Identifier: Apache-2.0

import RetortProvenance

/// What happens to answers that repeat a protected text.
public struct OutputFilterRules: Sendable {
    public enum Action: String, Sendable, CaseIterable {
        /// Nothing.
        case off
        /// The answer ends before the copy, with the finish reason `content_filter`.
        case block
        /// The copy is drawn again from where it began, with other tokens; after a few tries it is blocked.
        case resample
        /// The answer stays and names the text and its licence at its end.
        case cite
    }

    public let index: ProtectedTextIndex
    public var action: Action
    /// By the API's name (`GuardPolicy.routes`).
    public var routes: [String: Action]

    public init(
        _ index: ProtectedTextIndex, action: Action = .block, routes: [String: Action] = [:]
    ) {
        self.index = index
        self.action = action
        self.routes = routes
    }

    func action(route: String) -> Action { routes[route] ?? action }
}
