// SPDX-License-Identifier: Apache-2.0

import HTTPTypes

extension ClientIdentity {
    /// - Throws: ``APIError`` 403 if the key's scopes do not reach this path.
    func checkScope(_ path: String) throws(APIError) {
        guard let scopes, !scopes.contains(.admin) else { return }
        let needed: KeyScope = path.hasPrefix("/api/") ? .app : .api
        guard !scopes.contains(needed) else { return }
        throw APIError(
            .forbidden, "this key is not for \(path); it would need the scope '\(needed.rawValue)'",
            type: "permission_error", code: "insufficient_scope")
    }
}
