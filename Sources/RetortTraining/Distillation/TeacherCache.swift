// SPDX-License-Identifier: Apache-2.0
//
// A teacher's distributions on the disk, so that a text that comes again, in another epoch or another
// run, needs no teacher. One file for each teacher and setting, only ever appended to:
//
//     magic "RTLC", u32 version, u32 outcomes of a token, u32 vocabulary, f32 temperature
//     records: 16 bytes of the text's SHA-256, u32 tokens, payload, u64 FNV-1a of all of these
//     payload: for each token its outcomes: ids (none if all are kept; 2 or 3 bytes), then the logarithms (f16)
//     of their probabilities and of what is left to all others
//
// All little-endian. A record that was cut off when a process died is dropped.

import Crypto
import Foundation
import RetortFormats
import RetortTensor

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// Keeps what a teacher expects after each token of some texts.
package final class TeacherCache {
    /// Which text: the first half of the SHA-256 of its ids and of which of them are predicted.
    package struct Key: Hashable {
        let high: UInt64
        let low: UInt64

        package init(_ digest: some Sequence<UInt8>) {
            var (high, low): (UInt64, UInt64) = (0, 0)
            for (index, byte) in digest.prefix(16).enumerated() {
                if index < 8 {
                    high = high << 8 | UInt64(byte)
                } else {
                    low = low << 8 | UInt64(byte)
                }
            }
            (self.high, self.low) = (high, low)
        }

        var bytes: [UInt8] {
            [high, low].flatMap { word in
                stride(from: 56, through: 0, by: -8).map { UInt8(truncatingIfNeeded: word >> $0) }
            }
        }
    }

    private static let magic = Array("RTLC".utf8)
    private static let version: UInt32 = 2
    private static let headerBytes = 20

    private let path: String
    private let descriptor: Int32
    private let count: Int
    private let idBytes: Int
    private let vocabulary: Int
    /// Where a text's payload begins, and of how many tokens it is.
    private var places: [Key: (offset: Int, tokens: Int)] = [:]
    private var end: Int
    private var buffer: [UInt8] = []

    /// Bytes of a token.
    var tokenBytes: Int { count * (idBytes + 2) + 2 }
    package var textCount: Int { places.count }

    /// Opens or makes a file.
    /// - Parameters:
    ///   - count: Outcomes of a token.
    ///   - vocabulary: Above all ids.
    /// - Throws: ``TrainingError`` if it is of other settings or no such file, cannot be read or written, or
    ///   another process uses it.
    package init(path: String, count: Int, vocabulary: Int, temperature: Float)
        throws(TrainingError)
    {
        self.path = path
        self.count = count
        self.vocabulary = vocabulary
        idBytes = count == vocabulary ? 0 : vocabulary <= 1 << 16 ? 2 : 3
        guard vocabulary <= 1 << 24 else {
            throw TrainingError("a vocabulary of \(vocabulary) tokens is too large for a cache")
        }
        let folder = (path as NSString).deletingLastPathComponent
        try? FileManager.default.createDirectory(
            atPath: folder, withIntermediateDirectories: true)
        descriptor = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o644)
        end = 0
        guard descriptor >= 0 else { throw failed("opened") }
        guard FileLock.take(descriptor) else {
            throw TrainingError(
                "\(path) is used by another process; wait for it or give another 'distill.loss.cache'"
            )
        }
        var header = Self.magic
        for word in [Self.version, UInt32(count), UInt32(vocabulary), temperature.bitPattern] {
            Self.append(UInt64(word), bytes: 4, to: &header)
        }
        let size = Int(lseek(descriptor, 0, SEEK_END))
        if size < Self.headerBytes {
            let start = try read(0, size)
            guard header.starts(with: start) else { throw foreign }
            try write(header, at: 0)
            end = Self.headerBytes
        } else {
            guard try read(0, Self.headerBytes) == header else { throw foreign }
            try index(size)
        }
        guard ftruncate(descriptor, off_t(end)) == 0 else { throw failed("written") }
    }

    deinit { close(descriptor) }

    private var foreign: TrainingError {
        TrainingError(
            "\(path) is no cache of this teacher and these settings; give another 'distill.loss.cache' or remove it"
        )
    }

    private func failed(_ what: String) -> TrainingError {
        TrainingError("\(path) cannot be \(what): \(String(cString: strerror(errno)))")
    }

    // MARK: Texts

    /// Reads a text's distributions.
    /// - Parameter places: Where in the batch each of its tokens stands.
    /// - Returns: False if the text is not there, or has another number of tokens.
    /// - Throws: ``TrainingError`` if the file cannot be read.
    package func load(_ key: Key, into targets: TeacherTargets, at places: [Int])
        throws(TrainingError)
        -> Bool
    {
        guard let known = self.places[key], known.tokens == places.count else { return false }
        let bytes = try read(known.offset, known.tokens * tokenBytes)
        var at = 0
        for place in places {
            let (ids, values) = (
                targets.ids + place * count, targets.probabilities + place * count
            )
            for index in 0..<count {
                var id = index
                if idBytes > 0 {
                    id = Int(bytes[at]) | Int(bytes[at + 1]) << 8
                    if idBytes == 3 { id |= Int(bytes[at + 2]) << 16 }
                }
                at += idBytes
                guard id < vocabulary else { throw foreign }
                ids[index] = Int32(id)
            }
            var sum: Float = 0
            for index in 0...count {
                let bits = UInt16(bytes[at]) | UInt16(bytes[at + 1]) << 8
                at += 2
                let value = expf(Float(Float16(bitPattern: bits)))
                guard index < count else {
                    // Rounding must not change what is left to the others.
                    let factor = count == vocabulary ? 1 / sum : (1 - min(value, 1)) / sum
                    guard factor.isFinite else { throw foreign }
                    for index in 0..<count { values[index] *= factor }
                    continue
                }
                values[index] = value
                sum += value
            }
        }
        return true
    }

    /// Adds a text.
    /// - Throws: ``TrainingError`` if the file cannot be written.
    package func store(_ key: Key, from targets: TeacherTargets, at places: [Int])
        throws(TrainingError)
    {
        guard self.places[key] == nil else { return }
        buffer.removeAll(keepingCapacity: true)
        buffer += key.bytes
        Self.append(UInt64(places.count), bytes: 4, to: &buffer)
        for place in places {
            let (ids, values) = (
                targets.ids + place * count, targets.probabilities + place * count
            )
            if idBytes > 0 {
                for index in 0..<count {
                    Self.append(UInt64(ids[index]), bytes: idBytes, to: &buffer)
                }
            }
            var sum: Float = 0
            for index in 0...count {
                let value = index < count ? values[index] : 1 - sum
                sum += value
                // As small as a float may be.
                let logarithm = Float16(logf(max(value, 1.2e-38)))
                Self.append(UInt64(logarithm.bitPattern), bytes: 2, to: &buffer)
            }
        }
        Self.append(FNVHash(buffer).value, bytes: 8, to: &buffer)
        try write(buffer, at: end)
        self.places[key] = (end + 20, places.count)
        end += buffer.count
    }

    /// Finds the records of a file.
    private func index(_ size: Int) throws(TrainingError) {
        end = Self.headerBytes
        while end + 28 <= size {
            let head = try read(end, 20)
            let tokens = (0..<4).reduce(0) { $0 | Int(head[16 + $1]) << (8 * $1) }
            let (payload, overflow) = tokens.multipliedReportingOverflow(by: tokenBytes)
            guard !overflow, payload <= size - end - 28 else { return }
            let record = try read(end, 28 + payload)
            let sum = (0..<8).reduce(UInt64(0)) {
                $0 | UInt64(record[20 + payload + $1]) << (8 * UInt64($1))
            }
            guard FNVHash(record[..<(20 + payload)]).value == sum else { return }
            places[Key(record[..<16])] = (end + 20, tokens)
            end += record.count
        }
    }

    // MARK: Bytes

    private static func append(_ value: UInt64, bytes: Int, to buffer: inout [UInt8]) {
        for index in 0..<bytes { buffer.append(UInt8(truncatingIfNeeded: value >> (8 * index))) }
    }

    private func read(_ offset: Int, _ size: Int) throws(TrainingError) -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: size)
        var done = 0
        while done < size {
            let got = bytes.withUnsafeMutableBytes { target in
                pread(
                    descriptor, target.baseAddress.map { $0 + done }, size - done,
                    off_t(offset + done))
            }
            if got < 0, errno == EINTR { continue }
            guard got > 0 else { throw failed("read") }
            done += got
        }
        return bytes
    }

    private func write(_ bytes: [UInt8], at offset: Int) throws(TrainingError) {
        var done = 0
        while done < bytes.count {
            let put = bytes.withUnsafeBytes { source in
                pwrite(
                    descriptor, source.baseAddress.map { $0 + done }, bytes.count - done,
                    off_t(offset + done))
            }
            if put < 0, errno == EINTR { continue }
            guard put > 0 else { throw failed("written") }
            done += put
        }
    }
}
