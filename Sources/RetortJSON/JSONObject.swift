// SPDX-License-Identifier: Apache-2.0
//
// The members of a JSON object in the order of the document. Keys are equal when their UTF-8 bytes
// are, never by Unicode equivalence.

/// An ordered JSON object. Look-up is linear: meant for documents that are walked, or small ones.
public struct JSONObject: Sendable, Equatable {
    /// One member of an object.
    public struct Member: Sendable {
        public var key: String
        public var value: JSONValue

        public init(key: String, value: JSONValue) {
            self.key = key
            self.value = value
        }
    }

    public private(set) var members: [Member]

    public init() { members = [] }

    public init(members: [Member]) { self.members = members }

    public init(_ pairs: [(String, JSONValue)]) {
        members = pairs.map { Member(key: $0.0, value: $0.1) }
    }

    public var count: Int { members.count }
    public var isEmpty: Bool { members.isEmpty }
    public var keys: [String] { members.map(\.key) }

    /// The last member with these bytes as its key, as in Python's `json`. Setting replaces it in
    /// place or appends; setting nil removes every such member.
    public subscript(key: String) -> JSONValue? {
        get { members.last { Self.sameBytes($0.key, key) }?.value }
        set {
            guard let newValue else {
                members.removeAll { Self.sameBytes($0.key, key) }
                return
            }
            if let index = members.lastIndex(where: { Self.sameBytes($0.key, key) }) {
                members[index].value = newValue
            } else {
                members.append(Member(key: key, value: newValue))
            }
        }
    }

    /// Whether two strings have the same UTF-8 bytes (`==` compares by canonical equivalence).
    public static func sameBytes(_ a: String, _ b: String) -> Bool {
        a.utf8.elementsEqual(b.utf8)
    }
}

extension JSONObject.Member: Equatable {
    public static func == (a: Self, b: Self) -> Bool {
        JSONObject.sameBytes(a.key, b.key) && a.value == b.value
    }
}
