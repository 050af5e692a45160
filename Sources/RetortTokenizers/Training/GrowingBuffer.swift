// SPDX-License-Identifier: Apache-2.0
//
// Plain memory that grows. The merge loop reads several of these at random places; arrays would
// check bounds and uniqueness at each.

/// A growing run of plain values with one owner. Indices are not checked.
struct GrowingBuffer<Element: BitwiseCopyable>: ~Copyable, @unchecked Sendable {
    // Safety: the memory has one owner, this value, which cannot be copied.
    private(set) var base: UnsafeMutablePointer<Element>
    private(set) var count = 0
    private var capacity: Int

    init(capacity: Int = 16) {
        self.capacity = max(capacity, 1)
        base = .allocate(capacity: self.capacity)
    }

    init(repeating value: Element, count: Int) {
        self.init(capacity: count)
        base.initialize(repeating: value, count: count)
        self.count = count
    }

    deinit { base.deallocate() }

    subscript(index: Int) -> Element {
        @inline(__always) get { base[index] }
        @inline(__always) nonmutating set { base[index] = newValue }
    }

    @inline(__always)
    mutating func append(_ value: Element) {
        if count == capacity { reserve(count + 1) }
        (base + count).initialize(to: value)
        count += 1
    }

    mutating func append(_ values: UnsafePointer<Element>, _ number: Int) {
        reserve(count + number)
        (base + count).initialize(from: values, count: number)
        count += number
    }

    /// Makes the buffer longer by values that the caller sets.
    /// - Returns: The index of the first.
    mutating func extend(by number: Int) -> Int {
        reserve(count + number)
        defer { count += number }
        return count
    }

    mutating func removeLast() { count -= 1 }

    mutating func removeAll() { count = 0 }

    private mutating func reserve(_ wanted: Int) {
        guard wanted > capacity else { return }
        let larger = max(wanted, capacity * 2)
        let moved = UnsafeMutablePointer<Element>.allocate(capacity: larger)
        moved.moveInitialize(from: base, count: count)
        base.deallocate()
        base = moved
        capacity = larger
    }
}
