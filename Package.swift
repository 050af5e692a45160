// swift-tools-version: 6.2
import PackageDescription

// Swift 6 language mode comes with the tools version. Each further flag has its reason here:
// ExistentialAny           an existential is spelled `any P`, so that its cost is visible
// MemberImportVisibility   a file imports what it uses
// Warnings are errors in CI only: a newer compiler's warning must not break a user's build.
let isCI = Context.environment["CI"] != nil
// Only `make docs` needs the documentation plugin.
let docsPlugin: [Package.Dependency] =
    Context.environment["RETORT_DOCS"] == nil
    ? [] : [.package(url: "https://github.com/swiftlang/swift-docc-plugin", from: "1.5.0")]
let swiftSettings: [SwiftSetting] =
    [
        .enableUpcomingFeature("ExistentialAny"),
        .enableUpcomingFeature("MemberImportVisibility"),
    ] + (isCI ? [.treatAllWarnings(as: .error)] : [])
let cSettings: [CSetting] = isCI ? [.treatAllWarnings(as: .error)] : []

let mpiSetting = SwiftSetting.define("HAVE_MPI", .when(traits: ["MPI"]))

/// A library target of this package, with the house settings.
func module(_ name: String, _ dependencies: [Target.Dependency] = [], resources: [Resource] = [])
    -> Target
{
    .target(
        name: name, dependencies: dependencies, resources: resources, swiftSettings: swiftSettings)
}

/// A test target `<name>Tests`; the fixtures live beside the tests.
func tests(_ name: String, _ dependencies: [Target.Dependency] = []) -> Target {
    .testTarget(
        name: "\(name)Tests",
        dependencies: ["TestSupport", .target(name: name)] + dependencies,
        exclude: ["Fixtures"],
        swiftSettings: swiftSettings)
}

