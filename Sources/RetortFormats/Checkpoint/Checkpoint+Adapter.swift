// SPDX-License-Identifier: Apache-2.0
//
// Adapters have Hugging Face's names; here they are brought to the names, cuts and row orders of
// the checkpoint that they change.

import RetortTensor

extension Checkpoint {
    private static let head = "lm_head.weight"
    private static let embedding = "model.embed_tokens.weight"

    /// Opens a checkpoint and the adapter that changes it, if there is one.
    /// - Throws: ``FormatError`` as ``init(path:)``, `LowRankFile` and ``merging(_:)`` do.
    package static func open(path: String, adapterPath: String?) throws(FormatError)
        -> Checkpoint
    {
        let checkpoint = try Checkpoint(path: path)
        guard let adapterPath else { return checkpoint }
        return try checkpoint.merging(LowRankFile(path: adapterPath))
    }

    /// The checkpoint with the weights W + scale · B A where the adapter has matrices; nothing is
    /// computed before a tensor is read.
    /// - Throws: ``FormatError`` if the checkpoint has an adapter already, lacks a weight that the
    ///   adapter changes, or has it in another shape.
    public func merging(_ adapter: LowRankFile) throws(FormatError) -> Checkpoint {
        guard self.adapter == nil else { throw FormatError("\(path) has an adapter already") }
        var config = config
        var added: [String] = []
        for name in adapter.weightNames {
            guard let layer = adapter.layer(ofWeight: name) else { continue }
            guard let shape = shape(ofWeight: name) else {
                throw FormatError(
                    "\(adapter.path) changes \(name), which \(path) does not have; it belongs to another model"
                )
            }
            try adapter.check(layer, name, shape)
            if name == Self.head, !isStored(name) {
                // The embedding stays as it is, so the two are no longer one.
                config.tieWordEmbeddings = false
                added.append(name)
            }
        }
        for (name, copy) in adapter.copies { try check(copy, name, adapter) }
        return Checkpoint(self, adapter: adapter, config: config, added: added)
    }

    /// A weight that the adapter brings along must be the checkpoint's; it may have been trained.
    private func check(_ copy: StoredTensor, _ name: String, _ adapter: LowRankFile)
        throws(FormatError)
    {
        let stored = isStored(name) ? name : name == Self.head ? Self.embedding : name
        let own = try storedTensor(stored)
        var isSame = own.shape == copy.shape
        // Where the types differ, rounding does.
        if isSame, !own.dtype.isQuantized, own.dtype == copy.dtype || copy.dtype == .f32 {
            isSame = try own.floats() == copy.floats()
        }
        guard isSame else {
            throw FormatError(
                "\(adapter.path) brings its own \(name), which is not that of \(path); merge it with peft"
            )
        }
    }

    /// The shape of a weight under Hugging Face's name, however it is stored.
    private func shape(ofWeight name: String) -> [Int]? {
        if isStored(name) { return info(name)?.shape }
        if name == Self.head { return info(Self.embedding)?.shape }
        if let expert = ExpertName(name), let shape = info(expert.stacked)?.shape {
            return shape.first.map { expert.index < $0 } ?? false
                ? Array(shape.dropFirst()) : nil
        }
        if let latent = LatentProjections(config), name.hasSuffix(Self.whole),
            isStored(name.replacing(Self.whole, with: Self.keys))
        {
            return latent.wholeShape
        }
        return nil
    }

    /// Whether a tensor is made of the embedding for an adapter of the head.
    func isTiedHead(_ name: String) -> Bool {
        name == Self.head && adapter?.layer(ofWeight: name) != nil && isStored(Self.embedding)
    }

    /// A tensor with what the adapter adds to it, not yet added.
    func changedTensor(_ name: String) throws(FormatError) -> StoredTensor {
        let isMade = !isStored(name) && isTiedHead(name)
        let tensor = try storedTensor(isMade ? Self.embedding : name)
        guard let adapter, let form = form(name, tensor.shape, adapter) else { return tensor }
        return tensor.changed(by: TensorChange(adapter: adapter, form: form), name: name)
    }

    private static let whole = ".kv_b_proj.weight"
    private static let keys = ".k_b_proj.weight"
    private static let values = ".v_b_proj.weight"

    private func form(_ name: String, _ shape: [Int], _ adapter: LowRankFile)
        -> TensorChange.Form?
    {
        if adapter.layer(ofWeight: name) != nil {
            let isPermuted =
                ropeLayout == .interleaved && config.latentAttention == nil
                && config.architecture == .llama && RopePermutation.applies(to: name)
            return .matrix(name, isPermuted ? RopePermutation(headDim: config.headDim) : nil)
        }
        if let expert = ExpertName(stacked: name), shape.count == 3 {
            let names = (0..<shape[0]).map { expert.single($0) }
            return names.contains { adapter.layer(ofWeight: $0) != nil } ? .experts(names) : nil
        }
        guard let latent = LatentProjections(config) else { return nil }
        for (half, makesKeys) in [(Self.keys, true), (Self.values, false)]
        where name.hasSuffix(half) {
            let whole = name.replacing(half, with: Self.whole)
            guard adapter.layer(ofWeight: whole) != nil else { return nil }
            let expected = makesKeys ? latent.keyShape : latent.valueShape
            guard shape == expected else { return nil }
            return makesKeys ? .keys(whole, latent) : .values(whole, latent)
        }
        return nil
    }
}
