// swift-tools-version: 6.2
import PackageDescription

/// Every target is compiled with the same language features.
let swiftSettings: [SwiftSetting] = [
    // https://github.com/swiftlang/swift-evolution/blob/main/proposals/0335-existential-any.md
    .enableUpcomingFeature("ExistentialAny"),
    // https://github.com/swiftlang/swift-evolution/blob/main/proposals/0409-access-level-on-imports.md
    .enableUpcomingFeature("InternalImportsByDefault"),
    // https://github.com/swiftlang/swift-evolution/blob/main/proposals/0444-member-import-visibility.md
    .enableUpcomingFeature("MemberImportVisibility"),
    // https://github.com/swiftlang/swift-evolution/blob/main/proposals/0461-async-function-isolation.md
    .enableUpcomingFeature("NonisolatedNonsendingByDefault"),
]

let package = Package(
    name: "stepwell",
    platforms: [.macOS(.v15)],
    products: [
        .library(name: "Stepwell", targets: ["Stepwell", "FunctionHost", "JSON"]),
        .executable(name: "stepwell", targets: ["StepwellCLI"]),
        .executable(name: "order-worker", targets: ["OrderWorker"]),
        .executable(name: "stepwell-bench", targets: ["Benchmarks"]),
        .executable(name: "stepwell-proof", targets: ["ProofCommand"]),
    ],
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser", exact: "1.8.2"),
        .package(url: "https://github.com/apple/swift-collections", exact: "1.6.0"),
        .package(url: "https://github.com/apple/swift-log", exact: "1.16.2"),
        .package(url: "https://github.com/apple/swift-metrics", exact: "2.13.0"),
        .package(url: "https://github.com/apple/swift-nio", exact: "2.101.2"),
        .package(url: "https://github.com/apple/swift-system", exact: "1.8.1"),
        .package(url: "https://github.com/hummingbird-project/hummingbird", exact: "2.28.1"),
        .package(url: "https://github.com/hummingbird-project/swift-mustache", exact: "2.1.1"),
        .package(url: "https://github.com/jpsim/Yams", exact: "6.2.2"),
        .package(url: "https://github.com/swift-server/async-http-client", exact: "1.37.0"),
        .package(url: "https://github.com/swift-server/swift-service-lifecycle", exact: "2.13.0"),
        .package(url: "https://github.com/swiftlang/swift-subprocess", exact: "1.0.2"),
    ],
    targets: [
        // System libraries.
        .systemLibrary(name: "CLibpq", pkgConfig: "libpq", providers: [.apt(["libpq-dev"])]),
        .systemLibrary(name: "CLibcrypto", pkgConfig: "libcrypto", providers: [.apt(["libssl-dev"])]),
        .systemLibrary(name: "CPCRE2", pkgConfig: "libpcre2-8", providers: [.apt(["libpcre2-dev"])]),
        .systemLibrary(name: "CZlib", pkgConfig: "zlib", providers: [.apt(["zlib1g-dev"])]),

        // The engine, from the bottom up: a target imports only targets above it.
        .target(name: "JSON"),
        .target(name: "Expressions", dependencies: ["JSON", "CLibcrypto", "CPCRE2"]),
        .target(name: "Schedules", dependencies: ["Expressions"]),
        .target(name: "StatesLanguage", dependencies: ["JSON", "Expressions"]),
        .target(
            name: "Monitoring",
            dependencies: ["JSON", .product(name: "CoreMetrics", package: "swift-metrics")]
        ),
        .target(name: "Items", dependencies: ["JSON", "StatesLanguage", "CZlib"]),
        .target(name: "Interpreter", dependencies: ["JSON", "Expressions", "StatesLanguage"]),
        .target(
            name: "Simulation",
            dependencies: ["JSON", "Expressions", "StatesLanguage", "Items", "Interpreter"]
        ),
        .target(
            name: "Postgres",
            dependencies: [
                "CLibpq",
                .product(name: "DequeModule", package: "swift-collections"),
                .product(name: "Logging", package: "swift-log"),
            ]
        ),
        .target(
            name: "Store",
            dependencies: [
                "JSON", "Expressions", "Schedules", "StatesLanguage", "Interpreter", "Monitoring", "Postgres",
                "CLibcrypto",
                .product(name: "Logging", package: "swift-log"),
            ]
        ),
        .target(name: "Signing", dependencies: ["CLibcrypto"]),
        .target(
            name: "AWSClient",
            dependencies: [
                "JSON", "Expressions", "Signing",
                .product(name: "AsyncHTTPClient", package: "async-http-client"),
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOHTTP1", package: "swift-nio"),
            ]
        ),
        .target(
            name: "Integrations",
            dependencies: [
                "JSON", "Expressions", "Interpreter", "Signing", "AWSClient",
                .product(name: "NIOPosix", package: "swift-nio"),
            ]
        ),
        .target(
            name: "Stepwell",
            dependencies: [
                "JSON", "Expressions", "StatesLanguage", "Items", "Interpreter", "Monitoring", "Postgres", "Store",
                "AWSClient", "Integrations", "CZlib",
                .product(name: "CoreMetrics", package: "swift-metrics"),
                .product(name: "DequeModule", package: "swift-collections"),
                .product(name: "Logging", package: "swift-log"),
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOHTTP1", package: "swift-nio"),
                .product(name: "NIOPosix", package: "swift-nio"),
                .product(name: "ServiceLifecycle", package: "swift-service-lifecycle"),
                .product(name: "UnixSignals", package: "swift-service-lifecycle"),
            ]
        ),
        .target(
            name: "FunctionHost",
            dependencies: [
                "JSON", "StatesLanguage", "Store", "Stepwell",
                .product(name: "Logging", package: "swift-log"),
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOHTTP1", package: "swift-nio"),
                .product(name: "NIOPosix", package: "swift-nio"),
                .product(name: "Subprocess", package: "swift-subprocess"),
                .product(name: "SystemPackage", package: "swift-system"),
            ]
        ),
        .target(
            name: "Server",
            dependencies: [
                "JSON", "Expressions", "StatesLanguage", "Interpreter", "Simulation", "Monitoring", "Postgres", "Store",
                "Signing", "CLibcrypto",
                .product(name: "CoreMetrics", package: "swift-metrics"),
                .product(name: "Hummingbird", package: "hummingbird"),
                .product(name: "HummingbirdCore", package: "hummingbird"),
                .product(name: "HummingbirdTLS", package: "hummingbird"),
                .product(name: "Logging", package: "swift-log"),
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOHTTP1", package: "swift-nio"),
                .product(name: "ServiceLifecycle", package: "swift-service-lifecycle"),
            ]
        ),
        .target(
            name: "Console",
            dependencies: [
                "JSON", "Expressions", "Schedules", "StatesLanguage", "Monitoring", "Interpreter", "Postgres", "Store",
                "Signing", "Server",
                .product(name: "Hummingbird", package: "hummingbird"),
                .product(name: "Logging", package: "swift-log"),
                .product(name: "Mustache", package: "swift-mustache"),
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "ServiceLifecycle", package: "swift-service-lifecycle"),
                .product(name: "Subprocess", package: "swift-subprocess"),
                .product(name: "SystemPackage", package: "swift-system"),
            ],
            resources: [.embedInCode("Resources")]
        ),

        // What people run.
        .executableTarget(
            name: "StepwellCLI",
            dependencies: [
                "JSON", "Expressions", "Schedules", "StatesLanguage", "Interpreter", "Simulation", "Monitoring",
                "Postgres", "Store", "Stepwell", "FunctionHost", "Server", "Console",
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
                .product(name: "Logging", package: "swift-log"),
                .product(name: "ServiceLifecycle", package: "swift-service-lifecycle"),
                .product(name: "UnixSignals", package: "swift-service-lifecycle"),
                .product(name: "Yams", package: "Yams"),
            ]
        ),
        .executableTarget(
            name: "OrderWorker",
            dependencies: ["JSON", "Stepwell", .product(name: "Logging", package: "swift-log")],
            exclude: ["Functions", "StateMachines"]
        ),
        .executableTarget(
            name: "Benchmarks",
            dependencies: [
                "JSON", "Expressions", "StatesLanguage", "Interpreter", "Signing", "Postgres", "Store", "Stepwell",
                "FunctionHost",
                "Server", "Console", "PostgresTestSupport",
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
                .product(name: "AsyncHTTPClient", package: "async-http-client"),
                .product(name: "Logging", package: "swift-log"),
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOHTTP1", package: "swift-nio"),
                .product(name: "NIOPosix", package: "swift-nio"),
                .product(name: "ServiceLifecycle", package: "swift-service-lifecycle"),
                .product(name: "Subprocess", package: "swift-subprocess"),
                .product(name: "SystemPackage", package: "swift-system"),
                .product(name: "UnixSignals", package: "swift-service-lifecycle"),
            ]
        ),

        // The proof that the worker's protocol holds.
        .target(
            name: "Proof",
            dependencies: [
                "JSON", "Expressions", "StatesLanguage", "Interpreter", "Simulation", "Postgres", "Store", "Stepwell",
                .product(name: "Logging", package: "swift-log"),
            ]
        ),
        .executableTarget(
            name: "ProofCommand",
            dependencies: ["Proof", .product(name: "ArgumentParser", package: "swift-argument-parser")]
        ),

        // Tests, one target per target.
        .target(
            name: "ProcessTestSupport",
            dependencies: [
                .product(name: "Subprocess", package: "swift-subprocess"),
                .product(name: "SystemPackage", package: "swift-system"),
            ],
            path: "Tests/ProcessTestSupport"
        ),
        .testTarget(name: "JSONTests", dependencies: ["JSON"]),
        .testTarget(name: "ExpressionsTests", dependencies: ["JSON", "Expressions"]),
        .testTarget(name: "SchedulesTests", dependencies: ["Expressions", "Schedules"]),
        .testTarget(name: "StatesLanguageTests", dependencies: ["JSON", "Expressions", "StatesLanguage"]),
        .testTarget(name: "ItemsTests", dependencies: ["JSON", "StatesLanguage", "Items"]),
        .testTarget(
            name: "InterpreterTests",
            dependencies: ["JSON", "Expressions", "StatesLanguage", "Items", "Interpreter", "Simulation"],
            exclude: ["Conformance/Exceptions.json"]
        ),
        .executableTarget(
            name: "HostileInput",
            dependencies: ["JSON", "Expressions", "StatesLanguage", "Interpreter", "Simulation"],
            path: "Tests/HostileInput"
        ),
        .testTarget(
            name: "SimulationTests",
            dependencies: [
                "JSON", "Expressions", "StatesLanguage", "Interpreter", "Simulation", "HostileInput",
                "ProcessTestSupport",
            ]
        ),
        .testTarget(
            name: "MonitoringTests",
            dependencies: ["JSON", "Monitoring", .product(name: "CoreMetrics", package: "swift-metrics")]
        ),
        .testTarget(name: "SigningTests", dependencies: ["Signing"]),
        .target(
            name: "PeerTestSupport",
            dependencies: [
                "Signing",
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOHTTP1", package: "swift-nio"),
                .product(name: "NIOPosix", package: "swift-nio"),
            ],
            path: "Tests/PeerTestSupport"
        ),
        .testTarget(
            name: "AWSClientTests",
            dependencies: ["JSON", "Expressions", "Signing", "AWSClient", "PeerTestSupport"]
        ),
        .testTarget(
            name: "IntegrationsTests",
            dependencies: ["JSON", "AWSClient", "Integrations", "PeerTestSupport"]
        ),
        .target(
            name: "PostgresTestSupport",
            dependencies: ["Postgres", .product(name: "Logging", package: "swift-log")],
            path: "Tests/PostgresTestSupport"
        ),
        .testTarget(
            name: "PostgresTests",
            dependencies: [
                "Postgres", "PostgresTestSupport", "ProcessTestSupport",
                .product(name: "Logging", package: "swift-log"),
            ]
        ),
        .testTarget(
            name: "StoreTests",
            dependencies: [
                "JSON", "Expressions", "Schedules", "StatesLanguage", "Interpreter", "Postgres", "Store",
                "PostgresTestSupport",
                .product(name: "Logging", package: "swift-log"),
            ]
        ),
        .executableTarget(name: "WorkerFixture", dependencies: ["JSON", "Stepwell"], path: "Tests/WorkerFixture"),
        .testTarget(
            name: "StepwellTests",
            dependencies: [
                "JSON", "Expressions", "StatesLanguage", "Interpreter", "Postgres", "Store", "Stepwell",
                "PostgresTestSupport", "PeerTestSupport", "ProcessTestSupport", "WorkerFixture", "OrderWorker",
                .product(name: "Logging", package: "swift-log"),
                .product(name: "ServiceLifecycle", package: "swift-service-lifecycle"),
            ]
        ),
        .testTarget(
            name: "FunctionHostTests",
            dependencies: [
                "JSON", "Expressions", "StatesLanguage", "Postgres", "Store", "Stepwell", "FunctionHost",
                "PostgresTestSupport",
                .product(name: "Logging", package: "swift-log"),
            ]
        ),
        .testTarget(
            name: "ServerTests",
            dependencies: [
                "JSON", "Expressions", "Postgres", "Store", "Signing", "Server", "PostgresTestSupport",
                .product(name: "Hummingbird", package: "hummingbird"),
                .product(name: "HummingbirdCore", package: "hummingbird"),
                .product(name: "Logging", package: "swift-log"),
                .product(name: "NIOCore", package: "swift-nio"),
            ]
        ),
        .testTarget(
            name: "ConsoleTests",
            dependencies: [
                "JSON", "Expressions", "Interpreter", "StatesLanguage", "Postgres", "Store", "Server", "Console",
                "PostgresTestSupport",
                .product(name: "AsyncHTTPClient", package: "async-http-client"),
                .product(name: "Logging", package: "swift-log"),
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOHTTP1", package: "swift-nio"),
            ]
        ),
        .testTarget(
            name: "StepwellCLITests",
            dependencies: [
                "JSON", "Expressions", "Postgres", "Store", "StepwellCLI", "OrderWorker", "PostgresTestSupport",
                "ProcessTestSupport",
                .product(name: "Logging", package: "swift-log"),
            ]
        ),
        .testTarget(
            name: "ProofTests",
            dependencies: [
                "JSON", "Expressions", "StatesLanguage", "Interpreter", "Postgres", "Store", "Stepwell", "Proof",
                "ProofCommand", "PostgresTestSupport", "ProcessTestSupport",
                .product(name: "Logging", package: "swift-log"),
            ]
        ),
        .testTarget(name: "BenchmarksTests", dependencies: ["JSON", "Benchmarks", "ProcessTestSupport"]),
    ],
    swiftLanguageModes: [.v6]
)

// `deploy/fuzz` builds it; it needs a sanitizer of its own, so that it is in no other build.
if Context.environment["STEPWELL_FUZZER"] == "1" {
    package.targets.append(
        .executableTarget(
            name: "Fuzzer",
            dependencies: ["JSON", "StatesLanguage"],
            path: "Tests/Fuzzer",
            linkerSettings: [.unsafeFlags(["-sanitize=fuzzer"])]
        )
    )
    // All that it reaches tells it where it has been.
    for target in package.targets where ["JSON", "Expressions", "StatesLanguage", "Fuzzer"].contains(target.name) {
        target.swiftSettings = [.unsafeFlags(["-parse-as-library", "-sanitize=fuzzer"])]
    }
}

for target in package.targets where target.type != .system {
    target.swiftSettings = (target.swiftSettings ?? []) + swiftSettings
    if Context.environment["STEPWELL_WARNINGS_AS_ERRORS"] == "1" {
        target.swiftSettings?.append(.treatAllWarnings(as: .error))
    }
    // Points to crash at and bugs to plant, for proofs: never in what is released.
    if ["Stepwell", "Proof"].contains(target.name) {
        target.swiftSettings?.append(.define("FAULTS", .when(configuration: .debug)))
    }
}
