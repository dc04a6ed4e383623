import Foundation
import Postgres

/// Another process with the bench's worker: this program again, with its command `worker`.
final class WorkerProcess {
    private let process = Process()

    static func start(_ database: BenchDatabase, _ options: BenchOptions) throws -> WorkerProcess {
        let worker = WorkerProcess()
        worker.process.executableURL = URL(fileURLWithPath: "/proc/self/exe").resolvingSymlinksInPath()
        worker.process.arguments = ["worker", "--database", database.configuration.conninfo]
        try worker.process.run()
        return worker
    }

    func stop() {
        process.terminate()
        process.waitUntilExit()
    }
}
