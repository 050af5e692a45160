// SPDX-License-Identifier: Apache-2.0

import RetortTensor
import Synchronization

/// How fast this machine reads memory: the floor under decoding.
public enum Bandwidth {
    /// Bytes per second, the median of several sweeps over a buffer larger than the caches.
    public static func measure(threads: Int, megabytes: Int = 512) throws -> Double {
        let buffer = try AlignedBuffer(byteCount: megabytes << 20)
        let pool = ThreadPool(threadCount: threads)
        let task = ReadTask(buffer: buffer, parts: 4 * threads)
        // The first sweep brings the pages into being.
        for index in stride(from: 0, to: buffer.byteCount, by: 4096) {
            buffer.base.storeBytes(of: 1, toByteOffset: index, as: UInt8.self)
        }
        var rates: [Double] = []
        for _ in 0..<7 {
            let start = ContinuousClock.now
            pool.run(task, chunks: task.parts)
            rates.append(Double(buffer.byteCount) / ((.now - start) / .seconds(1)))
        }
        return rates.sorted()[rates.count / 2]
    }

    private final class ReadTask: ParallelTask {
        let buffer: AlignedBuffer
        let parts: Int
        private let sum = Atomic<UInt64>(0)

        init(buffer: AlignedBuffer, parts: Int) {
            self.buffer = buffer
            self.parts = parts
        }

        func run(chunk: Int, thread: Int) {
            let bytes = buffer.byteCount / parts / 256 * 256
            let start = buffer.base + chunk * bytes
            var sums = (SIMD8<UInt64>(), SIMD8<UInt64>(), SIMD8<UInt64>(), SIMD8<UInt64>())
            for offset in stride(from: 0, to: bytes, by: 256) {
                sums.0 &+= (start + offset).load(as: SIMD8<UInt64>.self)
                sums.1 &+= (start + offset + 64).load(as: SIMD8<UInt64>.self)
                sums.2 &+= (start + offset + 128).load(as: SIMD8<UInt64>.self)
                sums.3 &+= (start + offset + 192).load(as: SIMD8<UInt64>.self)
            }
            // The sum is used, so that the reads are not removed.
            let total = (sums.0 &+ sums.1 &+ sums.2 &+ sums.3).wrappedSum()
            sum.wrappingAdd(total, ordering: .relaxed)
        }
    }
}
