// SPDX-License-Identifier: Apache-2.0
//
// The content of a path. A directory's address is the hash of a line for each file, by path:
//
//     <sha256 of the file>  <path within the directory>\n
//
// which `find -type f | sort | xargs sha256sum | sha256sum` would give but for what is left out: papers
// about a model (its card, licence, notices, lineage) are added later and are not the model.

import Foundation

/// The files that an address is made of.
public struct ContentFiles: Sendable, Equatable {
    /// One of them.
    public struct File: Sendable, Equatable {
        /// Within the directory; for a single file its name.
        public var path: String
        public var hash: ContentHash
        /// Bytes.
        public var size: Int
    }

    public var files: [File]
    public var isDirectory: Bool

    /// Bytes.
    public var size: Int { files.reduce(0) { $0 + $1.size } }

    public var address: ContentHash {
        guard isDirectory else { return files.first?.hash ?? ContentHash(of: "") }
        return ContentHash(of: files.map { "\($0.hash.hex)  \($0.path)\n" }.joined())
    }

    /// Reads all of it.
    /// - Parameter hash: Hashes one file. A ledger remembers what did not change.
    /// - Throws: ``ProvenanceError`` if there is nothing of that name, or nothing in it.
    public init(
        path: String,
        hash: (String) throws(ProvenanceError) -> ContentHash = ContentFiles.hash(ofFile:)
    ) throws(ProvenanceError) {
        var isDirectory: ObjCBool = false
        guard FileManager.default.fileExists(atPath: path, isDirectory: &isDirectory) else {
            throw ProvenanceError(
                "there is no \(path)", expected: "a file or a directory", advice: "check the name")
        }
        self.isDirectory = isDirectory.boolValue
        guard isDirectory.boolValue else {
            let name = (path as NSString).lastPathComponent
            files = [File(path: name, hash: try hash(path), size: try Self.size(path))]
            return
        }
        files = []
        for name in Self.names(in: path) {
            let file = "\(path)/\(name)"
            files.append(File(path: name, hash: try hash(file), size: try Self.size(file)))
        }
        guard !files.isEmpty else {
            throw ProvenanceError(
                "\(path) holds no files", expected: "a model or a dataset",
                advice: "name the directory that its files are in")
        }
    }

    /// Names of papers about a content, in lower case, at the top of its directory.
    static let papers: Set<String> = [
        Lineage.fileName, "readme.md", "notice", "notice.txt", "notice.md", "license",
        "license.txt", "license.md", "licence", "licence.txt", "licence.md", "use_policy.md",
        ".gitattributes",
    ]

    /// All that is a file or a link to one, by the bytes of the path. Links to directories are not
    /// followed: they may lead back.
    private static func names(in directory: String) -> [String] {
        var names: [String] = []
        var pending = [""]
        while let folder = pending.popLast() {
            let full = folder.isEmpty ? directory : "\(directory)/\(folder)"
            for name in (try? FileManager.default.contentsOfDirectory(atPath: full)) ?? [] {
                let path = folder.isEmpty ? name : "\(folder)/\(name)"
                if folder.isEmpty, isPaper(name) { continue }
                if name.hasSuffix(".partial") { continue }
                switch kind("\(directory)/\(path)") {
                case .file: names.append(path)
                case .directory: pending.append(path)
                case .other: break
                }
            }
        }
        return names.sorted { Array($0.utf8).lexicographicallyPrecedes(Array($1.utf8)) }
    }

    private static func isPaper(_ name: String) -> Bool {
        papers.contains(name.lowercased()) || name == "provenance"
    }

    private enum Kind { case file, directory, other }

    private static func kind(_ path: String) -> Kind {
        let attributes = try? FileManager.default.attributesOfItem(atPath: path)
        switch attributes?[.type] as? FileAttributeType {
        case .typeRegular?: return .file
        case .typeDirectory?: return .directory
        case .typeSymbolicLink?:
            var isDirectory: ObjCBool = false
            let exists = FileManager.default.fileExists(atPath: path, isDirectory: &isDirectory)
            return exists && !isDirectory.boolValue ? .file : .other
        default: return .other
        }
    }

    private static func size(_ path: String) throws(ProvenanceError) -> Int {
        let path = URL(fileURLWithPath: path).resolvingSymlinksInPath().path
        guard
            let attributes = try? FileManager.default.attributesOfItem(atPath: path),
            let size = attributes[.size] as? Int
        else { throw unreadable(path) }
        return size
    }

    /// The hash of a file's bytes.
    /// - Throws: ``ProvenanceError`` if it cannot be read.
    public static func hash(ofFile path: String) throws(ProvenanceError) -> ContentHash {
        guard let handle = FileHandle(forReadingAtPath: path) else { throw unreadable(path) }
        defer { try? handle.close() }
        var hasher = ContentHasher()
        do {
            while let chunk = try handle.read(upToCount: 1 << 20), !chunk.isEmpty {
                hasher.update(chunk)
            }
        } catch {
            throw unreadable(path)
        }
        return hasher.finish()
    }

    private static func unreadable(_ path: String) -> ProvenanceError {
        ProvenanceError(
            "\(path) cannot be read", advice: "check that it is a file that you may read")
    }
}
