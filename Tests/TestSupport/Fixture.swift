// SPDX-License-Identifier: Apache-2.0
//
// Finds the files beside the tests. Fixtures are read from the source tree, not copied into bundles.

import Foundation

/// A file in the `Fixtures` folder beside the calling test file.
public func fixture(_ name: String, from file: StaticString = #filePath) -> URL {
    URL(fileURLWithPath: "\(file)").deletingLastPathComponent()
        .appendingPathComponent("Fixtures").appendingPathComponent(name)
}
