// SPDX-License-Identifier: Apache-2.0
//
// The engine's thread: takes what came in, admits, decodes a token of every running sequence, reads a
// piece of one prompt, and again.

import Foundation
import RetortFormats
import RetortModels
import RetortTensor

final class EngineLoop: @unchecked Sendable {
    // Safety: the engine's thread alone touches what is declared below `thread's own`.
    let mailbox: EngineMailbox
    let contextLength: Int
    private let model: ReasoningModel

    // The thread's own.
    let runner: ModelRunner
    let pool: KVPool
    var scheduler: Scheduler
    var prefix = PrefixCache()
    var sequences: [Scheduler.ID: EngineSequence] = [:]
    var statistics = EngineStatistics()
    private var nextID = 0
    private var embeddings: [EngineMailbox.Embedding] = []
    private var stop: Bool?
    /// Logits before the sampler changed them.
    let raw: AlignedBuffer
    /// A prompt can be gone on with after a multiple of so many tokens without a bit being different
    /// from reading it as a whole.
    let granularity: Int
    private var decodeTokens: [Int32] = []
    private var decodeCaches: [KVCache] = []
    private var decodeSequences: [EngineSequence] = []

    /// Prompts are cut at multiples of this many tokens, wherever the reading starts: a multiple of a
    /// page.
    static let prefillChunk = 2 * KVPool.pageTokens

    init(_ model: ReasoningModel, options: InferenceEngine.Options) throws {
        let longest = model.config.maxPositionEmbeddings
        let context = options.contextLength ?? min(longest, 32_768)
        guard 1...longest ~= context else {
            throw EngineError("a context of \(context) is not within 1 … \(longest)")
        }
        guard 1...16 ~= options.maximumRunning else {
            throw EngineError("\(options.maximumRunning) sequences at a time are not within 1 … 16")
        }
        guard options.maximumWaiting >= 0 else {
            throw EngineError("\(options.maximumWaiting) requests cannot wait")
        }
        guard
            let tokenBytes = KVPool.bytesPerToken(model.config, dtype: options.cacheType)
        else {
            throw EngineError("a cache of \(options.cacheType.rawValue) does not suit this model")
        }
        let quarter = Int(clamping: ProcessInfo.processInfo.physicalMemory / 4)
        let tokens =
            options.cacheTokens ?? max(context, min(8 * context, quarter / max(tokenBytes, 1)))
        self.model = model
        // A sequence must be able to run alone.
        contextLength = min(context, max(tokens, KVPool.pageTokens))
        runner = try ModelRunner(model.languageModel, batchSize: Self.prefillChunk)
        pool = try runner.makePool(pages: KVCache.pages(for: tokens), dtype: options.cacheType)
        granularity = model.languageModel.readsPromptsAlike ? 1 : Self.prefillChunk
        scheduler = Scheduler(maximumRunning: options.maximumRunning)
        raw = try .floats(model.config.vocabSize)
        mailbox = EngineMailbox(
            maximumWaiting: options.maximumWaiting, maximumRunning: options.maximumRunning)
    }

    func start() {
        let thread = Thread { self.run() }
        thread.name = "retort.engine"
        thread.qualityOfService = .userInitiated
        // The default of half a megabyte is little for a template's or a grammar's recursion.
        thread.stackSize = 8 << 20
        thread.start()
    }

    /// Whether a request can be computed at all, and how many tokens it may generate.
    func check(_ request: EngineRequest) throws(EngineRefusal) -> Int {
        let generation = request.generation
        func refuse(_ parameter: String, _ error: EngineError) -> EngineRefusal {
            .invalid(parameter: parameter, error)
        }
        if let error = problem(withPrompt: generation.prompt) { throw refuse("prompt", error) }
        do { try generation.sampling.validate() } catch { throw refuse("sampling", error) }
        guard generation.speculation == nil else {
            throw refuse(
                "speculation", EngineError("requests that share passes cannot guess ahead"))
        }
        for count in [request.topLogprobs, request.promptTopLogprobs] {
            if let count, !(0...100 ~= count) {
                throw refuse("logprobs", EngineError("\(count) logprobs are not within 0 … 100"))
            }
        }
        let room = contextLength - generation.prompt.count
        let wanted = generation.maximumTokens ?? room
        guard wanted >= 0 else {
            throw refuse("maximumTokens", EngineError("\(wanted) tokens cannot be generated"))
        }
        return min(wanted, room)
    }

