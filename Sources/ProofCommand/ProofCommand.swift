import ArgumentParser

/// `stepwell-proof`: what shows that nothing is lost and nothing happens twice.
@main
struct ProofCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "stepwell-proof",
        abstract: "Shows that nothing is lost and nothing happens twice.",
        subcommands: [Simulate.self, Planted.self]
    )
}
