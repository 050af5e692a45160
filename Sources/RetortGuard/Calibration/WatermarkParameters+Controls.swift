// SPDX-License-Identifier: Apache-2.0

import RetortEngine

extension WatermarkParameters {
    /// The same with a key that nobody used, for controls.
    func rekeyed(_ random: inout SeededGenerator) -> WatermarkParameters {
        var other = self
        switch secret {
        case .philox: other.secret = WatermarkKey.secret(.philox, &random)
        case .hmac: other.secret = WatermarkKey.secret(.hmac, &random)
        case .synthIDText(let keys):
            other.secret = .synthIDText(keys.map { _ in Int64(random.next() >> 1) })
        }
        return other
    }
}