    /// Why a prompt cannot be computed.
    func problem(withPrompt prompt: [Int32]) -> EngineError? {
        guard !prompt.isEmpty else { return EngineError("the prompt is empty") }
        guard prompt.count < contextLength else {
            return EngineError(
                "the prompt has \(prompt.count) tokens, the context holds \(contextLength) with the answer"
            )
        }
        let size = model.config.vocabSize
        if let token = prompt.first(where: { $0 < 0 || Int($0) >= size }) {
            return EngineError("token \(token) is not in the vocabulary of \(size)")
        }
        return nil
    }

    private func run() {
        publish()
        while true {
            let isIdle = scheduler.isIdle && embeddings.isEmpty
            if isIdle, stop != nil { break }
            let contents = mailbox.collect(waits: isIdle)
            stop = contents.stop
            embeddings += contents.embeddings
            for submission in contents.submissions { enqueue(submission) }
            dropCancelled()
            while let id = scheduler.admit() { admit(id) }
            while let change = scheduler.displace() {
                giveWay(change.displaced)
                admit(change.admitted)
            }
            if !embeddings.isEmpty { embed(embeddings.removeFirst()) }
            step(scheduler.step())
            publish()
        }
        prefix.removeAll(in: pool)
        mailbox.end()
    }

    private func enqueue(_ submission: EngineMailbox.Submission) {
        let id = nextID
        nextID += 1
        do {
            let sequence = try EngineSequence(
                id: id, request: submission.request, wishes: submission.wishes,
                continuation: submission.continuation, model: model, limit: submission.limit,
                accepted: submission.accepted)
            let client = submission.request.client
            // The mailbox counted the places; a sequence that lost its own may take one more.
            scheduler.enqueue(id, client: client, unread: sequence.unread)
            sequences[id] = sequence
            sequence.yield(.queued(ahead: scheduler.ahead(of: id)))
        } catch {
            statistics.failures += 1
            submission.continuation.yield(
                .failed(error as? EngineError ?? EngineError("\(error)")))
            submission.continuation.finish()
        }
    }

    private func dropCancelled() {
        for id in scheduler.all {
            guard let sequence = sequences[id] else { continue }
            if stop == false || sequence.wishes.cancellation.isCancelled {
                end(sequence, .cancelled)
            }
        }
    }

    private func admit(_ id: Scheduler.ID) {
        guard let sequence = sequences[id] else { return }
        sequence.cache = runner.makeCache(in: pool, capacity: contextLength)
    }

    private func step(_ step: Scheduler.Step) {
        if !step.decode.isEmpty { decode(step.decode) }
        // Memory may have run out for it since.
        if let id = step.prefill, let sequence = sequences[id], sequence.cache != nil {
            prefill(sequence)
        }
    }

    /// One token of every running sequence.
    private func decode(_ ids: [Scheduler.ID]) {
        decodeTokens.removeAll(keepingCapacity: true)
        decodeCaches.removeAll(keepingCapacity: true)
        decodeSequences.removeAll(keepingCapacity: true)
        for id in ids {
            guard let sequence = sequences[id], let cache = sequence.cache else { continue }
            guard reserve(1, sequence) else { continue }
            guard let token = sequence.tokens.last else { continue }
            decodeTokens.append(token)
            decodeCaches.append(cache)
            decodeSequences.append(sequence)
        }
        // Making room for one may have taken the place of another that was looked at before.
        for index in decodeSequences.indices.reversed() where decodeSequences[index].cache == nil {
            decodeTokens.remove(at: index)
            decodeCaches.remove(at: index)
            decodeSequences.remove(at: index)
        }
        guard !decodeTokens.isEmpty else { return }
        do {
            let start = ContinuousClock.now
            let logits = try runner.forward(decodeTokens, caches: decodeCaches)
            didCompute(decodeSequences, since: start)
            statistics.passes += 1
            statistics.sequencesInPasses += decodeTokens.count
            let size = model.config.vocabSize
            for (index, sequence) in decodeSequences.enumerated() {
                keepPages(of: sequence)
                scheduler.didGenerate(sequence.id)
                let line = UnsafeMutableBufferPointer(
                    rebasing: logits[(index * size)..<((index + 1) * size)])
                choose(sequence, line)
            }
        } catch {
            for sequence in decodeSequences { fail(sequence, error) }
        }
    }

