import ArgumentParser
import Stepwell

/// The second worker of some benches, in a process of its own.
struct BenchWorkerCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(commandName: "worker", shouldDisplay: false)

    @Option var database: String
    @Option var storage: String?
    @Option var concurrency: Int?

    func run() async throws {
        try await BenchWorker.worker(conninfo: database, concurrency: concurrency, storage: storage) { _ in }.run()
    }
}
