// SPDX-License-Identifier: Apache-2.0
//
// Any bytes as lines of a log of requests. What was read of ours must read back the same, and the monitor must take all of it.

import RetortGuard

@_cdecl("LLVMFuzzerTestOneInput")
public func fuzz(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    let bytes = UnsafeBufferPointer(start: start, count: count)
    var log = RequestLog(keepsText: true)
    let monitor = ExtractionMonitor()
    let lines = bytes.split(separator: 0x0A, omittingEmptySubsequences: false)
    for (index, line) in lines.enumerated() {
        let isLast = index == lines.count - 1
        guard let record = log.record(of: line, number: index + 1, isLast: isLast) else { continue }
        monitor.add(record)
        var kept = record
        kept.text = nil
        var again = RequestLog()
        let found = again.record(of: Array(record.line.utf8), number: 1)
        // NaN is not itself.
        if let found, found != kept, record.temperature?.isNaN != true, record.topP?.isNaN != true {
            fatalError("a record is not what was written")
        }
        if found == nil { fatalError("a record cannot be read again") }
    }
    let problems = log.problems
    if problems.records + problems.unused + problems.blank != problems.lines {
        fatalError("the lines do not add up")
    }
    _ = monitor.finish()
    return 0
}
