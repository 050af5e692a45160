// SPDX-License-Identifier: Apache-2.0

import RetortServer
import Synchronization
import Testing

/// Loads scripted models and notes which.
private final class Loads: Sendable {
    private let state = Mutex<(names: [String], backends: [String: ScriptedBackend])>(([], [:]))
    private let time = Mutex(ContinuousClock.now)
    let failing: Set<String>

    init(failing: Set<String> = []) { self.failing = failing }

    var names: [String] { state.withLock { $0.names } }
    var now: ContinuousClock.Instant { time.withLock { $0 } }

    func backend(_ name: String) -> ScriptedBackend? { state.withLock { $0.backends[name] } }
    func pass(_ duration: Duration) { time.withLock { $0 = $0.advanced(by: duration) } }

    func load(_ name: String) throws -> ScriptedBackend {
        let backend = try ScriptedBackend(saying: ["a"])
        state.withLock { state in
            state.names.append(name)
            state.backends[name] = backend
        }
        if failing.contains(name) { throw ServerError("the file is damaged") }
        return backend
    }

    func registry(_ change: (inout ModelRegistry.Options) -> Void = { _ in }) -> ModelRegistry {
        var options = ModelRegistry.Options()
        change(&options)
        let models = ["a", "b", "c"].map { ModelDescription(id: $0, created: 0) }
        return ModelRegistry(models, options: options, now: { self.now }) { model in
            try self.load(model.id)
        }
    }
}

@Suite struct ModelRegistryTests {
    @Test("a model is loaded when it is asked for, once, and the first is the default")
    func onDemand() async throws {
        let loads = Loads()
        let registry = loads.registry()
        #expect(await registry.loaded().isEmpty)
        #expect(await registry.isReady())
        try await withThrowingTaskGroup(of: String.self) { group in
            for _ in 0..<8 { group.addTask { try await registry.lease(nil).id } }
            for try await id in group { #expect(id == "a") }
        }
        #expect(loads.names == ["a"])
        #expect(await registry.models().map(\.isLoaded) == [true, false, false])
    }

    @Test("an unknown name is told, and one that cannot be loaded is tried again next time")
    func faults() async throws {
        let loads = Loads(failing: ["b"])
        let registry = loads.registry()
        await #expect(throws: ModelFault.unknown("x")) { try await registry.lease("x") }
        for _ in 0..<2 {
            await #expect(throws: ModelFault.self) { try await registry.lease("b") }
        }
        #expect(loads.names == ["b", "b"])
    }

    @Test("the least recently used model makes room, one in use never")
    func eviction() async throws {
        let loads = Loads()
        let registry = loads.registry { $0.maximumLoaded = 2 }
        let a = try await registry.lease("a")
        loads.pass(.seconds(1))
        var b: ModelLease? = try await registry.lease("b")
        await #expect(throws: ModelFault.self) { try await registry.lease("c") }
        #expect(loads.backend("a")?.isStopped == false)
        b = nil
        var c: ModelLease?
        while c == nil {
            c = try? await registry.lease("c")
            await Task.yield()
        }
        #expect(b == nil && c?.id == "c")
        #expect(loads.backend("b")?.isStopped == true)
        #expect(loads.backend("a")?.isStopped == false)
        #expect(await registry.loaded().map(\.id) == ["a", "c"])
        withExtendedLifetime(a) {}
    }

    @Test("a model that was not used for the keep-alive time is unloaded")
    func keepAlive() async throws {
        let loads = Loads()
        let registry = loads.registry { $0.keepAlive = .seconds(60) }
        var lease: ModelLease? = try await registry.lease("a")
        loads.pass(.seconds(100))
        await registry.unloadIdle()
        #expect(await registry.loaded().count == 1)
        #expect(lease != nil)
        lease = nil
        // The registry hears of a lease's end a little later.
        while await !registry.loaded().isEmpty {
            loads.pass(.seconds(100))
            await registry.unloadIdle()
            await Task.yield()
        }
        #expect(loads.backend("a")?.isStopped == true)
    }

    @Test("after stop nothing is lent any more")
    func stop() async throws {
        let loads = Loads()
        let registry = loads.registry()
        _ = try await registry.lease("a")
        await registry.stop(finishing: true)
        #expect(loads.backend("a")?.isStopped == true)
        #expect(await !registry.isReady())
        await #expect(throws: ModelFault.self) { try await registry.lease("a") }
    }
}
