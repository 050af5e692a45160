// SPDX-License-Identifier: Apache-2.0

import RetortEngine
import Testing

@Suite struct SchedulerTests {
    private func scheduler(_ places: Int, _ requests: [(client: String, unread: Int)]) -> Scheduler
    {
        var scheduler = Scheduler(maximumRunning: places)
        for (id, request) in requests.enumerated() {
            scheduler.enqueue(id, client: request.client, unread: request.unread)
        }
        return scheduler
    }

    @Test("requests of one client get places in the order in which they came")
    func order() {
        var scheduler = scheduler(2, [("a", 10), ("a", 5), ("a", 1)])
        #expect(scheduler.ahead(of: 2) == 2)
        #expect([scheduler.admit(), scheduler.admit(), scheduler.admit()] == [0, 1, nil])
        #expect(scheduler.waiting == 1)
        #expect(scheduler.running == 2)
        scheduler.remove(0)
        #expect(scheduler.admit() == 2)
        for id in 1...2 { scheduler.remove(id) }
        #expect(scheduler.isIdle)
    }

    @Test("a step decodes all that generate and reads the prompt with the least left")
    func step() {
        var scheduler = scheduler(4, [("a", 300), ("a", 100), ("b", 200)])
        while scheduler.admit() != nil {}
        #expect(scheduler.step() == .init(decode: [], prefill: 1))
        scheduler.didRead(1, 100, left: 0)
        #expect(scheduler.step() == .init(decode: [1], prefill: 2))
        scheduler.didRead(2, 128, left: 72)
        #expect(scheduler.step() == .init(decode: [1], prefill: 2))
        scheduler.didRead(2, 72, left: 0)
        #expect(scheduler.step() == .init(decode: [1, 2], prefill: 0))
    }

    @Test("a long prompt is read although short ones keep coming")
    func starvation() {
        var scheduler = scheduler(4, [("a", 1000)])
        _ = scheduler.admit()
        var left = 1000
        for id in 1...40 where left > 0 {
            scheduler.enqueue(id, client: "b", unread: 1)
            _ = scheduler.admit()
            guard let chosen = scheduler.step().prefill else { break }
            if chosen == 0 {
                left -= 100
                scheduler.didRead(0, 100, left: left)
            } else {
                scheduler.didRead(chosen, 1, left: 0)
                scheduler.remove(chosen)
            }
        }
        #expect(left == 0)
    }

    @Test("a client with many requests does not hold up one with few")
    func fairness() {
        var scheduler = scheduler(1, Array(repeating: ("greedy", 10), count: 20))
        var order: [Int] = []
        func serve(_ scheduler: inout Scheduler) {
            guard let id = scheduler.admit() else { return }
            order.append(id)
            scheduler.didRead(id, 10, left: 0)
            for _ in 0..<5 { scheduler.didGenerate(id) }
            scheduler.remove(id)
        }
        for _ in 0..<4 { serve(&scheduler) }
        for id in 100..<103 { scheduler.enqueue(id, client: "modest", unread: 10) }
        for _ in 0..<6 { serve(&scheduler) }
        #expect(
            order == [0, 1, 2, 3, 100, 4, 101, 5, 102, 6]
                || order == [0, 1, 2, 3, 4, 100, 5, 101, 6, 102])
    }

    @Test("a client that comes back has earned no credit by its pause")
    func credit() {
        var scheduler = scheduler(1, [("a", 10), ("a", 10), ("a", 10)])
        _ = scheduler.admit()
        scheduler.didRead(0, 1000, left: 0)
        scheduler.remove(0)
        _ = scheduler.admit()
        scheduler.didRead(1, 1000, left: 0)
        // Alone, "b" would be 2,000 tokens behind; it starts from the level of the last admission.
        scheduler.enqueue(10, client: "b", unread: 10)
        scheduler.enqueue(11, client: "b", unread: 10)
        scheduler.remove(1)
        #expect(scheduler.admit() == 10)
        scheduler.didRead(10, 1500, left: 0)
        scheduler.remove(10)
        #expect(scheduler.admit() == 2)
    }

    @Test("a client without a place gets one of the client that has most, and no other gives way")
    func displacement() {
        var scheduler = scheduler(4, [("a", 10), ("a", 10), ("a", 10), ("b", 10), ("a", 10)])
        #expect(scheduler.displace() == nil)
        while scheduler.admit() != nil {}
        // "b" has a place: nobody has to give way for its second request.
        scheduler.enqueue(5, client: "b", unread: 10)
        #expect(scheduler.displace() == nil)
        scheduler.didRead(0, 10, left: 0)
        scheduler.enqueue(6, client: "c", unread: 10)
        scheduler.enqueue(7, client: "d", unread: 10)
        let first = scheduler.displace()
        #expect(first?.displaced == 2 && first?.admitted == 6)
        let second = scheduler.displace()
        #expect(second?.displaced == 1 && second?.admitted == 7)
        #expect(scheduler.displace() == nil)
        #expect(scheduler.running == 4)
        // Each of the four has one place: a fifth client has to wait for an end.
        scheduler.enqueue(8, client: "e", unread: 10)
        #expect(scheduler.displace() == nil)
        #expect(Set(scheduler.all.suffix(4)) == [0, 3, 6, 7])
    }

    @Test("the sequence with the newest place loses it first, and waits in front")
    func preemption() {
        var scheduler = scheduler(3, [("a", 10), ("a", 10), ("a", 10), ("a", 10)])
        while scheduler.admit() != nil {}
        scheduler.didRead(0, 10, left: 0)
        scheduler.didRead(1, 10, left: 0)
        #expect(scheduler.preempt(for: 0) == 2)
        #expect(scheduler.preempt(for: 0) == 1)
        #expect(scheduler.preempt(for: 0) == nil)
        scheduler.setUnread(1, 12)
        #expect(scheduler.all == [1, 2, 3, 0])
        #expect(scheduler.admit() == 1)
        #expect(scheduler.step() == .init(decode: [0], prefill: 1))
    }
}
