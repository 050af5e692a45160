// SPDX-License-Identifier: Apache-2.0

/// How much a compressed file may become.
public struct GzipLimits: Sendable {
    /// Bytes of one file.
    public var maximumBytes: Int
    /// Times the compressed size, of what is beyond the first 16 MiB.
    public var maximumRatio: Int

    public init(maximumBytes: Int = 16 << 30, maximumRatio: Int = 200) {
        self.maximumBytes = maximumBytes
        self.maximumRatio = maximumRatio
    }
}

/// A gzip file (RFC 1952), of one member or several.
enum GzipFile {
    private static let free = 16 << 20

    /// Gives out the content in pieces.
    /// - Throws: ``ProvenanceError`` if the file is cut, damaged or a bomb, and what `body` throws.
    static func read(
        _ input: UnsafeRawBufferPointer, limits: GzipLimits,
        _ body: @escaping (UnsafeRawBufferPointer) throws(ProvenanceError) -> Void
    ) throws(ProvenanceError) {
        let state = State(limits: limits, compressed: input.count)
        var position = 0
        repeat {
            position = try header(input, position)
            state.begin()
            var inflater = Inflater(input, from: position) { piece throws(ProvenanceError) in
                try state.take(piece)
                try body(piece)
            }
            do throws(Inflater.Failure) {
                position = try inflater.run()
            } catch {
                switch error {
                case .cut: throw cut
                case .damaged: throw ProvenanceError("the gzip file is damaged")
                case .refused(let error): throw error
                }
            }
            guard position + 8 <= input.count else { throw cut }
            let checksum = input.loadUnaligned(fromByteOffset: position, as: UInt32.self)
            let length = input.loadUnaligned(fromByteOffset: position + 4, as: UInt32.self)
            guard UInt32(littleEndian: checksum) == ~state.checksum,
                UInt32(littleEndian: length) == UInt32(truncatingIfNeeded: state.memberBytes)
            else {
                throw ProvenanceError("the gzip file is damaged: its checksum does not fit")
            }
            position += 8
            // Some writers pad with zeros.
            while position < input.count && input[position] == 0 { position += 1 }
        } while position < input.count
    }

    private static var cut: ProvenanceError { ProvenanceError("the gzip file is cut short") }

    /// The position after a member's header.
    private static func header(_ input: UnsafeRawBufferPointer, _ start: Int)
        throws(ProvenanceError) -> Int
    {
        guard start + 10 <= input.count else { throw cut }
        guard input[start] == 0x1F, input[start + 1] == 0x8B, input[start + 2] == 8 else {
            throw ProvenanceError("the file does not begin as a gzip file does")
        }
        let flags = input[start + 3]
        var position = start + 10
        if flags & 4 != 0 {
            guard position + 2 <= input.count else { throw cut }
            position += 2 + Int(input[position]) + Int(input[position + 1]) << 8
        }
        for flag: UInt8 in [8, 16] where flags & flag != 0 {
            while position < input.count && input[position] != 0 { position += 1 }
            position += 1
        }
        if flags & 2 != 0 { position += 2 }
        guard position <= input.count else { throw cut }
        return position
    }

    /// What was given out so far.
    private final class State {
        private let limits: GzipLimits
        private let compressed: Int
        private var total = 0
        private(set) var memberBytes = 0
        private(set) var checksum: UInt32 = .max

        init(limits: GzipLimits, compressed: Int) {
            self.limits = limits
            self.compressed = compressed
        }

        func begin() {
            memberBytes = 0
            checksum = .max
        }

        func take(_ piece: UnsafeRawBufferPointer) throws(ProvenanceError) {
            total += piece.count
            memberBytes += piece.count
            let (allowed, overflow) = compressed.multipliedReportingOverflow(
                by: limits.maximumRatio)
            guard total <= limits.maximumBytes, overflow || total - GzipFile.free <= allowed else {
                throw ProvenanceError(
                    "\(compressed) bytes of gzip become more than \(total); it looks like a bomb. "
                        + "Unpack it yourself if it is not")
            }
            for byte in piece {
                checksum = GzipFile.table[Int((checksum ^ UInt32(byte)) & 255)] ^ checksum >> 8
            }
        }
    }

    /// CRC-32 of single bytes.
    private static let table: [UInt32] = (0..<256).map { byte in
        (0..<8).reduce(UInt32(byte)) { sum, _ in sum & 1 == 1 ? 0xEDB8_8320 ^ sum >> 1 : sum >> 1 }
    }
}
