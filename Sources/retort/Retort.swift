// SPDX-License-Identifier: Apache-2.0

import ArgumentParser

/// The command line: one type per verb.
struct Retort: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "retort",
        abstract: "Run open reasoning models on your own machine.",
        version: Version.text,
        subcommands: [
            ChatCommand.self, ServeCommand.self, PullCommand.self, ListCommand.self,
            ShowCommand.self,
            RemoveCommand.self, TokenizeCommand.self, DetokenizeCommand.self, RenderCommand.self,
            ScoreCommand.self, ConvertCommand.self, BenchCommand.self, BenchTokenizerCommand.self,
            BenchTrainCommand.self, TrainTokenizerCommand.self, PrepareCommand.self,
            TrainCommand.self, SFTCommand.self, ReinforceCommand.self, DistillCommand.self,
            TracesCommand.self, EvalCommand.self, CeilingCommand.self, PipelineCommand.self,
            CostCommand.self,
            DoctorCommand.self,
            KeysCommand.self, GuardCommand.self, ProvenanceCommand.self,
        ])
}
