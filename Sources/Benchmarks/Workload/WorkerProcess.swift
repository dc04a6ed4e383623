import Foundation
import Postgres

/// Another process with the bench's worker: this program again, with its command `worker`.
final class WorkerProcess {
    private let process = Process()

    /// - Parameter storage: a directory as object storage.
    static func start(
        _ database: BenchDatabase,
        _ options: BenchOptions,
        storage: String? = nil
    ) throws -> WorkerProcess {
        let worker = WorkerProcess()
        worker.process.executableURL = URL(fileURLWithPath: "/proc/self/exe").resolvingSymlinksInPath()
        worker.process.arguments = ["worker", "--database", database.configuration.conninfo]
        if let storage { worker.process.arguments?.append("--storage=\(storage)") }
        if let concurrency = options.concurrency {
            worker.process.arguments?.append("--concurrency=\(concurrency)")
        }
        try worker.process.run()
        return worker
    }

    /// CPU seconds so far.
    var cpu: Double { ProcessTimes.of(process.processIdentifier) }

    /// Megabytes of memory now, and at most so far; zero where there is no /proc.
    var memory: (now: Double, peak: Double) {
        let status =
            FileManager.default.contents(atPath: "/proc/\(process.processIdentifier)/status")
            .map { String(decoding: $0, as: UTF8.self) } ?? ""
        func megabytes(_ name: String) -> Double {
            let line = status.split(separator: "\n").first { $0.hasPrefix(name + ":") } ?? ""
            return (line.split(whereSeparator: \.isWhitespace).dropFirst().first.flatMap { Double($0) } ?? 0) / 1024
        }
        return (megabytes("VmRSS"), megabytes("VmHWM"))
    }

    func stop() {
        process.terminate()
        process.waitUntilExit()
    }
}
