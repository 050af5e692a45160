// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Foundation
import RetortTensor
import RetortTraining

#if HAVE_MPI
    import RetortMPI
#endif

/// The processes that train together.
enum TrainingGroups {
    /// How many processes were started together, as Open MPI's mpirun, Hydra's, or srun says; nil if
    /// nobody says anything.
    private static var started: Int? {
        for name in ["OMPI_COMM_WORLD_SIZE", "PMI_SIZE", "SLURM_STEP_NUM_TASKS"] {
            if let count = integer(name) { return count }
        }
        return nil
    }

    private static func integer(_ name: String) -> Int? {
        ProcessInfo.processInfo.environment[name].flatMap { Int($0) }
    }

    /// - Throws: ``CommandError`` if several processes were started that cannot find each other;
    ///   `TrainingError` if MPI does not start.
    static func make() throws -> any TrainingGroup {
        #if HAVE_MPI
            guard let started else { return SoloGroup() }
            let group = try MPIGroup()
            guard group.size == started else {
                throw CommandError(
                    "\(started) processes were started, but MPI knows of \(group.size); use the mpirun of the MPI that retort was built with"
                )
            }
            return group
        #else
            guard let started, started > 1 else { return SoloGroup() }
            throw CommandError(
                "\(started) processes were started, and this retort trains in one only; build it with 'swift build -c release --traits MPI' to train in several"
            )
        #endif
    }

    /// Threads of each process where the recipe says nothing: its share of the machine's cores.
    static func threads(_ group: any TrainingGroup) -> Int? {
        guard group.size > 1, let local = integer("OMPI_COMM_WORLD_LOCAL_SIZE"), local > 0 else {
            return nil
        }
        let share = max(1, ProcessInfo.processInfo.processorCount / local)
        if ProcessInfo.processInfo.environment[Processors.variable] != nil {
            return Processors.usable
        }
        let usable = Processors.usable
        if usable < share, group.rank == 0 {
            Output.note(
                "each process is bound to \(usable) of its \(share) cores; start mpirun with --bind-to none"
            )
        }
        return min(share, usable)
    }

    /// Tells what went wrong in one process and ends all of them.
    static func fail(_ error: any Error, _ group: any TrainingGroup) -> any Error {
        guard group.size > 1 else { return error }
        // What goes wrong in all of them alike the first tells for all.
        if group.rank > 0 { Thread.sleep(forTimeInterval: 1) }
        Output.note("retort: process \(group.rank) of \(group.size): \(error)")
        group.abort()
        return ExitCode.failure
    }
}
