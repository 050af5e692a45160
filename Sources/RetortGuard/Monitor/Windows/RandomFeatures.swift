// SPDX-License-Identifier: Apache-2.0

/// Random Fourier features (Rahimi and Recht 2007) of sketches' vectors: the mean of them over a window is the window's embedding, and
/// the squared distance of two embeddings is MMD² (Gretton et al. 2012) of a sum of RBF kernels at half, once, twice and four times
/// the median distance.
///
/// 128 frequencies, the cosine and the sine of each: 256 numbers of length 1 together. O(1) a request.
public struct RandomFeatures: Sendable {
    /// As wide as compilers keep in registers without a processor's newer instructions.
    public typealias Part = SIMD8<Float>
    /// Parts of an embedding: 16 of cosines, 16 of sines.
    static let parts = 32
    private static let half = parts / 2

    /// The median distance, in units of the vectors' length.
    public let bandwidth: Float
    /// [64][16]; turns per unit of the vector.
    private let frequencies: [Part]

    /// Of vectors that have little in common; a reference gives a better one.
    public static let defaultBandwidth: Float = 1.2

    public init(bandwidth: Float = defaultBandwidth) {
        self.bandwidth = bandwidth
        // The same for all, so that what is written down can be compared.
        var random = SeededGenerator(seed: 0x7265_746F_7274)
        let multiples: [Float] = [0.5, 1, 2, 4]
        var frequencies = [Part](repeating: Part(), count: 64 * Self.half)
        for index in frequencies.indices {
            let multiple = multiples[index % Self.half / 4]
            for place in 0..<Part.scalarCount {
                let scale = multiple * bandwidth * 2 * .pi * 127
                frequencies[index][place] = Float(random.normal()) / scale
            }
        }
        self.frequencies = frequencies
    }

    /// Adds a vector's features to sums: [32].
    func add(_ vector: SIMD64<Int8>, to sums: UnsafeMutableBufferPointer<Part>) {
        withUnsafeTemporaryAllocation(of: Part.self, capacity: Self.half) { turns in
            turns.initialize(repeating: Part())
            frequencies.withUnsafeBufferPointer { frequencies in
                for dimension in 0..<64 where vector[dimension] != 0 {
                    let value = Part(repeating: Float(vector[dimension]))
                    let base = dimension * Self.half
                    for part in 0..<Self.half { turns[part] += value * frequencies[base + part] }
                }
            }
            let scale = Part(repeating: Float(1.0 / 128).squareRoot())
            for part in 0..<Self.half {
                sums[part] += scale * Self.sine(turns[part] + 0.25)
                sums[part + Self.half] += scale * Self.sine(turns[part])
            }
        }
    }

    /// sin(2πt), within 0.0012: a parabola and its square.
    @inline(__always)
    private static func sine(_ turns: Part) -> Part {
        // Adding 1.5·2²³ and taking it away rounds, without a call for each number.
        let t = turns - ((turns + 12_582_912) - 12_582_912)
        let y = t * (8 - 16 * pointwiseMax(t, -t))
        return y * (0.775 + 0.225 * pointwiseMax(y, -y))
    }

    /// The features of one vector.
    func features(_ vector: SIMD64<Int8>) -> [Part] {
        var sums = [Part](repeating: Part(), count: Self.parts)
        sums.withUnsafeMutableBufferPointer { add(vector, to: $0) }
        return sums
    }
}

/// Sums and products of embeddings.
enum Embedding {
    static func dot(_ a: [RandomFeatures.Part], _ b: [RandomFeatures.Part]) -> Float {
        var sum = RandomFeatures.Part()
        for index in 0..<min(a.count, b.count) { sum += a[index] * b[index] }
        return sum.sum()
    }

    static func scaled(_ a: [RandomFeatures.Part], _ factor: Float) -> [RandomFeatures.Part] {
        a.map { $0 * factor }
    }

    /// Unbiased squared distance (MMD²_u) of the mean of `count` features to a point without noise.
    ///
    /// Features have length 1, so that the mean's own noise is (1 − ‖mean‖²)/(count − 1).
    static func unbiased(_ mean: [RandomFeatures.Part], count: Int, to point: [RandomFeatures.Part])
        -> Float
    {
        let own = dot(mean, mean)
        let noise = (1 - own) / Float(max(1, count - 1))
        return own - 2 * dot(mean, point) + dot(point, point) - noise
    }
}
