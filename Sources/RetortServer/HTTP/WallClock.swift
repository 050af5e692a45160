// SPDX-License-Identifier: Apache-2.0

import Foundation

/// The time of day, for `created`.
enum WallClock {
    static var seconds: Double { Date().timeIntervalSince1970 }
}
