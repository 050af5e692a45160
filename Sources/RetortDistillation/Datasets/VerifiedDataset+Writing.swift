// SPDX-License-Identifier: Apache-2.0

import Foundation
import RetortClient
import RetortJSON

extension VerifiedDataset {
    /// The names of the files of a dataset.
    public enum FileName {
        public static let samples = "train.jsonl"
        public static let statistics = "statistics.json"
        public static let contamination = "decontamination.jsonl"
        public static let duplicates = "duplicates.jsonl"
        public static let card = "README.md"
    }

    /// Judges, chooses and writes a directory, which gets its name when it is whole.
    /// - Throws: ``DistillationError``; `invalidInput` if there is something of that name, or if no
    ///   answer is kept.
    public func write(to directory: String) async throws(DistillationError) -> DatasetStatistics {
        let manager = FileManager.default
        guard !manager.fileExists(atPath: directory) else {
            throw DistillationError(
                .invalidInput, "\(directory) exists; name a new directory, or remove it first")
        }
        let partial = "\(directory).partial-\(ProcessInfo.processInfo.processIdentifier)"
        do {
            try? manager.removeItem(atPath: partial)
            try manager.createDirectory(atPath: partial, withIntermediateDirectories: true)
        } catch {
            throw DistillationError(
                .storage, "\(partial) cannot be made; check that its folder may be written")
        }
        do throws(DistillationError) {
            let statistics = try await write(into: partial)
            guard rename(partial, directory) == 0 else {
                throw DistillationError(
                    .storage, "\(directory) cannot be made: \(String(cString: strerror(errno)))")
            }
            return statistics
        } catch {
            try? manager.removeItem(atPath: partial)
            throw error
        }
    }

    private func write(into folder: String) async throws(DistillationError) -> DatasetStatistics {
        var candidates = try await candidates()
        var statistics = count(candidates)
        choose(&candidates)
        try await writeSamples(&candidates, into: folder)
        finish(&statistics, candidates)
        guard statistics.kept > 0 else {
            let reasons = Rejection.allCases.compactMap { reason in
                statistics.rejections[reason].map { "\(reason.rawValue) \($0)" }
            }
            throw DistillationError(
                .invalidInput,
                "no answer is left for the dataset (\(reasons.joined(separator: ", "))); collect more,"
                    + " or change what is kept")
        }
        try writeMatches(candidates, into: folder)
        try Self.write(
            statistics.json.text(.pretty), to: "\(folder)/\(FileName.statistics)")
        let card = DatasetCard(plan: plan, options: options, statistics: statistics)
        try Self.write(card.text, to: "\(folder)/\(FileName.card)")
        return statistics
    }

    private static func write(_ text: String, to path: String) throws(DistillationError) {
        let writer = try LineWriter(path: path)
        try writer.write(text.hasSuffix("\n") ? text.utf8.dropLast() : text.utf8[...])
        try writer.finish()
    }

    // MARK: Samples

    /// Writes the samples that are left, and rejects those that repeat one before them.
    private func writeSamples(_ candidates: inout [Candidate], into folder: String)
        async throws(DistillationError)
    {
        let writer = try LineWriter(path: "\(folder)/\(FileName.samples)")
        let repeats = try LineWriter(path: "\(folder)/\(FileName.duplicates)")
        var duplicates = NearDuplicates(shingleLength: options.shingleLength)
        for index in candidates.indices {
            guard case .correct(let verdict) = candidates[index].state else { continue }
            let planned = planned(index)
            let (stored, reply) = try await reply(planned)
            if let threshold = options.duplicateThreshold {
                let shingles = duplicates.shingles(reply.text)
                let signature = duplicates.signature(shingles)
                if let original = try await original(of: shingles, signature, duplicates, threshold)
                {
                    candidates[index].state = .rejected(.nearDuplicate)
                    let line: JSONValue = [
                        "request_hash": .string(planned.key.hash),
                        "repeats": .string(original.hash),
                        "similarity": .double(original.similarity),
                    ]
                    try repeats.write(line.text().utf8)
                    continue
                }
                duplicates.insert(signature, number: index)
            }
            let sample = sample(planned, stored, reply, verdict)
            try writer.write(sample.text().utf8)
        }
        try writer.finish()
        try repeats.finish()
    }

