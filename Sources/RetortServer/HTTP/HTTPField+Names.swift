// SPDX-License-Identifier: Apache-2.0

import HTTPTypes

extension HTTPField.Name {
    static let requestID = known("X-Request-Id")
    static let apiKey = known("X-Api-Key")
    static let resumable = known("X-Retort-Resumable")
    static let watermark = known("X-Retort-Watermark")
    static let accelBuffering = known("X-Accel-Buffering")
    static let lastEventID = known("Last-Event-ID")
    static let referrerPolicy = known("Referrer-Policy")
    static let crossOriginOpenerPolicy = known("Cross-Origin-Opener-Policy")

    /// The initializer returns nil for names with characters that none of these has.
    private static func known(_ name: String) -> Self {
        guard let name = Self(name) else { preconditionFailure("not a field's name") }
        return name
    }
}
