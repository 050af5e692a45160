// SPDX-License-Identifier: Apache-2.0

import Foundation

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// The files below a folder.
struct CorpusFolder {
    struct File {
        /// Relative to the corpus.
        var path: String
        var absolute: String
    }

    private let root: String
    private let options: CorpusReader.Options
    private let excluded: Set<String>

    init(_ folder: String, options: CorpusReader.Options) throws(ProvenanceError) {
        guard let root = Self.resolved(folder) else {
            throw ProvenanceError("cannot open the folder \(folder): \(systemError())")
        }
        var status = stat()
        guard stat(root, &status) == 0, status.st_mode & S_IFMT == S_IFDIR else {
            throw ProvenanceError("\(folder) is not a folder; name the one that has the texts")
        }
        self.root = root
        self.options = options
        excluded = Set(options.excluding.compactMap(Self.resolved))
    }

    /// In the order of their paths' bytes; names that begin with a dot are left out.
    func files(_ report: inout CorpusReader.Report) throws(ProvenanceError) -> [File] {
        var files: [File] = []
        var folders = [""]
        while let folder = folders.popLast() {
            let absolute = folder.isEmpty ? root : "\(root)/\(folder)"
            guard let names = try? FileManager.default.contentsOfDirectory(atPath: absolute) else {
                try options.note("cannot read the folder", folder, &report)
                continue
            }
            for name in names where !name.hasPrefix(".") {
                let path = folder.isEmpty ? name : "\(folder)/\(name)"
                let file = "\(root)/\(path)"
                var status = stat()
                guard lstat(file, &status) == 0 else {
                    try options.note("cannot be read: \(systemError())", path, &report)
                    continue
                }
                switch status.st_mode & S_IFMT {
                case S_IFDIR:
                    if !excluded.contains(file) { folders.append(path) }
                case S_IFREG:
                    files.append(File(path: path, absolute: file))
                case S_IFLNK:
                    guard let target = Self.resolved(file) else {
                        try options.note("is a link to nothing", path, &report)
                        continue
                    }
                    if target != root && !target.hasPrefix(root == "/" ? "/" : root + "/") {
                        try options.note("is a link to outside of the corpus", path, &report)
                    }
                default:
                    try options.note("is neither a file nor a folder", path, &report)
                }
            }
        }
        return files.sorted { $0.path.utf8.lexicographicallyPrecedes($1.path.utf8) }
    }

    static func resolved(_ path: String) -> String? {
        guard let resolved = realpath(path, nil) else { return nil }
        defer { free(resolved) }
        return String(cString: resolved)
    }
}
