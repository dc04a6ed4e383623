import JSON
import Postgres
import Store

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// Writes executions down before they are forgotten: one line each, with AWS's names and the whole history.
final class Archive {
    private let store: Store
    private let directory: String
    private let worker: PGUUID
    private var file: ArchiveFile?

    /// - Parameters:
    ///   - directory: where the files go.
    ///   - worker: what tells this process's files from those of others.
    init(_ directory: String, worker: PGUUID, store: Store) {
        self.directory = directory
        self.worker = worker
        self.store = store
    }

    /// Writes executions, given as `MACHINE:NAME`, and returns when they are on disk.
    func write(_ executions: [String]) async throws {
        if file == nil {
            file = try ArchiveFile("\(directory)/executions-\(Self.date())-\(worker).jsonl.gz")
        }
        for execution in executions {
            let line = try await line(of: execution)
            try file?.write(line)
        }
        try file?.sync()
    }

    /// The time in a form that sorts and can be a part of a file's name, such as `20260131T235959Z`.
    private static func date() -> String {
        var seconds = time(nil)
        var parts = tm()
        gmtime_r(&seconds, &parts)
        var text = [CChar](repeating: 0, count: 32)
        let length = strftime(&text, text.count, "%Y%m%dT%H%M%SZ", &parts)
        return String(decoding: text.prefix(length).map(UInt8.init(bitPattern:)), as: UTF8.self)
    }

    private func line(of execution: String) async throws(StoreError) -> JSONValue {
        let description = try await store.describe(execution)
        var object: JSONObject = [
            "executionArn": .string(description.summary.arn),
            "stateMachineArn": .string(description.summary.stateMachineARN),
            "name": .string(description.summary.name), "status": .string(description.summary.status.rawValue),
            "startDate": .string("\(description.summary.startedAt)"),
        ]
        if let stoppedAt = description.summary.stoppedAt { object["stopDate"] = .string("\(stoppedAt)") }
        object["input"] = .string(description.input.text)
        if let output = description.output { object["output"] = .string(output.text) }
        if let error = description.error { object["error"] = .string(error) }
        if let cause = description.cause { object["cause"] = .string(cause) }
        var events: [JSONValue] = []
        while true {
            let page = try await store.history(execution, after: events.count)
            events += page.map(\.json)
            if page.isEmpty { break }
        }
        object["events"] = .array(events)
        return .object(object)
    }
}
