// SPDX-License-Identifier: Apache-2.0

import RetortFormats

extension LineReader {
    /// Opens a file, with this module's errors.
    static func open(
        _ path: String, chunkBytes: Int = defaultChunkBytes, maximumLineBytes: Int
    ) throws(TrainingError) -> LineReader {
        do throws(FormatError) {
            return try LineReader(
                path: path, chunkBytes: chunkBytes, maximumLineBytes: maximumLineBytes)
        } catch { throw TrainingError(error.description) }
    }

    /// Moves on to the next line, with this module's errors.
    func advance() throws(TrainingError) -> Bool {
        do throws(FormatError) { return try next() } catch {
            throw TrainingError(error.description)
        }
    }
}
