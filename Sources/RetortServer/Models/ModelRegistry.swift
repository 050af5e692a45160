// SPDX-License-Identifier: Apache-2.0
//
// Models by name, loaded when they are asked for. A model in use is never unloaded: leases count
// its users, and the least recently used one without any makes room.

/// Loads models on demand, at most so many at a time.
public actor ModelRegistry: ModelProvider {
    public struct Options: Sendable {
        /// Models that are loaded at a time.
        public var maximumLoaded = 1
        /// How long an unused model stays; nil keeps it until another needs its place.
        public var keepAlive: Duration?
        /// What clients are told to wait when all places are taken.
        public var retryAfter = 5

        public init() {}
    }

    public typealias Loader = @Sendable (ModelDescription) async throws -> any GenerationBackend

    private enum Place {
        case loading(Task<any GenerationBackend, any Error>)
        case loaded(any GenerationBackend)
    }

    private struct Entry {
        let place: Place
        var users = 0
        var lastUse: ContinuousClock.Instant

        var isLoaded: Bool {
            if case .loaded = place { return true }
            return false
        }
    }

    private let names: [ModelDescription]
    private let options: Options
    private let loader: Loader
    private let now: @Sendable () -> ContinuousClock.Instant
    private var entries: [String: Entry] = [:]
    private var isStopping = false
    private var hasLoaded = false

    /// - Parameters:
    ///   - models: What may be asked for, the default one first.
    ///   - options: How many, how long.
    ///   - now: The clock.
    ///   - loader: Opens a model. Called once at a time for each model.
    public init(
        _ models: [ModelDescription], options: Options = .init(),
        now: @escaping @Sendable () -> ContinuousClock.Instant = { .now },
        loader: @escaping Loader
    ) {
        names = models
        self.options = options
        self.now = now
        self.loader = loader
    }

    public func models() -> [ModelDescription] {
        names.map { model in
            var model = model
            if case .loaded(let backend) = entries[model.id]?.place {
                model.isLoaded = true
                model.contextLength = backend.contextLength
            }
            return model
        }
    }

    public func loaded() -> [(id: String, backend: any GenerationBackend)] {
        names.compactMap { model in
            guard case .loaded(let backend) = entries[model.id]?.place else { return nil }
            return (model.id, backend)
        }
    }

    /// True once a model was loaded, or if none is being loaded.
    public func isReady() -> Bool {
        guard !isStopping else { return false }
        return hasLoaded || entries.isEmpty
    }

    public func lease(_ name: String?) async throws(ModelFault) -> ModelLease {
        guard !isStopping else {
            throw .unavailable(
                "the server is shutting down and takes no more requests",
                retryAfter: options.retryAfter)
        }
        guard let model = name.map({ name in names.first { $0.id == name } }) ?? names.first else {
            throw .unknown(name ?? "")
        }
        if entries[model.id] == nil {
            try await makeRoom(for: model.id)
            // Another call may have come first while a model was stopped.
            if entries[model.id] == nil {
                let loader = loader
                entries[model.id] = Entry(
                    place: .loading(Task { try await loader(model) }), lastUse: now())
            }
        }
        entries[model.id]?.users += 1
        do {
            let backend = try await self.backend(of: model.id)
            return ModelLease(id: model.id, backend: backend) { [self] in
                Task { await self.release(model.id) }
            }
        } catch {
            throw .broken("the model '\(model.id)' cannot be loaded: \(error)")
        }
    }

    private func backend(of id: String) async throws -> any GenerationBackend {
        switch entries[id]?.place {
        case .loaded(let backend): return backend
        case nil: throw ServerError("it was unloaded while it was waited for")
        case .loading(let task):
            do {
                let backend = try await task.value
                if let entry = entries[id], case .loading = entry.place {
                    entries[id] = Entry(
                        place: .loaded(backend), users: entry.users, lastUse: entry.lastUse)
                    hasLoaded = true
                }
                return backend
            } catch {
                // Whoever asks next tries again.
                if case .loading = entries[id]?.place { entries[id] = nil }
                throw error
            }
        }
    }

    private func release(_ id: String) {
        guard entries[id] != nil else { return }
        entries[id]?.users -= 1
        entries[id]?.lastUse = now()
    }

    private func makeRoom(for id: String) async throws(ModelFault) {
        while entries[id] == nil, entries.count >= max(1, options.maximumLoaded) {
            let idle = entries.filter { $0.value.users == 0 && $0.value.isLoaded }
            guard let oldest = idle.min(by: { $0.value.lastUse < $1.value.lastUse })?.key else {
                throw .unavailable(
                    "\(entries.count) models are in use and no more are loaded at a time; try again in \(options.retryAfter) s",
                    retryAfter: options.retryAfter)
            }
            await unload(oldest)
        }
    }

    private func unload(_ id: String) async {
        guard case .loaded(let backend) = entries.removeValue(forKey: id)?.place else { return }
        await backend.stop(finishing: true)
    }

    /// Unloads what was not used for longer than the keep-alive time.
    public func unloadIdle() async {
        guard let keepAlive = options.keepAlive else { return }
        let limit = now().advanced(by: .zero - keepAlive)
        for (id, entry) in entries
        where entry.users == 0 && entry.isLoaded && entry.lastUse <= limit {
            await unload(id)
        }
    }

    /// Unloads idle models until the task is cancelled.
    public func watch(every interval: Duration = .seconds(5)) async {
        while !Task.isCancelled {
            do { try await Task.sleep(for: interval) } catch { return }
            await unloadIdle()
        }
    }

    public func stop(finishing: Bool) async {
        isStopping = true
        for (_, entry) in entries {
            if case .loaded(let backend) = entry.place { await backend.stop(finishing: finishing) }
        }
    }
}
