// SPDX-License-Identifier: Apache-2.0

import RetortFormats
import RetortTensor

/// The rows of the token embedding, `[vocabSize, hiddenSize]`, left where they are.
struct Embedding {
    let vocabSize: Int
    let hiddenSize: Int
    private let dtype: DType
    private let base: UnsafeRawPointer
    private let rowBytes: Int
    private let owner: any AnyObject & Sendable
    /// What is trained, if it is.
    let parameter: Parameter?

    init(_ parameter: Parameter) {
        vocabSize = parameter.rows
        hiddenSize = parameter.columns
        dtype = .f32
        base = UnsafeRawPointer(parameter.values)
        rowBytes = 4 * parameter.columns
        owner = parameter
        self.parameter = parameter
    }

    init(tensor: StoredTensor, owner: any AnyObject & Sendable) throws(ModelError) {
        guard tensor.shape.count == 2, let base = tensor.bytes.baseAddress,
            let rowBytes = tensor.dtype.byteCount(elements: tensor.shape[1])
        else { throw ModelError("\(tensor.name) is not a matrix of whole blocks") }
        vocabSize = tensor.shape[0]
        hiddenSize = tensor.shape[1]
        dtype = tensor.dtype
        self.base = base
        self.rowBytes = rowBytes
        self.owner = owner
        parameter = nil
    }

    /// out[i] = the row of tokens[i]; the tokens are below `vocabSize`.
    func forward(_ out: Rows, _ tokens: UnsafeBufferPointer<Int32>, _ context: ComputeContext) {
        for (row, token) in tokens.enumerated() {
            context.convert(
                out[row], from: base + Int(token) * rowBytes, dtype, count: hiddenSize)
        }
    }
}
