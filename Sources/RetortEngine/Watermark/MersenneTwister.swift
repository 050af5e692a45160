// SPDX-License-Identifier: Apache-2.0
//
// MT19937 (Matsumoto and Nishimura 1998): what PyTorch draws tables of random bits with on a CPU.

struct MersenneTwister {
    private static let size = 624
    private static let middle = 397
    private var state: [UInt32]
    private var place = Self.size

    init(seed: UInt32) {
        state = [seed]
        state.reserveCapacity(Self.size)
        for index in 1..<UInt32(Self.size) {
            let last = state[Int(index) - 1]
            state.append(1_812_433_253 &* (last ^ last >> 30) &+ index)
        }
    }

    mutating func next() -> UInt32 {
        if place == Self.size { refill() }
        var word = state[place]
        place += 1
        word ^= word >> 11
        word ^= word << 7 & 0x9D2C_5680
        word ^= word << 15 & 0xEFC6_0000
        return word ^ word >> 18
    }

    private mutating func refill() {
        for index in 0..<Self.size {
            let mixed =
                state[index] & 0x8000_0000 | state[(index + 1) % Self.size] & 0x7FFF_FFFF
            state[index] =
                state[(index + Self.middle) % Self.size] ^ mixed >> 1
                ^ (mixed & 1 == 0 ? 0 : 0x9908_B0DF)
        }
        place = 0
    }
}
