// SPDX-License-Identifier: Apache-2.0

import RetortClient

extension VerifiedDataset {
    /// Counts before the keep policy: how good the teacher was.
    func count(_ candidates: [Candidate]) -> DatasetStatistics {
        var statistics = DatasetStatistics()
        statistics.prompts = plan.prompts.count
        statistics.samplesPerPrompt = plan.samples
        for prompt in 0..<plan.prompts.count {
            let name = level(prompt)
            var level = statistics.levels[name] ?? .init()
            level.prompts += 1
            var correct = 0
            for index in (prompt * plan.samples)..<((prompt + 1) * plan.samples) {
                let candidate = candidates[index]
                if candidate.wasJudged { level.judged += 1 }
                if case .correct = candidate.state { correct += 1 }
                statistics.contaminationMatches += candidate.matches.count
                if !candidate.matches.isEmpty { statistics.contaminatedSamples += 1 }
                if let answer = candidate.answer { statistics.add(answer) }
            }
            level.correct += correct
            if correct > 0 { level.solved += 1 }
            statistics.promptsByCorrect[correct, default: 0] += 1
            statistics.levels[name] = level
        }
        return statistics
    }

    func level(_ prompt: Int) -> String {
        plan.prompts[prompt].difficulty ?? DatasetStatistics.unlabelled
    }

    /// Counts what is in the dataset and what is not, and why.
    func finish(_ statistics: inout DatasetStatistics, _ candidates: [Candidate]) {
        for (index, candidate) in candidates.enumerated() {
            switch candidate.state {
            case .rejected(let reason): statistics.rejections[reason, default: 0] += 1
            case .correct:
                statistics.kept += 1
                statistics.levels[level(place(index).prompt)]?.kept += 1
                if let cost = candidate.answer?.cost {
                    statistics.keptCost = statistics.keptCost + cost
                }
            }
        }
    }
}

extension DatasetStatistics {
    mutating func add(_ answer: VerifiedDataset.AnswerFacts) {
        answers += 1
        promptTokens += answer.usage?.promptTokens ?? 0
        completionTokens += answer.usage?.completionTokens ?? 0
        reasoningTokens += answer.usage?.reasoningTokens ?? 0
        if let cost = answer.cost {
            self.cost = self.cost + cost
        } else {
            answersWithoutPrice += 1
        }
        firstAnswer = min(firstAnswer ?? answer.finished, answer.finished)
        lastAnswer = max(lastAnswer ?? answer.finished, answer.finished)
    }
}
