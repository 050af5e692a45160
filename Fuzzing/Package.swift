// swift-tools-version: 6.2
import Foundation
import PackageDescription

// A package of its own: fuzzing needs unsafe flags, which would keep Retort from being used as a
// dependency. Build and run it with run.sh, which passes the sanitizers to every module.

/// The parsers that are fuzzed and the modules that they are in.
let parsers = [
    ("FuzzGGUF", ["RetortFormats"]),
    ("FuzzSafetensors", ["RetortFormats"]),
    ("FuzzShard", ["RetortTraining"]),
    ("FuzzTokenizer", ["RetortTokenizers"]),
    ("FuzzJinja", ["RetortTemplates"]),
    ("FuzzResponse", ["RetortTemplates", "RetortJSON"]),
    ("FuzzGrammar", ["RetortGrammar"]),
    ("FuzzGrader", ["RetortEvaluation", "RetortJSON"]),
    ("FuzzAnswer", ["RetortClient"]),
    ("FuzzRequestLog", ["RetortGuard"]),
    ("FuzzCorpus", ["RetortProvenance"]),
    ("FuzzOptOut", ["RetortProvenance"]),
    ("FuzzLineage", ["RetortProvenance", "RetortJSON"]),
]

let package = Package(
    name: "retort-fuzzing",
    platforms: [.macOS(.v15)],
    dependencies: [.package(name: "retort", path: "..")],
    targets: [
        .target(
            name: "FuzzDriver",
            cSettings: [
                .define("ENTRIES", to: parsers.map { "ENTRY(\($0.0))" }.joined(separator: " "))
            ])
    ]
        + parsers.filter {
            FileManager.default.fileExists(
                atPath: "\(Context.packageDirectory)/Sources/\($0.0)/Fuzz.swift")
        }.map { name, modules in
            .executableTarget(
                name: name,
                dependencies: ["FuzzDriver"]
                    + modules.map { .product(name: $0, package: "retort") },
                swiftSettings: [
                    .enableUpcomingFeature("ExistentialAny"),
                    .enableUpcomingFeature("MemberImportVisibility"),
                    .unsafeFlags(["-parse-as-library"]),
                ],
                linkerSettings: [.unsafeFlags(["-sanitize=fuzzer,address"])])
        }
)

// Not a fuzz target: writes texts for Tools/check_grammar.py and measures masks.
package.targets.append(
    .executableTarget(
        name: "GrammarProbe",
        dependencies: [
            .product(name: "RetortGrammar", package: "retort"),
            .product(name: "RetortJSON", package: "retort"),
        ],
        swiftSettings: [
            .enableUpcomingFeature("ExistentialAny"),
            .enableUpcomingFeature("MemberImportVisibility"),
        ]))

// Nor is this: grades all published solutions of GSM8K.
package.targets.append(
    .executableTarget(
        name: "GraderProbe",
        dependencies: [
            .product(name: "RetortEvaluation", package: "retort"),
            .product(name: "RetortJSON", package: "retort"),
        ],
        swiftSettings: [
            .enableUpcomingFeature("ExistentialAny"),
            .enableUpcomingFeature("MemberImportVisibility"),
        ]))
