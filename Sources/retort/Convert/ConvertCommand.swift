// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Foundation
import RetortEngine
import RetortProvenance
import RetortTensor

struct ConvertCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "convert",
        abstract: "Convert a Hugging Face directory to GGUF, or back, or to another type.",
        discussion: "DST is a GGUF file if it ends in .gguf, otherwise a Hugging Face directory.")

    @Argument(help: "A GGUF file, a Hugging Face directory, a name in the store, or 'bundled'.")
    var source: String

    @Argument(help: "What to write.")
    var destination: String

    @Option(
        help: ArgumentHelp(
            """
            The type of the matrices: f32, bf16, f16, or in GGUF only q8_0, q6_k, q5_k, q4_k, q4_0; \
            by default as they are. q5_k and q4_k are llama.cpp's mixtures Q5_K_M and Q4_K_M, with \
            q6_k where errors cost most; rows that a k-quant's blocks of 256 do not fit are q8_0.
            """,
            valueName: "type"))
    var type: String?

    @Option(
        help: ArgumentHelp(
            "A LoRA adapter in peft's files, whose changes the weights written include.",
            valueName: "directory"))
    var adapter: String?

    @Flag(help: "Overwrite the destination if it exists.")
    var force = false

    func validate() throws {
        // f8 needs scales beside it, which is not ours to write.
        let types = DType.allCases.filter { $0 != .f8e4m3 }.map(\.rawValue)
        if let type, !types.contains(type) {
            let known = types.joined(separator: ", ")
            throw ValidationError("--type '\(type)' is not known; there are \(known).")
        }
        if let type, DType(rawValue: type)?.isQuantized == true, !destination.hasSuffix(".gguf") {
            throw ValidationError(
                "A Hugging Face directory cannot hold \(type); use f32, bf16 or f16.")
        }
    }

    func run() throws {
        if !force, FileManager.default.fileExists(atPath: destination) {
            throw CommandError("\(destination) exists; give --force to overwrite it")
        }
        let path = try ModelLocation.path(of: source)
        let start = ContinuousClock.now
        try ModelConverter.convert(
            path, to: destination, dtype: type.flatMap(DType.init(rawValue:)),
            adapterPath: adapter)
        let seconds = (ContinuousClock.now - start) / .seconds(1)
        try RunLedger.derived(destination, from: path, how: .converted)
        Output.note("wrote \(destination) in \(String(format: "%.1f", seconds)) s")
    }
}
