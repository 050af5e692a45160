// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Foundation
import RetortEngine
import RetortFormats
import RetortJSON
import RetortProvenance
import RetortTensor
import RetortTokenizers

struct ProvenanceAuditCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "audit",
        abstract: "Measure what a model memorised: works, planted canaries, sets of texts.",
        discussion: """
            --work slides windows over a work: how likely is it that the model, given 50 tokens, writes the next 50? Give \
            works that it cannot have seen as --control: what is extracted of those could be guessed. --canaries measures \
            the sentences of a plan ('retort provenance canaries'). --suspect with --held-out tests two sets of texts drawn \
            alike (dataset inference); it says nothing of a single text, and nothing here does.
            """)

    @Argument(help: "A GGUF file, a Hugging Face directory, a name in the store, or 'bundled'.")
    var model: String

    @Option(help: ArgumentHelp("A work; may be given several times.", valueName: "file"))
    var work: [String] = []

    @Option(
        help: ArgumentHelp(
            "A work that the model cannot have seen; may be given several times.",
            valueName: "file"))
    var control: [String] = []

    @Option(help: ArgumentHelp("A plan of canaries.", valueName: "file"))
    var canaries: String?

    @Option(
        help: ArgumentHelp("Texts in question, JSON lines with 'text'.", valueName: "file"))
    var suspect: String?

    @Option(
        help: ArgumentHelp(
            "Texts of the same kind that the model cannot have seen, JSON lines with 'text'.",
            valueName: "file"))
    var heldOut: String?

    @Option(help: "Tokens that are given.")
    var prefix = 50

    @Option(help: "Tokens that the model must write.")
    var suffix = 50

    @Option(help: "Tokens from a window to the next.")
    var stride = 10

    @Option(help: "Sampling temperature; 0 is greedy.")
    var temperature = 1.0

    @Option(help: "Tokens that sampling keeps; 0 keeps all.")
    var topK = 40

    @Option(help: "Probability that sampling keeps.")
    var topP: Double?

    @Option(
        help: ArgumentHelp(
            "Also sample so many continuations of the likeliest windows and count near-verbatim ones; 0 samples none.",
            valueName: "count"))
    var samples = 0

    @Option(help: "The share of a suffix that may differ in a near-verbatim one.")
    var tolerance = 0.1

    @Option(help: "The seed of what is sampled and split.")
    var seed: UInt64 = 1

    @Option(
        name: .shortAndLong,
        help: ArgumentHelp("Write audit.md and audit.json here.", valueName: "directory"))
    var output: String?

    @Flag(help: "Print one JSON object.")
    var json = false

    @OptionGroup(title: "Model") var modelOptions: ModelOptions

    func validate() throws {
        guard (suspect == nil) == (heldOut == nil) else {
            throw ValidationError("--suspect needs --held-out: without it nothing can be said.")
        }
        guard !work.isEmpty || canaries != nil || suspect != nil else {
            throw ValidationError("Give --work, --canaries, or --suspect with --held-out.")
        }
        guard control.isEmpty || !work.isEmpty else {
            throw ValidationError("--control goes with --work.")
        }
        guard samples >= 0, 0...1 ~= tolerance else {
            throw ValidationError("--samples is at least 0, --tolerance from 0 to 1.")
        }
    }

    func run() throws {
        let audit = try ExtractionAudit(
            scheme: try SamplingScheme(
                temperature: temperature, topK: topK == 0 ? nil : topK, topP: topP),
            prefixTokens: prefix, suffixTokens: suffix, stride: stride)
        let model = try modelOptions.open(model)
        let reader = AuditReader(model: model, scheme: audit.scheme)
        var works: [ExtractionReport] = []
        var near: [AuditReport.NearWindow] = []
        for (path, isControl) in work.map({ ($0, false) }) + control.map({ ($0, true) }) {
            let name = URL(fileURLWithPath: path).lastPathComponent
            let tokens = try model.tokenizer.encode(
                try InputFile.text(path: path), addSpecialTokens: false)
            let report = try audit.run(
                name: name, tokens: tokens, characters: try reader.characters(tokens),
                isControl: isControl, score: reader.score)
            works.append(report)
            guard samples > 0 else { continue }
            for window in report.likeliest.prefix(5) {
                let result = try NearVerbatim.run(
                    window: tokens[window.start..<window.start + prefix + suffix], prefix: prefix,
                    count: samples, tolerance: tolerance
                ) { try reader.samples($0, $1, $2, seed: seed) }
                near.append(.init(work: name, start: window.start, result: result))
            }
        }
        let exposure = try canaries.map { path in
            let plan = try ReportJSON.read(CanaryPlan.self, from: try InputFile.text(path: path))
            return try plan.measure { try reader.logProbability($0) }
        }
        var inference: DatasetInferenceReport?
        if let suspect, let heldOut {
            var settings = DatasetInference()
            settings.seed = seed
            inference = try settings.run(
                suspect: try reader.texts(suspect), heldOut: try reader.texts(heldOut))
        }
        let report = AuditReport(
            model: self.model, works: works, nearVerbatim: near, canaries: exposure,
            datasetInference: inference)
        if let output {
            try FileManager.default.createDirectory(
                atPath: output, withIntermediateDirectories: true)
            try OutputFile.write(try report.json() + "\n", to: "\(output)/audit.json")
            try OutputFile.write(report.markdown, to: "\(output)/audit.md")
        }
        Output.line(json ? try report.json() : report.markdown)
    }
}

