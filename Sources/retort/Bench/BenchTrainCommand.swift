// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Foundation
import RetortJSON
import RetortTensor
import RetortTraining

struct BenchTrainCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "bench-train",
        abstract: "Measure how fast a decoder trains on random tokens, optimizer included.")

    @Option(help: "Width of the residual stream.") var hidden = 256
    @Option(help: "Decoder layers.") var layers = 8
    @Option(help: "Attention heads.") var heads = 8
    @Option(help: "Width of the feed-forward layers.") var ffn = 1024
    @Option(help: "Tokens of the vocabulary.") var vocab = 4096
    @Option(help: "Rows of a step.") var batch = 16
    @Option(help: "Tokens of a row.") var length = 256
    @Option(help: "What products are computed in: f32 or bf16.") var dtype = ComputeType.f32
    @Option(help: "Timed steps, after two that are not.") var steps = 10
    @Option(help: "Threads.") var threads = 2
    @Flag(help: "Compute layers again in the backward pass instead of keeping their values.")
    var checkpointing = false
    @Flag(help: "Print one JSON object.") var json = false

    func validate() throws {
        let sizes = [hidden, layers, heads, ffn, vocab, batch, length, steps, threads]
        guard sizes.allSatisfy({ $0 > 0 }), hidden % heads == 0, hidden / heads % 2 == 0 else {
            throw ValidationError(
                "All sizes must be at least 1, and --hidden an even multiple of --heads.")
        }
    }

    func run() throws {
        var benchmark = TrainingBenchmark()
        benchmark.hidden = hidden
        benchmark.layers = layers
        benchmark.heads = heads
        benchmark.intermediate = ffn
        benchmark.vocabulary = vocab
        benchmark.batch = batch
        benchmark.length = length
        benchmark.computeType = dtype
        benchmark.steps = steps
        benchmark.threads = threads
        benchmark.checkpointing = checkpointing
        let result = try benchmark.run()
        let utilisation = result.operationsPerSecond / result.peakOperationsPerSecond
        var usage = rusage()
        #if canImport(Glibc)
            getrusage(__rusage_who_t(RUSAGE_SELF.rawValue), &usage)
            let peakMemory = Int64(usage.ru_maxrss) * 1024
        #else
            getrusage(RUSAGE_SELF, &usage)
            let peakMemory = Int64(usage.ru_maxrss)
        #endif
        if json {
            Output.json([
                "tokens_per_second": .double(result.tokensPerSecond),
                "gflops": .double(result.operationsPerSecond / 1e9),
                "loss": .double(result.loss),
                "peak_gflops": .double(result.peakOperationsPerSecond / 1e9),
                "utilisation": .double(utilisation),
                "parameters": .integer(Int64(result.parameters)),
                "planned_bytes": .integer(Int64(result.plannedBytes)),
                "peak_memory_bytes": .integer(peakMemory),
                "kernels": .string(result.instructionSet),
                "threads": .integer(Int64(threads)),
            ])
            return
        }
        Output.line(
            String(
                format: "%.0f tokens/s, %.1f of %.1f GFLOP/s (%.0f %%), loss %.4f, %.0f MiB",
                result.tokensPerSecond, result.operationsPerSecond / 1e9,
                result.peakOperationsPerSecond / 1e9, 100 * utilisation, result.loss,
                Double(peakMemory) / 1_048_576))
    }
}

extension ComputeType: ExpressibleByArgument {}
