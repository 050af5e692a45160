// SPDX-License-Identifier: Apache-2.0

/// The `meta` elements of a page's head, read as far as a crawler needs them: no document tree, no script.
public enum HTMLMeta {
    /// Bytes that are read.
    static let byteLimit = 256 * 1024

    /// - Returns: The `content` of each `name` asked for, the first of each; names in lower case.
    public static func contents(of names: Set<String>, in page: [UInt8]) -> [String: String] {
        var found: [String: String] = [:]
        var reader = TagReader(Array(page.prefix(byteLimit)))
        while let tag = reader.next() {
            if tag.name == "body" || tag.name == "/head" { break }
            guard tag.name == "meta", let name = tag.attributes["name"]?.lowercased(),
                names.contains(name), found[name] == nil
            else { continue }
            found[name] = tag.attributes["content"] ?? ""
        }
        return found
    }
}
