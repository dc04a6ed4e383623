import JSON
import Stepwell
import Synchronization

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// A worker process for tests to kill. It says on its standard output when a handler begins.
@main struct WorkerFixture {
    static func main() async throws {
        let worker = Worker {
            Function("hang") { (_: JSONValue, context: FunctionContext) in
                say("hang")
                try await Task.sleep(for: .seconds(3600))
            }
            Function("ask") { (event: [String: String]) in
                say("ask \(event["token"] ?? "")")
                try await Task.sleep(for: .seconds(3600))
            }
            Function("nap") { (event: JSONValue, context: FunctionContext) in
                say("nap")
                try await Task.sleep(for: .milliseconds(20))
                if naps.add(1, ordering: .relaxed).newValue == lastNap { kill(getpid(), SIGKILL) }
                return event
            }
            Function("slow") { (_: JSONValue) in
                say("slow")
                try await Task.sleep(for: .seconds(2))
                say("slept")
                return "the process"
            }
            // What a careless library may do: tasks that compute on all threads that tasks share.
            Function("hog") { (seconds: UInt32) in
                let call = calls.add(1, ordering: .relaxed).newValue
                for _ in 0..<sysconf(Int32(_SC_NPROCESSORS_ONLN)) {
                    Task.detached {
                        let end = ContinuousClock.now.advanced(by: .seconds(seconds))
                        while ContinuousClock.now < end {}
                    }
                }
                try await Task.sleep(for: .seconds(seconds))
                return call
            }
            Function("pill") { (_: JSONValue, context: FunctionContext) in
                say("pill")
                try await Task.sleep(for: .milliseconds(10))
                kill(getpid(), SIGKILL)
            }
            Function("trap") { (numbers: [Int]) in
                numbers[numbers.count]
            }
            Function.transactional("insert") { (_: JSONValue, context, transaction) in
                try await transaction.execute(
                    "INSERT INTO effects (key, attempt) VALUES ($1, $2)",
                    context.idempotencyKey,
                    context.attempt
                )
                say("insert")
                try await Task.sleep(for: .seconds(3600))
            }
            // What the fault suite runs: each says in its result which call it was.
            Function("step") { (work: Work, context: FunctionContext) in
                try await Task.sleep(for: .milliseconds(work.milliseconds ?? 5))
                return Worked(n: work.n + 1, run: context.requestID)
            }
            Function("flaky") { (work: Work, context: FunctionContext) in
                guard context.attempt > 1 else { throw Again() }
                return Worked(n: work.n * 2, run: context.requestID)
            }
            Function.transactional("effect") { (work: Work, context, transaction) in
                try await transaction.execute(
                    "INSERT INTO effects (key, run) VALUES ($1, $2)",
                    context.idempotencyKey,
                    context.requestID
                )
                return Worked(n: work.n + 10, run: context.requestID)
            }
        }
        try await worker.run()
    }

    /// How often "hog" was called.
    private static let calls = Atomic(0)
    private static let naps = Atomic(0)
    /// The nap that the process does not outlive.
    private static let lastNap = getenv("STEPWELL_NAPS").flatMap { Int(String(cString: $0)) }

    private struct Again: Error {}

    private struct Work: Decodable {
        var n: Int
        var milliseconds: Int?
    }

    private struct Worked: Encodable {
        var n: Int
        var run: String
    }

    private static func say(_ word: String) {
        print(word)
        fflush(nil)
    }
}
