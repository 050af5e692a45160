// SPDX-License-Identifier: Apache-2.0

import Foundation
import RetortFormats

/// By what a local model is known: a directory's name says little, as other weights may come there.
package enum ModelIdentity {
    /// SHA-256 of a GGUF file, or of the names and bytes of a directory's weights, configuration, tokenizer
    /// and template.
    /// - Throws: ``TrainingError`` if there is no model, `FormatError` if a file cannot be read.
    package static func sha256(path: String) throws -> String {
        var isDirectory: ObjCBool = false
        guard FileManager.default.fileExists(atPath: path, isDirectory: &isDirectory) else {
            throw TrainingError("there is no model at \(path)")
        }
        guard isDirectory.boolValue else { return DataDigest.hex(try MappedFile(path: path)) }
        let names = try FileManager.default.contentsOfDirectory(atPath: path).sorted()
        let parts = try names.filter { name in
            name.hasSuffix(".safetensors") || name.hasSuffix(".jinja")
                || name == "config.json" || name == "tokenizer.json"
                || name == "tokenizer_config.json"
        }.map { "\($0) \(DataDigest.hex(try MappedFile(path: "\(path)/\($0)")))\n" }
        guard parts.contains(where: { $0.contains(".safetensors ") }) else {
            throw TrainingError("\(path) has no weights; a Hugging Face directory was expected")
        }
        return DataDigest.hex(parts.joined())
    }
}
