// SPDX-License-Identifier: Apache-2.0

import RetortJSON

extension CorpusReader {
    /// One file while it is read.
    struct FileState {
        let path: String
        let kind: FileKind
        let options: Options
        let longest: Int
        var report: Report

        /// What takes the texts, and the lines or files that these are from; false if it wants no more.
        typealias Body = (UnsafeRawBufferPointer, UnsafeRawBufferPointer, CorpusDocument) -> Bool

        mutating func read(_ absolute: String, _ body: Body) throws(ProvenanceError) {
            let file = try MappedBytes(path: absolute)
            defer { withExtendedLifetime(file) {} }
            if !kind.isCompressed {
                if kind.isLines {
                    var lines = LineSplitter(longest: longest)
                    try lines.add(file.bytes) { line, offset throws(ProvenanceError) in
                        try readLine(line, offset, body)
                    }
                    try lines.finish { line, offset throws(ProvenanceError) in
                        try readLine(line, offset, body)
                    }
                } else {
                    try give(file.bytes, body)
                }
                return
            }
            let inflated = Inflated(longest: longest)
            // Lines are given out as they come; a whole text once it is complete.
            if kind.isLines {
                var lines = LineSplitter(longest: longest)
                var state = self
                let body = body
                try withoutActuallyEscaping(body) { body throws(ProvenanceError) in
                    try GzipFile.read(file.bytes, limits: options.gzip) {
                        piece throws(ProvenanceError) in
                        try lines.add(piece) { line, offset throws(ProvenanceError) in
                            try state.readLine(line, offset, body)
                        }
                    }
                }
                try lines.finish { line, offset throws(ProvenanceError) in
                    try state.readLine(line, offset, body)
                }
                self = state
            } else {
                try GzipFile.read(file.bytes, limits: options.gzip, inflated.add)
                try inflated.bytes.withUnsafeBufferPointer { bytes throws(ProvenanceError) in
                    try give(UnsafeRawBufferPointer(bytes), body)
                }
            }
        }

        /// A whole file as one text.
        private mutating func give(_ bytes: UnsafeRawBufferPointer, _ body: Body)
            throws(ProvenanceError)
        {
            guard bytes.count <= longest else { throw Self.tooLong(longest) }
            give(
                bytes, bytes,
                CorpusDocument(
                    path: path, licence: StatedLicence.find(bytes) ?? options.licence(path)), body)
        }

        private mutating func give(
            _ bytes: UnsafeRawBufferPointer, _ raw: UnsafeRawBufferPointer,
            _ document: CorpusDocument, _ body: Body
        ) {
            guard body(bytes, raw, document) else { return }
            report.documents += 1
            report.bytes += bytes.count
            if !UTF8Check.isValid(bytes) {
                report.brokenUTF8 += 1
                if report.brokenPaths.count < 100 { report.brokenPaths.append(path) }
            }
        }

        private mutating func readLine(
            _ line: UnsafeRawBufferPointer, _ offset: Int, _ body: Body
        ) throws(ProvenanceError) {
            guard line.contains(where: { $0 != 0x20 && $0 != 0x0D && $0 != 0x09 }) else { return }
            let json: JSONValue
            do throws(JSONError) {
                json = try JSONValue(parsing: line)
            } catch {
                try options.note("the line at byte \(offset) is \(error)", path, &report)
                return
            }
            guard let text = json[options.textField]?.stringValue else {
                try options.note(
                    "the line at byte \(offset) has no string \"\(options.textField)\"", path,
                    &report)
                return
            }
            let stated = Self.member(
                options.licenceField.map { [$0] } ?? CorpusReader.licenceFields, of: json)
            let name = Self.member(
                options.nameField.map { [$0] } ?? CorpusReader.nameFields, of: json)
            var bytes = text
            bytes.withUTF8 { bytes in
                give(
                    UnsafeRawBufferPointer(bytes), line,
                    CorpusDocument(
                        path: path, offset: offset, licence: stated ?? options.licence(path),
                        name: name.flatMap(Self.oneLine)), body)
            }
        }

        /// The first of some members that is a string with something in it, of the line or of its metadata.
        private static func member(_ names: [String], of line: JSONValue) -> String? {
            names.lazy.compactMap { name in
                line[name]?.stringValue ?? line["metadata"]?[name]?.stringValue
            }.first { !$0.isEmpty }
        }

        /// A name that can stand in a list: without control characters, and not of any length.
        private static func oneLine(_ name: String) -> String? {
            var line = ""
            var bytes = 0
            for scalar in name.unicodeScalars {
                bytes += UTF8.width(scalar)
                guard bytes <= 512 else { break }
                let isControl = scalar.properties.generalCategory == .control
                line.unicodeScalars.append(isControl ? " " : scalar)
            }
            return line.isEmpty ? nil : line
        }

        static func tooLong(_ longest: Int) -> ProvenanceError {
            ProvenanceError(
                "has a text longer than \(longest) bytes, which is what a shard holds; "
                    + "give the build more memory")
        }
    }

    /// A compressed text while it becomes complete.
    private final class Inflated {
        private(set) var bytes: [UInt8] = []
        private let longest: Int

        init(longest: Int) { self.longest = longest }

        func add(_ piece: UnsafeRawBufferPointer) throws(ProvenanceError) {
            guard piece.count <= longest - bytes.count else { throw FileState.tooLong(longest) }
            bytes.append(contentsOf: piece)
        }
    }
}
