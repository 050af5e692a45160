// SPDX-License-Identifier: Apache-2.0

import RetortTokenizers

/// Whether what one model expects can be compared with what another does: by token ids.
package enum VocabularyCheck {
    /// - Throws: ``TrainingError`` with the first id that stands for something else. Rows of an
    ///   embedding that no token has (padding to round sizes) do not count.
    package static func check(teacher: DataTokenizer, student: DataTokenizer)
        throws(TrainingError)
    {
        guard teacher.sha256 != student.sha256 else { return }
        let (theirs, own) = (teacher.tokenizer, student.tokenizer)
        let advice =
            "their distributions cannot be compared; choose a student of the teacher's vocabulary, or 'distill.method: traces', which needs none"
        for id in 0..<Int32(min(theirs.vocabularySize, own.vocabularySize)) {
            guard theirs.bytes(of: id).elementsEqual(own.bytes(of: id)),
                theirs.isSpecial(id) == own.isSpecial(id)
            else {
                throw TrainingError(
                    "the token \(id) is \(text(theirs, id)) for the teacher and \(text(own, id)) for the student: \(advice)"
                )
            }
        }
        guard theirs.vocabularySize == own.vocabularySize else {
            throw TrainingError(
                "the teacher's tokenizer has \(theirs.vocabularySize) tokens, the student's \(own.vocabularySize): \(advice)"
            )
        }
    }

    private static func text(_ tokenizer: Tokenizer, _ id: Int32) -> String {
        "'\(String(decoding: tokenizer.bytes(of: id), as: UTF8.self))'\(tokenizer.isSpecial(id) ? " (special)" : "")"
    }
}
