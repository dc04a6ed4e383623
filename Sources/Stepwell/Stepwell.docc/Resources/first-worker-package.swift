// swift-tools-version: 6.2
import PackageDescription

let package = Package(
    name: "orders",
    platforms: [.macOS(.v15)],
    dependencies: [
        .package(path: "../stepwell")
    ],
    targets: [
        .executableTarget(
            name: "orders",
            dependencies: [.product(name: "Stepwell", package: "stepwell")]
        )
    ]
)
