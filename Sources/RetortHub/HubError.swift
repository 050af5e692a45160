// SPDX-License-Identifier: Apache-2.0

/// Why a model could not be pulled, found or removed.
public struct HubError: Error, Sendable, Equatable, CustomStringConvertible {
    /// What went wrong, for programs; the description is for people.
    public enum Kind: String, Sendable {
        /// A name, revision or environment variable is not of the form it must have.
        case invalidName
        /// The name fits more than one stored model, or more than one file of a repository.
        case ambiguous
        /// The server cannot be reached, or `HF_HUB_OFFLINE` forbids trying.
        case offline
        /// The server asks for a token, refuses it, or wants terms accepted first.
        case denied
        /// No such repository, revision, file or stored model.
        case notFound
        /// The connection kept failing, or the server kept failing, until the retries were used up.
        case interrupted
        /// The server's answer is not what the protocol promises.
        case badAnswer
        /// A file's content is not what its checksum or its size promises.
        case corrupted
        /// The disk is full or a file cannot be read or written.
        case storage
        /// Another process works on the same repository.
        case busy
        /// The task was cancelled.
        case cancelled
    }

    public let kind: Kind
    public let description: String

    package init(_ kind: Kind, _ description: String) {
        self.kind = kind
        self.description = description
    }
}
