// SPDX-License-Identifier: Apache-2.0
//
// Several linear layers of one row each, run at once: the experts of a token are small, and a region
// of threads for each of them would cost more than a tenth of its time.

import CRetortKernels

extension ComputeContext {
    /// Begins a group. Until it has run, no other linear layer may.
    package func beginGroup() { linearGroup.begin() }

    /// Adds out = W x + b to the group, one row. Layers of a group may share an input.
    /// - Parameter x: `[W.columns]`, as it is when this is called.
    package func addToGroup(
        _ out: UnsafeMutablePointer<Float>, _ x: UnsafeMutablePointer<Float>,
        _ weight: WeightMatrix, bias: UnsafePointer<Float>? = nil
    ) {
        let group = linearGroup
        guard let task = group.next() else {
            // More than it was made for: run what there is and begin anew.
            runGroup()
            group.begin()
            return addToGroup(out, x, weight, bias: bias)
        }
        task.out = Rows(out, rows: 1, columns: weight.rows)
        task.x = Rows(x, rows: 1, columns: weight.columns)
        task.weight = weight
        task.bias = bias
        if weight.dtype.isQuantized {
            task.quantized = group.quantized(x, columns: weight.columns, table)
        }
        task.split = task.splits(weight) ? group.split(x, columns: weight.columns, table) : nil
        task.rowsPerChunk = LinearTask.streamRows(
            weight, unit: 2 * Int(RK_TILE), threads: pool.threadCount)
        group.addChunks(of: task)
    }

    /// Runs the layers of the group.
    package func runGroup() {
        guard linearGroup.count > 0 else { return }
        pool.run(linearGroup, chunks: linearGroup.chunkCount)
        linearGroup.end()
    }
}

final class LinearGroupTask: ParallelTask {
    private(set) var count = 0
    /// Chunks of all layers.
    private(set) var chunkCount = 0
    /// Where the chunks of each layer begin.
    private var firstChunks: [Int]
    private let tasks: [LinearTask]
    /// Inputs in the kernels' form.
    private let rows: [QuantizedRows]
    private let splitRows: [BFloatRows]
    private var rowCount = 0
    private var latest: (x: UnsafeMutablePointer<Float>, columns: Int, isSplit: Bool)?

    /// - Parameter capacity: The most layers of a group.
    init(
        table: UnsafePointer<rk_kernels>, threads: Int, capacity: Int, maximumColumns: Int,
        nothing: AlignedBuffer
    ) throws(TensorError) {
        firstChunks = Array(repeating: 0, count: capacity)
        var tasks: [LinearTask] = []
        for _ in 0..<capacity {
            tasks.append(
                try LinearTask(
                    table: table, threads: threads, maximumColumns: maximumColumns,
                    nothing: nothing))
        }
        self.tasks = tasks
        var rows: [QuantizedRows] = []
        var splitRows: [BFloatRows] = []
        for _ in 0..<capacity {
            rows.append(try QuantizedRows(maximumRows: 1, maximumColumns: maximumColumns))
            splitRows.append(
                try BFloatRows(rounded: 0, split: 1, columns: maximumColumns, table))
        }
        self.rows = rows
        self.splitRows = splitRows
    }

    func begin() {
        count = 0
        chunkCount = 0
        rowCount = 0
        latest = nil
    }

    /// Counts the chunks of the layer that was added last.
    func addChunks(of task: LinearTask) {
        firstChunks[count - 1] = chunkCount
        chunkCount += (task.out.columns + task.rowsPerChunk - 1) / task.rowsPerChunk
    }

    func next() -> LinearTask? {
        guard count < tasks.count else { return nil }
        count += 1
        return tasks[count - 1]
    }

    /// The input in the kernels' form; made once where one layer after another has the same.
    func quantized(
        _ x: UnsafeMutablePointer<Float>, columns: Int, _ table: UnsafePointer<rk_kernels>
    ) -> rk_q8_rows {
        if isNew(x, columns: columns, isSplit: false) {
            rows[rowCount - 1].quantize(row: 0, of: x, columns: columns, table)
        }
        return rows[rowCount - 1].view
    }

    /// The same for bf16 weights.
    func split(
        _ x: UnsafeMutablePointer<Float>, columns: Int, _ table: UnsafePointer<rk_kernels>
    ) -> UnsafePointer<UInt16> {
        if isNew(x, columns: columns, isSplit: true) {
            splitRows[rowCount - 1].split(row: 0, of: x, columns: columns, table)
        }
        return UnsafePointer(splitRows[rowCount - 1].base)
    }

    private func isNew(_ x: UnsafeMutablePointer<Float>, columns: Int, isSplit: Bool) -> Bool {
        if let latest, latest == (x, columns, isSplit) { return false }
        rowCount += 1
        latest = (x, columns, isSplit)
        return true
    }

    func run(chunk: Int, thread: Int) {
        var index = count - 1
        while firstChunks[index] > chunk { index -= 1 }
        tasks[index].run(chunk: chunk - firstChunks[index], thread: thread)
    }

    /// Lets go of the weights.
    func end() {
        for index in 0..<count { tasks[index].weight = nil }
        count = 0
    }
}
