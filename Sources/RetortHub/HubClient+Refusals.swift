// SPDX-License-Identifier: Apache-2.0
//
// What a status other than success means for the user. The hub names the reason in `X-Error-Code`;
// without it (mirrors) the status and what was asked for have to do.

import NIOHTTP1

/// What a request asked for.
enum HubSubject: Sendable {
    case revision(String, repository: String)
    case file(String, repository: String, revision: String)

    var repository: String {
        switch self {
        case .revision(_, let repository), .file(_, let repository, _): return repository
        }
    }
}

extension HubClient {
    func refusal(_ answer: HubResponse, of subject: HubSubject) -> TransferFailure {
        let status = answer.status
        let repository = subject.repository
        if !answer.isFromEndpoint, [401, 403, 404, 410].contains(status) {
            // The address that the hub redirected to has run out: ask the hub for a new one.
            return .passing("the storage server answers \(status)")
        }
        switch status {
        case 429, 408, 500...599:
            let retryAfter = answer.headers.first(name: "Retry-After").flatMap { Int($0) }
            return .passing(
                "the server answers \(status)\(status == 429 ? " (too many requests)" : "")",
                retryAfter: retryAfter.flatMap { $0 >= 0 ? .seconds($0) : nil })
        case 401, 403: return .final(.denied, denial(status, answer.endpointHeaders, repository))
        case 404, 410:
            return .final(.notFound, absence(of: subject, code: Self.errorCode(answer)))
        default:
            return .final(
                .badAnswer, "\(configuration.endpoint.host) answers \(status) for \(repository)")
        }
    }

    static func errorCode(_ answer: HubResponse) -> String? {
        answer.endpointHeaders["X-Error-Code"].last
    }

    private func denial(_ status: Int, _ headers: HTTPHeaders, _ repository: String) -> String {
        let page = address(repository)
        let isGated =
            headers["X-Error-Code"].last == "GatedRepo"
            || (status == 403 && headers["X-Error-Code"].isEmpty)
        switch (isGated, configuration.token == nil) {
        case (true, true):
            return
                "\(repository) is gated: accept its terms at \(page) and set HF_TOKEN to a token of"
                + " that account"
        case (true, false):
            return
                "\(repository) is gated and the account of HF_TOKEN has no access: accept its terms"
                + " at \(page)"
        case (false, true):
            return
                "\(repository) does not exist or is not public: check the name; if it is private or"
                + " gated, accept its terms at \(page) and set HF_TOKEN"
        case (false, false):
            return "\(configuration.endpoint.host) refuses the token in HF_TOKEN for \(repository):"
                + " check that it is valid and that \(repository) exists and is open to it (terms at"
                + " \(page))"
        }
    }

    private func absence(of subject: HubSubject, code: String?) -> String {
        let host = configuration.endpoint.host
        switch (subject, code) {
        case (_, "RepoNotFound"):
            return "\(host) has no model \(subject.repository): check the owner and the name"
        case (.revision(let revision, let repository), "RevisionNotFound"),
            (.file(_, let repository, let revision), "RevisionNotFound"):
            return "\(repository) has no revision “\(revision)”"
        case (.revision(_, let repository), _):
            return "\(host) has no model \(repository): check the owner and the name"
        case (.file(let path, let repository, let revision), _):
            return "\(repository) has no file \(RepoPath.printable(path)) at revision \(revision)"
        }
    }
}
