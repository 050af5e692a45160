// SPDX-License-Identifier: Apache-2.0
//
// The texts of a folder. A text is a file, or a line of a file of JSON lines. Files are read in the order of
// their paths' bytes, so that the same folder always gives the same index. Links are not followed: what they
// lead to inside the folder is read there, and what is outside is not part of the corpus.

import Foundation
import RetortJSON

/// Reads the texts below a folder.
public struct CorpusReader: Sendable {
    /// What happens at something that cannot be read.
    public enum Policy: Sendable {
        /// Throw at the first.
        case stop
        /// Leave it out and say so in the report.
        case skip
    }

    public struct Options: Sendable {
        /// Endings of the names of files of text, without the dot, in lower case. Each also with `.gz`.
        public var endings: Set<String>
        /// The member with the text in a JSON line.
        public var textField: String
        /// The member that names the text of a JSON line; nil for the first of ``CorpusReader/nameFields``.
        public var nameField: String?
        /// The member with the licence of a JSON line; nil for `license` or `licence`.
        public var licenceField: String?
        public var policy: Policy
        public var gzip: GzipLimits
        /// Folders that are left out, such as that of the index itself.
        public var excluding: [String]
        /// The licence of a file by its path in the corpus, for those that do not state one.
        public var licence: @Sendable (_ path: String) -> String?

        public init(
            endings: Set<String> = CorpusReader.textEndings, textField: String = "text",
            nameField: String? = nil, licenceField: String? = nil, policy: Policy = .stop,
            gzip: GzipLimits = GzipLimits(), excluding: [String] = [],
            licence: @escaping @Sendable (_ path: String) -> String? = { _ in nil }
        ) {
            self.endings = endings
            self.textField = textField
            self.nameField = nameField
            self.licenceField = licenceField
            self.policy = policy
            self.gzip = gzip
            self.excluding = excluding
            self.licence = licence
        }
    }

    /// A file or line that could not be read.
    public struct Problem: Equatable, Sendable {
        public var path: String
        public var reason: String
    }

    /// What was read.
    public struct Report: Equatable, Sendable {
        public var files = 0
        public var documents = 0
        public var bytes = 0
        /// Files with names that do not end as a text's.
        public var otherFiles = 0
        /// Documents that are not valid UTF-8; they are indexed as the bytes that they are.
        public var brokenUTF8 = 0
        /// The paths of the first hundred of them.
        public var brokenPaths: [String] = []
        public var problems: [Problem] = []
    }

    /// Members that name the text of a JSON line, what says most about it first: the work as the ledger has it,
    /// where it stood, what it is called, a number, the collection that it is from.
    public static let nameFields = ["work", "path", "url", "title", "id", "source"]
    /// Members with its licence.
    public static let licenceFields = ["license", "licence"]

    /// Of prose, markup and source code.
    public static let textEndings: Set<String> = [
        "txt", "text", "md", "markdown", "rst", "html", "htm", "xml", "tex", "csv", "tsv", "json",
        "jsonl", "ndjson", "py", "pyi", "swift", "c", "h", "cc", "cpp", "hpp", "m", "rs", "go",
        "java",
        "kt", "js", "ts", "css", "sh", "pl", "rb", "lua", "sql", "yaml", "yml", "toml", "ini",
        "cfg",
        "log", "srt", "vtt",
    ]

    let options: Options

    public init(options: Options = Options()) { self.options = options }

    /// Reads all texts below `folder`.
    /// - Parameters:
    ///   - longest: Longer texts cannot be read, in bytes.
    ///   - body: Gets the bytes of each, which are valid during the call, and where it is from.
    /// - Throws: ``ProvenanceError`` at the first problem if the policy says so, and what `body` throws.
    public func read(
        _ folder: String, longest: Int = .max,
        _ body: (UnsafeRawBufferPointer, CorpusDocument) throws(ProvenanceError) -> Void
    ) throws(ProvenanceError) -> Report {
        try read(folder, longest: longest) { bytes, _, document throws(ProvenanceError) in
            try body(bytes, document)
        }
    }

    /// - Parameter body: Gets besides what the text was read from: its line, without the end, or its file,
    ///   uncompressed.
    func read(
        _ folder: String, longest: Int,
        _ body: (
            _ text: UnsafeRawBufferPointer, _ raw: UnsafeRawBufferPointer, CorpusDocument
        ) throws(ProvenanceError) -> Void
    ) throws(ProvenanceError) -> Report {
        var report = Report()
        let files = try CorpusFolder(folder, options: options).files(&report)
        for file in files {
            guard let kind = FileKind(file.path, endings: options.endings) else {
                report.otherFiles += 1
                continue
            }
            var state = FileState(
                path: file.path, kind: kind, options: options, longest: longest, report: report)
            var refusal: ProvenanceError?
            do throws(ProvenanceError) {
                try state.read(file.absolute) { bytes, raw, document in
                    guard refusal == nil else { return false }
                    do throws(ProvenanceError) {
                        try body(bytes, raw, document)
                    } catch {
                        refusal = error
                    }
                    return refusal == nil
                }
            } catch {
                // Not what the reader of the texts throws: that is no problem of the file.
                if let refusal { throw refusal }
                try options.note(error.description, file.path, &state.report)
            }
            if let refusal { throw refusal }
            report = state.report
            report.files += 1
        }
        return report
    }

    /// What a name says about a file.
    struct FileKind {
        var isCompressed: Bool
        var isLines: Bool
        private let ending: String?

        init?(_ path: String, endings: Set<String>) {
            self.init(path)
            guard let ending, endings.contains(ending) else { return nil }
        }

        init(_ path: String) {
            var parts =
                path.split(separator: "/").last?.lowercased().split(separator: ".")[...] ?? []
            isCompressed = parts.last == "gz"
            if isCompressed { parts.removeLast() }
            ending = parts.count > 1 ? parts.last.map(String.init) : nil
            isLines = ending == "jsonl" || ending == "ndjson"
        }
    }
}

extension CorpusReader.Options {
    /// Records a problem, or throws it.
    func note(_ reason: String, _ path: String, _ report: inout CorpusReader.Report)
        throws(ProvenanceError)
    {
        guard policy == .skip else {
            throw ProvenanceError(
                "\(path): \(reason). Remove or mend it, or let the reader skip what it cannot read")
        }
        report.problems.append(.init(path: path, reason: reason))
    }
}
