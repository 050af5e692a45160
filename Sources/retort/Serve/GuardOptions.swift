// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import RetortGuard
import RetortServer

/// How a server marks its answers and what it shows of thoughts.
struct GuardOptions: ParsableArguments {
    @OptionGroup var watermark: WatermarkOptions

    @Option(
        help: ArgumentHelp(
            "off, on (clients may send 'X-Retort-Watermark: off') or enforced; 'on' if there is a key and no policy says otherwise.",
            valueName: "word"),
        transform: { word in
            guard let policy = GuardPolicy.Watermark(rawValue: word) else {
                throw ValidationError("--watermark-policy: '\(word)' is not known.")
            }
            return policy
        })
    var watermarkPolicy: GuardPolicy.Watermark?

    @Option(
        help: ArgumentHelp(
            "A YAML file of what keys and routes get: watermark, thoughts, logprobs, max_n.",
            valueName: "file"),
        completion: .file())
    var guardPolicy: String?

    func validate() throws {
        guard watermarkPolicy ?? .off == .off || watermark.watermark != nil else {
            throw ValidationError("--watermark-policy goes with --watermark.")
        }
    }

    /// - Throws: `GuardError` for a key or a policy that cannot be used.
    func rules() throws -> GuardRules {
        var policy = GuardPolicy()
        if let guardPolicy { policy = try GuardPolicy(try YAMLFile.read(guardPolicy)) }
        let ring = try watermark.ring()
        if let watermarkPolicy {
            policy.rule.watermark = watermarkPolicy
        } else if ring != nil, !policy.marks {
            policy.rule.watermark = policy.rule.watermark ?? .on
        }
        return try GuardRules(policy, keys: ring)
    }
}