    /// A piece of a prompt.
    private func prefill(_ sequence: EngineSequence) {
        guard let cache = sequence.cache else { return }
        if cache.count == 0 { adopt(sequence, cache) }
        let start = cache.count
        let count = min(sequence.unread, Self.prefillChunk - start % Self.prefillChunk)
        guard reserve(count, sequence) else { return }
        let begin = ContinuousClock.now
        do {
            let part = Array(sequence.tokens[start..<(start + count)])
            let left = sequence.unread - count
            if let top = sequence.request.promptTopLogprobs, sequence.readsPrompt {
                try readPrompt(part, of: sequence, cache, top: top, isLast: left == 0)
            } else if left > 0 {
                try runner.append(part, cache: cache)
            } else {
                let logits = try runner.forward(part, cache: cache)
                didCompute(CollectionOfOne(sequence), since: begin)
                didRead(sequence, count, left: 0)
                return choose(sequence, logits)
            }
            didCompute(CollectionOfOne(sequence), since: begin)
            didRead(sequence, count, left: left)
        } catch {
            fail(sequence, error)
        }
    }

    private func didCompute(
        _ sequences: some Collection<EngineSequence>, since start: ContinuousClock.Instant
    ) {
        let seconds = (ContinuousClock.now - start) / .seconds(1) / Double(sequences.count)
        let threads = model.languageModel.threadCount
        for sequence in sequences { sequence.didCompute(seconds: seconds, threads: threads) }
    }

    /// Begins with what is known of the prompt.
    private func adopt(_ sequence: EngineSequence, _ cache: KVCache) {
        // All logits are wanted, or those of the last token.
        let most =
            sequence.request.promptTopLogprobs != nil && sequence.readsPrompt
            ? 0 : sequence.unread - 1
        let known = prefix.match(sequence.tokens, granularity: granularity, most: most)
        cache.adopt(known.pages, tokens: known.tokens)
        sequence.node = known.node
        sequence.keptPages = known.wholePages
        if sequence.readsPrompt {
            statistics.promptTokens += cache.count
            statistics.cachedTokens += cache.count
        }
        sequence.begin(cached: cache.count)
        sequence.yield(
            .prompt(
                processed: cache.count, total: sequence.usage.promptTokens, cached: cache.count))
    }

    private func didRead(_ sequence: EngineSequence, _ count: Int, left: Int) {
        scheduler.didRead(sequence.id, count, left: left)
        keepPages(of: sequence)
        guard sequence.readsPrompt, let cache = sequence.cache else { return }
        statistics.promptTokens += count
        sequence.yield(
            .prompt(
                processed: cache.count, total: sequence.usage.promptTokens,
                cached: sequence.usage.cachedTokens))
    }

    /// Reads a piece of a prompt whose log-probabilities are wanted.
    private func readPrompt(
        _ part: [Int32], of sequence: EngineSequence, _ cache: KVCache, top: Int, isLast: Bool
    ) throws {
        let start = cache.count
        if start == 0 {
            sequence.yieldPrompt(TokenLogprobs(token: part[0], logprob: nil, top: []), at: 0)
        }
        let size = model.config.vocabSize
        // The pass lends its logits for a moment, and `choose` takes `raw` for a copy of its own.
        let last = UnsafeMutableBufferPointer<Float>.allocate(capacity: isLast ? size : 0)
        defer { last.deallocate() }
        var reader = LogprobReader(count: top)
        try runner.forwardAll(part, cache: cache) { index, logits in
            let next = start + index + 1
            if next < sequence.tokens.count {
                reader.read(logits)
                let token = sequence.tokens[next]
                sequence.yieldPrompt(
                    reader.logprobs(of: token, logit: logits[Int(token)]), at: next)
            } else if isLast {
                _ = last.initialize(from: logits)
            }
        }
        if isLast { choose(sequence, last) }
    }

    private func choose(_ sequence: EngineSequence, _ logits: UnsafeMutableBufferPointer<Float>) {
        guard sequence.limit > 0 else { return end(sequence, .length) }
        do {
            let reason = try sequence.take(
                logits, raw: UnsafeMutableBufferPointer(start: raw.floats, count: logits.count),
                stopTokens: model.stopTokens)
            if sequence.usage.completionTokens > 0 { statistics.generatedTokens += 1 }
            if let reason { end(sequence, reason) }
        } catch {
            fail(sequence, error)
        }
    }

    private func embed(_ embedding: EngineMailbox.Embedding) {
        embedding.continuation.resume(
            with: Result { try runner.meanHiddenState(of: embedding.tokens) })
    }

    func publish() {
        statistics.running = scheduler.running
        statistics.waiting = scheduler.waiting
        statistics.pages = pool.pageCount
        statistics.freePages = pool.freePages
        statistics.keptPages = prefix.pageCount
        mailbox.publish(statistics)
    }
}