let package = Package(
    name: "retort",
    platforms: [.macOS(.v15)],
    products: [
        .executable(name: "retort", targets: ["retort"]),
        .library(name: "RetortEngine", targets: ["RetortEngine"]),
        .library(name: "RetortGuard", targets: ["RetortGuard"]),
        .library(name: "RetortProvenance", targets: ["RetortProvenance"]),
        .library(name: "RetortServer", targets: ["RetortServer"]),
        .library(name: "RetortTraining", targets: ["RetortTraining"]),
        .library(name: "RetortEvaluation", targets: ["RetortEvaluation"]),
        .library(name: "RetortDistillation", targets: ["RetortDistillation"]),
        .library(name: "RetortClient", targets: ["RetortClient"]),
        .library(name: "RetortModels", targets: ["RetortModels"]),
        .library(name: "RetortFormats", targets: ["RetortFormats"]),
        .library(name: "RetortTokenizers", targets: ["RetortTokenizers"]),
        .library(name: "RetortTemplates", targets: ["RetortTemplates"]),
        .library(name: "RetortGrammar", targets: ["RetortGrammar"]),
        // Types of these two stand in the interfaces of the others.
        .library(name: "RetortTensor", targets: ["RetortTensor"]),
        .library(name: "RetortJSON", targets: ["RetortJSON"]),
    ],
    traits: [
        .trait(
            name: "MPI",
            description: "Training in several processes; needs Open MPI (docs/training-mpi.md).")
    ],
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
        .package(url: "https://github.com/swift-server/async-http-client", from: "1.37.0"),
        .package(url: "https://github.com/apple/swift-crypto", from: "4.5.2"),
        .package(url: "https://github.com/apple/swift-nio", from: "2.101.0"),
        .package(url: "https://github.com/apple/swift-nio-ssl", from: "2.37.0"),
        .package(url: "https://github.com/hummingbird-project/hummingbird", from: "2.28.1"),
        .package(url: "https://github.com/apple/swift-nio-extras", from: "1.35.0"),
        .package(url: "https://github.com/apple/swift-http-types", from: "1.8.0"),
        .package(url: "https://github.com/apple/swift-log", from: "1.16.0"),
        .package(url: "https://github.com/groue/GRDB.swift", from: "7.10.0"),
        .package(url: "https://github.com/swift-server/swift-service-lifecycle", from: "2.13.0"),
        .package(url: "https://github.com/jpsim/Yams", from: "6.2.2"),
        .package(url: "https://github.com/attaswift/BigInt", from: "6.0.1"),
        .package(url: "https://github.com/swiftlang/swift-subprocess", from: "1.0.2"),
        .package(url: "https://github.com/apple/swift-system", from: "1.5.0"),
    ] + docsPlugin,
    targets: [
        .target(
            name: "CRetortKernels",
            exclude: [
                "arm/neon_bf16.inc", "arm/neon_q8_rows.inc", "arm/neon_slices.inc",
                "arm/neon_tiles.inc",
                "reference/generic.inc", "reference/panels.inc", "reference/quantize.inc",
                "reference/table.inc",
                "reference/training.inc", "x86/avx2_q8_rows.inc", "x86/avx2_tiles.inc",
                "x86/avx512_q8_rows.inc", "x86/avx512_tiles.inc",
            ],
            cSettings: cSettings),
        module("RetortJSON"),
        module("RetortTensor", ["CRetortKernels"]),
        module("RetortFormats", ["RetortTensor", "RetortJSON", "CRetortKernels"]),
        module("RetortModels", ["RetortTensor", "RetortFormats"]),
        module("RetortTokenizers", ["RetortJSON"]),
        module("RetortTemplates", ["RetortJSON"]),
        module("RetortGrammar", ["RetortJSON"]),
        module("RetortReport"),
        module(
            "RetortEngine",
            [
                "RetortModels", "RetortFormats", "RetortTokenizers", "RetortTemplates",
                "RetortGrammar",
                "RetortJSON",
                .product(name: "Crypto", package: "swift-crypto"),
            ],
            resources: [
                .copy("Resources/retort-bundled.gguf"),
                .copy("Resources/retort-bundled.gguf.provenance.json"),
            ]),
        module(
            "RetortTraining",
            [
                "RetortEngine", "RetortModels", "RetortFormats", "RetortTensor",
                "RetortTokenizers", "RetortTemplates", "RetortJSON", "RetortReport",
                "RetortEvaluation", "CRetortKernels",
                .product(name: "Crypto", package: "swift-crypto"),
            ]),
        module(
            "RetortEvaluation",
            [
                "RetortFormats", "RetortTensor", "RetortGrammar", "RetortJSON", "RetortReport",
                .product(name: "BigInt", package: "BigInt"),
                .product(name: "Subprocess", package: "swift-subprocess"),
                .product(name: "SystemPackage", package: "swift-system"),
            ]),
        module(
            "RetortPipeline",
            [
                "RetortFormats", "RetortJSON", "RetortReport",
                .product(name: "Crypto", package: "swift-crypto"),
                .product(name: "Subprocess", package: "swift-subprocess"),
                .product(name: "SystemPackage", package: "swift-system"),
            ]),
        module(
            "RetortGuard",
            [
                "RetortEngine", "RetortFormats", "RetortTensor", "RetortJSON",
                .product(name: "Crypto", package: "swift-crypto"),
            ]),
        module("RetortStorage", [.product(name: "GRDB", package: "GRDB.swift")]),
        module(
            "RetortProvenance",
            [
                "RetortJSON", "RetortStorage", "CRetortKernels",
                .product(name: "Crypto", package: "swift-crypto"),
                .product(name: "GRDB", package: "GRDB.swift"),
            ],
            // In the code, so that the command needs no file beside it.
            resources: [
                .embedInCode("Resources/policy.json"),
                .embedInCode("Resources/eu-summary.schema.json"),
            ]),
        module(
            "RetortHub",
            [
                "RetortJSON",
                .product(name: "AsyncHTTPClient", package: "async-http-client"),
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOHTTP1", package: "swift-nio"),
                .product(name: "NIOPosix", package: "swift-nio"),
                .product(name: "NIOSSL", package: "swift-nio-ssl"),
                .product(name: "Crypto", package: "swift-crypto"),
            ]),
        module(
            "RetortClient",
            [
                "RetortJSON",
                .product(name: "AsyncHTTPClient", package: "async-http-client"),
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOHTTP1", package: "swift-nio"),
                .product(name: "NIOPosix", package: "swift-nio"),
                .product(name: "NIOSSL", package: "swift-nio-ssl"),
            ]),
        module(
            "RetortDistillation",
            [
                "RetortClient", "RetortJSON", "RetortTraining", "RetortEvaluation",
                "RetortEngine", "RetortTemplates", "RetortTensor", "RetortTokenizers",
                "RetortFormats", "RetortStorage",
                .product(name: "GRDB", package: "GRDB.swift"),
                .product(name: "Crypto", package: "swift-crypto"),
            ],
            // In the code, so that the command needs no file beside it.
            resources: [.embedInCode("Resources/prices.json")]),
        module(
            "RetortServer",
            [
                "RetortEngine", "RetortModels", "RetortFormats", "RetortTemplates",
                "RetortTokenizers", "RetortGrammar", "RetortGuard", "RetortProvenance",
                "RetortJSON", "RetortStorage",
                .product(name: "Hummingbird", package: "hummingbird"),
                .product(name: "HummingbirdCore", package: "hummingbird"),
                .product(name: "HummingbirdTLS", package: "hummingbird"),
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOPosix", package: "swift-nio"),
                .product(name: "NIOHTTPTypes", package: "swift-nio-extras"),
                .product(name: "NIOSSL", package: "swift-nio-ssl"),
                .product(name: "HTTPTypes", package: "swift-http-types"),
                .product(name: "Logging", package: "swift-log"),
                .product(name: "GRDB", package: "GRDB.swift"),
                .product(name: "Crypto", package: "swift-crypto"),
                .product(name: "ServiceLifecycle", package: "swift-service-lifecycle"),
            ],
            resources: [.copy("Resources")]),
        // In builds with the trait only; without it RetortMPI is empty.
        .systemLibrary(
            name: "CMPI", pkgConfig: "ompi-c",
            providers: [.apt(["libopenmpi-dev"]), .brew(["open-mpi"])]),
        .target(
            name: "RetortMPI",
            dependencies: [
                "RetortTraining", .target(name: "CMPI", condition: .when(traits: ["MPI"])),
            ],
            swiftSettings: swiftSettings + [mpiSetting]),
        .executableTarget(
            name: "retort",
            dependencies: [
                .target(name: "RetortMPI", condition: .when(traits: ["MPI"])),
                "RetortEngine", "RetortHub", "RetortJSON", "RetortFormats", "RetortModels",
                "RetortTraining", "RetortServer", "RetortTensor", "RetortTokenizers",
                "RetortTemplates", "RetortEvaluation", "RetortClient", "RetortDistillation",
                "RetortPipeline", "RetortGuard", "RetortProvenance",
                .product(name: "AsyncHTTPClient", package: "async-http-client"),
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOHTTP1", package: "swift-nio"),
                .product(name: "Logging", package: "swift-log"),
                .product(name: "ServiceLifecycle", package: "swift-service-lifecycle"),
                .product(name: "UnixSignals", package: "swift-service-lifecycle"),
                .product(name: "Yams", package: "Yams"),
            ],
            swiftSettings: swiftSettings + [mpiSetting]),

        // Killed by tests of the store.
        .executableTarget(
            name: "StoreWriter", dependencies: ["RetortServer"], path: "Tests/StoreWriter",
            swiftSettings: swiftSettings),
        // Killed by tests of the request cache.
        .executableTarget(
            name: "CacheWriter", dependencies: ["RetortDistillation", "RetortClient"],
            path: "Tests/CacheWriter", swiftSettings: swiftSettings),
        // Several at once, and killed, by tests of the ledger.
        .executableTarget(
            name: "LedgerWriter", dependencies: ["RetortProvenance"], path: "Tests/LedgerWriter",
            swiftSettings: swiftSettings),
        .target(
            name: "TestSupport", dependencies: ["RetortJSON"], path: "Tests/TestSupport",
            swiftSettings: swiftSettings),
        tests("RetortJSON"),
        tests("RetortTensor", ["CRetortKernels", "RetortFormats", "RetortJSON"]),
        tests("RetortFormats", ["RetortTensor"]),
        tests("RetortModels", ["RetortTensor", "RetortFormats"]),
        tests("RetortTokenizers", ["RetortJSON"]),
        tests("RetortTemplates", ["RetortJSON"]),
        tests("RetortGrammar", ["RetortJSON"]),
        tests("RetortReport"),
        tests("RetortPipeline", ["RetortJSON"]),
        tests(
            "RetortProvenance",
            [
                "RetortJSON", "RetortStorage", "LedgerWriter",
                .product(name: "GRDB", package: "GRDB.swift"),
            ]),
        tests("RetortGuard", ["RetortEngine", "RetortJSON"]),
        tests("RetortEvaluation", ["RetortJSON", "RetortTensor"]),
        tests(
            "RetortEngine",
            [
                "RetortTokenizers", "RetortModels", "RetortFormats", "RetortJSON",
                "RetortTemplates",
                "RetortGrammar",
            ]),
        tests(
            "RetortTraining",
            [
                "RetortEngine", "RetortModels", "RetortFormats", "RetortTensor",
                "RetortTokenizers", "RetortTemplates", "RetortJSON",
            ]),
        tests(
            "RetortHub",
            [
                "RetortJSON", .product(name: "Crypto", package: "swift-crypto"),
                .product(name: "NIOCore", package: "swift-nio"),
            ]),
        tests("RetortClient", ["RetortJSON"]),
        tests(
            "RetortDistillation",
            [
                "RetortClient", "RetortJSON", "RetortTraining", "RetortEngine", "CacheWriter",
                .product(name: "GRDB", package: "GRDB.swift"),
            ]),
        tests(
            "RetortServer",
            [
                "RetortEngine", "RetortTemplates", "RetortJSON", "StoreWriter",
                .product(name: "Hummingbird", package: "hummingbird"),
                .product(name: "HummingbirdTesting", package: "hummingbird"),
                .product(name: "HTTPTypes", package: "swift-http-types"),
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOPosix", package: "swift-nio"),
                .product(name: "NIOSSL", package: "swift-nio-ssl"),
                .product(name: "GRDB", package: "GRDB.swift"),
                .product(name: "Logging", package: "swift-log"),
                .product(name: "ServiceLifecycle", package: "swift-service-lifecycle"),
            ]),
        .testTarget(
            name: "RetortCommandTests",
            dependencies: ["TestSupport", "retort", "RetortJSON", "RetortFormats"],
            swiftSettings: swiftSettings),
    ]
)