    private func reply(_ planned: PlannedRequest) async throws(DistillationError)
        -> (StoredAnswer, TeacherReply)
    {
        guard let stored = try await cache.answer(planned.key),
            let choice = stored.completion.choices.first
        else {
            throw DistillationError(
                .storage, "the answer to \(planned.key.hash) is gone from the cache; begin again")
        }
        return (stored, TeacherReply(choice))
    }

    /// The first earlier sample that is similar enough.
    private func original(
        of shingles: Set<UInt64>, _ signature: [UInt64], _ duplicates: NearDuplicates,
        _ threshold: Double
    ) async throws(DistillationError) -> (hash: String, similarity: Double)? {
        for number in duplicates.candidates(signature) {
            let earlier = planned(number)
            let text = try await reply(earlier).1.text
            let similarity = NearDuplicates.similarity(shingles, duplicates.shingles(text))
            if similarity >= threshold { return (earlier.key.hash, similarity) }
        }
        return nil
    }

    private func sample(
        _ planned: PlannedRequest, _ stored: StoredAnswer, _ reply: TeacherReply, _ verdict: Verdict
    ) -> JSONValue {
        var answer = JSONObject([
            ("role", "assistant"), ("content", .string(reply.answer)),
        ])
        if !reply.reasoning.isEmpty { answer["reasoning_content"] = .string(reply.reasoning) }
        var grader: JSONObject = JSONObject([
            ("name", .string(verdict.grader)), ("outcome", .string(verdict.outcome.rawValue)),
        ])
        grader["score"] = verdict.score.map { .double($0) }
        grader["detail"] = verdict.detail.map { .string($0) }
        let logprobs = stored.completion.choices.first?.logprobs ?? []
        func count(_ value: Int?) -> JSONValue { value.map { .integer(Int64($0)) } ?? .null }
        let usage = stored.completion.usage
        var sample: JSONValue = [
            "messages": .array(planned.request.messages.map(\.json) + [.object(answer)]),
            "prompt_id": .string(planned.prompt.id), "sample": .integer(Int64(planned.sample)),
            "difficulty": planned.prompt.difficulty.map { .string($0) } ?? .null,
            "teacher": .string(stored.completion.model ?? planned.request.model),
            "license_verdict": .string(options.licence.verdict),
            "request_hash": .string(planned.key.hash),
            "finish_reason": reply.finishReason.map { .string($0) } ?? .null,
            "grader": .object(grader),
            "prompt_tokens": count(usage?.promptTokens),
            "completion_tokens": count(usage?.completionTokens),
            "cost_usd": stored.cost.map { .double($0.value) } ?? .null,
            "answered": .string(DatasetDate.text(stored.finished)),
        ]
        // How sure the teacher was; the tokens' own are in the cache.
        if !logprobs.isEmpty, var object = sample.objectValue {
            let sum = logprobs.reduce(0) { $0 + $1.logprob }
            object["mean_logprob"] = .double(sum / Double(logprobs.count))
            sample = .object(object)
        }
        return sample
    }

    // MARK: Contamination

    private func writeMatches(_ candidates: [Candidate], into folder: String)
        throws(DistillationError)
    {
        guard options.contamination != nil else { return }
        let writer = try LineWriter(path: "\(folder)/\(FileName.contamination)")
        for (index, candidate) in candidates.enumerated() where !candidate.matches.isEmpty {
            let planned = planned(index)
            for match in candidate.matches {
                let line: JSONValue = [
                    "request_hash": .string(planned.key.hash),
                    "prompt_id": .string(planned.prompt.id),
                    "sample": .integer(Int64(planned.sample)), "place": .string(match.place),
                    "evaluation": .string(match.match.set), "item": .string(match.match.item),
                    "text": .string(match.match.text),
                    "words": .integer(Int64(match.match.words)),
                ]
                try writer.write(line.text().utf8)
            }
        }
        try writer.finish()
    }
}
