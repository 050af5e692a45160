// SPDX-License-Identifier: Apache-2.0
//
// Nothing to declare: SwiftPM wants a header, and the entries are found by their names.