/// What an audit asks of a model.
struct AuditReader {
    let model: ReasoningModel
    let scheme: SamplingScheme

    /// Scores the tokens behind a prefix.
    func score(_ window: ArraySlice<Int32>, _ prefix: Int) throws -> SuffixScore {
        let tokens = Array(window)
        var logs: [Double] = []
        var likeliest: [Bool] = []
        var row = 0
        _ = try Scorer(model).score(tokens) { logits in
            defer { row += 1 }
            guard row >= prefix - 1, row + 1 < tokens.count else { return }
            let next = Int(tokens[row + 1])
            logs.append(try scheme.logProbability(of: next, in: logits))
            likeliest.append(SamplingScheme.isLikeliest(next, in: logits))
        }
        return SuffixScore(logProbabilities: logs, isLikeliest: likeliest)
    }

    /// Characters that each token stands for; those of several tokens together count for the last.
    func characters(_ tokens: [Int32]) throws -> [Int] {
        var stream = StreamingDetokenizer(try model.tokenizer)
        return tokens.map { stream.append($0).unicodeScalars.count }
    }

    /// Draws continuations under the audit's scheme.
    func samples(_ prefix: ArraySlice<Int32>, _ tokens: Int, _ count: Int, seed: UInt64) throws
        -> [[Int32]]
    {
        // In the precision in which p_z is scored.
        let generator = try Generator(model, cacheType: .f32)
        // Each window has streams of its own: neighbouring seeds and windows would share theirs.
        let place = prefix.reduce(seed) { SplitMix64.mix($0 ^ UInt64(UInt32(bitPattern: $1))) }
        var seeds = SplitMix64(seed: place)
        return try (0..<count).map { _ in
            var request = GenerationRequest(prompt: Array(prefix))
            request.maximumTokens = tokens
            request.ignoresStopTokens = true
            request.sampling.temperature = Float(scheme.temperature)
            request.sampling.topK = scheme.topK ?? 0
            request.sampling.topP = Float(scheme.topP ?? 1)
            request.sampling.minP = 0
            request.sampling.seed = seeds.next()
            var tokens: [Int32] = []
            _ = try generator.generate(request) {
                tokens.append($0)
                return true
            }
            return tokens
        }
    }

    /// Of a sentence, from its second token on: all sentences of a plan begin alike.
    func logProbability(_ text: String) throws -> Double {
        try Scorer(model).score(try model.tokenizer.encode(text)).logprobs.reduce(0, +)
    }

    /// What dataset inference needs of each text of a file.
    func texts(_ path: String) throws -> [TextScore] {
        var scores: [TextScore] = []
        let lines = try RetortFormats.LineReader(
            path: path, maximumLineBytes: 64 << 20)
        while try lines.next() {
            guard let text = (try? JSONValue(parsing: lines.line))?["text"]?.stringValue else {
                throw CommandError("\(path):\(lines.number) has no 'text'")
            }
            let tokens = try room(model.tokenizer.encode(text))
            guard tokens.count >= 2 else { continue }
            var moments: [VocabularyMoments] = []
            var row = 0
            _ = try Scorer(model).score(tokens) { logits in
                defer { row += 1 }
                guard row + 1 < tokens.count else { return }
                moments.append(try VocabularyMoments(of: Int(tokens[row + 1]), in: logits))
            }
            let small = try room(model.tokenizer.encode(text.lowercased()))
            let logs = try Scorer(model).score(small).logprobs
            scores.append(
                try TextScore(
                    tokens: moments, lowercaseMean: logs.reduce(0, +) / Double(max(1, logs.count)),
                    traits: TextTraits(text)))
        }
        return scores
    }

    private func room(_ tokens: [Int32]) -> [Int32] {
        Array(tokens.prefix(model.config.maxPositionEmbeddings))
    }
}
