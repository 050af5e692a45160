// SPDX-License-Identifier: Apache-2.0

import Foundation

/// Times as they stand in datasets.
enum DatasetDate {
    /// As `2026-01-31T12:00:00Z`.
    static func text(_ seconds: Double) -> String {
        Date(timeIntervalSince1970: seconds).formatted(.iso8601)
    }

    /// As `2026-01-31`.
    static func day(_ seconds: Double) -> String { String(text(seconds).prefix(10)) }
}
