// SPDX-License-Identifier: Apache-2.0

import RetortTraining
import Testing

@Test("a training error says what it was given") func errorText() {
    #expect("\(TrainingError("the shard is damaged"))" == "the shard is damaged")
}
