// SPDX-License-Identifier: Apache-2.0
//
// peft has many variants of LoRA under one type. What is not y += scale · B A x is refused: the
// model would run and answer wrongly.

import RetortJSON

extension LowRankFile {
    private static let flags = ["use_dora", "fan_in_fan_out", "use_qalora", "lora_bias"]

    private static let parts = [
        "modules_to_save", "layer_replication", "alora_invocation_tokens",
        "trainable_token_indices", "target_parameters", "arrow_config", "use_bdlora",
        "kasa_config", "monteclora_config",
    ]

    /// Ways to begin that take something away from the model's own weights.
    private static let residualStarts = ["pissa", "olora", "corda", "loftq", "lora_ga"]

    /// - Throws: ``FormatError`` if adapter_config.json describes anything but a plain LoRA.
    static func checkKind(_ fields: JSONFields) throws(FormatError) {
        let type = try fields.string("peft_type") ?? "LORA"
        guard type == "LORA" else {
            throw FormatError("\(fields.path): peft_type is \(type); LORA was expected")
        }
        for key in flags where try fields.flag(key) ?? false { throw refusal(fields, key) }
        for key in parts {
            guard let value = fields.value(key) else { continue }
            let isEmpty =
                value.arrayValue?.isEmpty ?? value.objectValue?.members.isEmpty
                ?? (value.boolValue == false)
            if !isEmpty { throw refusal(fields, key) }
        }
        if let bias = try fields.string("bias"), bias != "none" {
            throw FormatError("\(fields.path): bias is \(bias); none was expected")
        }
        if let start = fields.value("init_lora_weights")?.stringValue,
            residualStarts.contains(where: { start.lowercased().hasPrefix($0) })
        {
            throw FormatError(
                "\(fields.path): init_lora_weights is \(start), which changes the model's own weights; convert the adapter to a plain one with peft"
            )
        }
    }

    private static func refusal(_ fields: JSONFields, _ key: String) -> FormatError {
        FormatError("\(fields.path): \(key) is not supported; merge the adapter with peft")
    }
}
