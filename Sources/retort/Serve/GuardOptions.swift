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
            "A YAML file of what keys and routes get: watermark, thoughts, logprobs, max_n, canaries.",
            valueName: "file"),
        completion: .file())
    var guardPolicy: String?

    @Option(
        help: ArgumentHelp(
            "Record each request for 'retort guard monitor', with a sketch in place of its text.",
            valueName: "file"),
        completion: .file())
    var guardLog: String?

    @Option(
        help: ArgumentHelp(
            "The sketches' secret, of 'retort guard secret'; keep it away from the log.",
            valueName: "file"),
        completion: .file())
    var guardSecret: String?

    @Option(
        help: ArgumentHelp(
            "The audit log. With it, administrators find the monitor's alerts in the web app and decide there.",
            valueName: "file"),
        completion: .file())
    var guardAudit: String?

    @Option(
        help: ArgumentHelp(
            "A log of honest traffic of this service, for the monitor's window test.",
            valueName: "file"),
        completion: .file())
    var guardReference: String?

    func validate() throws {
        guard guardLog == nil || guardSecret != nil else {
            throw ValidationError("--guard-log needs --guard-secret.")
        }
        guard guardAudit == nil || guardLog != nil else {
            throw ValidationError("--guard-audit needs --guard-log, which the monitor reads.")
        }
        guard guardReference == nil || guardAudit != nil else {
            throw ValidationError("--guard-reference goes with --guard-audit.")
        }
        guard watermarkPolicy ?? .off == .off || watermark.watermark != nil else {
            throw ValidationError("--watermark-policy goes with --watermark.")
        }
    }

    /// - Throws: `GuardError` for a key or a policy that cannot be used.
    func rules(_ desk: GuardDesk?) throws -> GuardRules {
        var policy = GuardPolicy()
        if let guardPolicy { policy = try GuardPolicy(try YAMLFile.read(guardPolicy)) }
        let ring = try watermark.ring()
        if let watermarkPolicy {
            policy.rule.watermark = watermarkPolicy
        } else if ring != nil, !policy.marks {
            policy.rule.watermark = policy.rule.watermark ?? .on
        }
        let secret = try guardSecret.map { try SketchSecret(path: $0) }
        return try GuardRules(
            policy, keys: ring, log: try log(secret),
            canaries: secret.map { CanaryMint(secret: $0) }, measures: desk?.measures)
    }

    /// - Throws: `GuardError` if the audit log was tampered with.
    func desk() throws -> GuardDesk? {
        guard let guardAudit, let guardLog else { return nil }
        var options = GuardDesk.Options(log: guardLog, audit: try AuditLog(path: guardAudit))
        options.reference = guardReference
        return try GuardDesk(options)
    }

    private func log(_ secret: SketchSecret?) throws -> RequestLogWriter? {
        guard let guardLog, let secret else { return nil }
        return try RequestLogWriter(path: guardLog, secret: secret) {
            Output.note("retort: the log \(guardLog): \($0)")
        }
    }
}
