// SPDX-License-Identifier: Apache-2.0

/// Which of so many elements belong together (Tarjan 1975). A set's root is its first element.
struct DisjointSets {
    private var parents: [UInt32]

    /// - Parameter count: Up to 2^32 elements.
    init(count: Int) { parents = (0..<count).map { UInt32($0) } }

    mutating func root(of element: Int) -> Int {
        var element = UInt32(element)
        while parents[Int(element)] != element {
            // Halves the path.
            parents[Int(element)] = parents[Int(parents[Int(element)])]
            element = parents[Int(element)]
        }
        return Int(element)
    }

    mutating func join(_ a: Int, _ b: Int) {
        let (a, b) = (root(of: a), root(of: b))
        parents[max(a, b)] = UInt32(min(a, b))
    }
}
