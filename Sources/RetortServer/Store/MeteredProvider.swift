// SPDX-License-Identifier: Apache-2.0
//
// Every answer's tokens count to the key that asked for it, whichever API it came by.

import RetortEngine

/// Models whose use is counted.
public struct MeteredProvider: WrappingProvider {
    public let provider: any ModelProvider
    private let keys: KeyGuard

    public init(_ provider: any ModelProvider, keys: KeyGuard) {
        self.provider = provider
        self.keys = keys
    }

    public func wrapped(_ backend: any GenerationBackend, id: String) -> any GenerationBackend {
        MeteredBackend(backend: backend, keys: keys)
    }
}

private struct MeteredBackend: WrappingBackend {
    let backend: any GenerationBackend
    let keys: KeyGuard

    func submit(_ request: EngineRequest) throws(EngineRefusal) -> GenerationTask {
        let client = request.client
        // What was computed counts, whether or not somebody listens to the end.
        return try backend.submit(request).heard(with: keys) { keys, event, continuation in
            if case .finished(_, let usage) = event { keys.record(usage, client: client) }
            continuation.yield(event)
        }
    }
}
