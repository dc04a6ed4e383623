import JSON
import Stepwell
import Store
import Synchronization
import Testing

/// What becomes of handlers that do what they should not: a documented error, and nothing else suffers.
@Suite struct MisuseTests {
    struct Order: Codable {
        struct Item: Codable {
            var quantity: Int
        }
        var items: [Item]
    }

    enum PaymentError: Error {
        case declined
    }

    struct Declined: FunctionError {
        var errorName: String { "Payment.Declined" }
        var errorMessage: String { "no \"money\"\u{0} left" }
    }

    struct Case: Sendable, CustomTestStringConvertible {
        var what: String
        var function: Function
        var more = ""
        var input: JSONValue = [:]
        var error: String
        /// Something that the cause says.
        var cause: String

        var testDescription: String { what }
    }

    static let cases = [
        Case(
            what: "an event of the wrong type",
            function: Function("work") { (order: Order) in order.items.count },
            input: ["items": [["quantity": 1], ["quantity": "two"]]],
            error: "Runtime.UnmarshalError",
            cause: "items[1].quantity"
        ),
        Case(
            what: "a reply that JSON can't say",
            function: Function("work") { (_: JSONValue) in ["ratio": Double.nan] },
            error: "Runtime.MarshalError",
            cause: "ratio"
        ),
        Case(
            what: "an error of its own type",
            function: Function("work") { (_: JSONValue) in throw PaymentError.declined },
            error: "PaymentError",
            cause: #""errorMessage":"declined","errorType":"PaymentError","requestId":""#
        ),
        Case(
            what: "an error that chooses its name",
            function: Function("work") { (_: JSONValue) in throw Declined() },
            error: "Payment.Declined",
            cause: #"no \"money\"\u0000 left"#
        ),
        Case(
            what: "an error with a message of a megabyte",
            function: Function("work") { (_: JSONValue) in
                throw Overlong()
            },
            error: "Overlong",
            cause: #"x\nx\n"#
        ),
        Case(
            what: "a reply that is too large",
            function: Function("work") { (_: JSONValue) in String(repeating: "x", count: 2000) },
            error: "States.DataLimitExceeded",
            cause: "size"
        ),
        Case(
            what: "never returning",
            function: Function("work", timeout: .milliseconds(100)) { (_: JSONValue) in
                try await Task.sleep(for: .seconds(3600))
            },
            error: "Sandbox.Timedout",
            cause: "Task timed out after 0.10 seconds"
        ),
        Case(
            what: "never returning, whatever is said",
            function: Function("work", timeout: .milliseconds(100)) { (_: JSONValue) in
                await withUnsafeContinuation { (_: UnsafeContinuation<Void, Never>) in }
            },
            error: "Sandbox.Timedout",
            cause: "Task timed out"
        ),
        Case(
            what: "taking longer than the state allows",
            function: Function("work") { (_: JSONValue) in try await Task.sleep(for: .seconds(3600)) },
            more: #""TimeoutSeconds": 1,"#,
            error: "States.Timeout",
            cause: ""
        ),
        Case(
            what: "missing a heartbeat",
            function: Function("work") { (_: JSONValue, context: FunctionContext) in
                for _ in 0..<20 {
                    try await Task.sleep(for: .milliseconds(100))
                    try await context.heartbeat()
                }
                try await Task.sleep(for: .seconds(3600))
            },
            more: #""TimeoutSeconds": 60, "HeartbeatSeconds": 1,"#,
            error: "States.Timeout",
            cause: ""
        ),
    ]

    struct Overlong: FunctionError {
        var errorMessage: String { String(repeating: "x\n", count: 500_000) }
    }

    @Test(arguments: cases)
    func endsInADocumentedError(_ misuse: Case) async throws {
        let database = try await Database(settings: "payload_bytes = 1024")
        try await database.deployTask("work", misuse.more)
        try await database.deployTask("innocent", as: "Innocent")
        let (end, other) = try await database.withWorker {
            misuse.function
            Function("innocent") { (_: JSONValue) in "fine" }
        } body: {
            let execution = try await database.start(input: misuse.input)
            let other = try await database.start("Innocent")
            return (try await database.end(of: execution), try await database.end(of: other))
        }
        #expect(end.error == misuse.error)
        let cause = end.cause ?? ""
        #expect(misuse.cause.isEmpty || cause.contains(misuse.cause))
        #expect(cause.utf8.count <= 32_768)
        #expect(other.output?.text == #""fine""#)
    }

    @Test func aFunctionThatNobodyOffersIsWaitedFor() async throws {
        let database = try await Database()
        try await database.deployTask("absent")
        try await database.deployTask("present", as: "Present")
        let execution = try await database.start()
        let end = try await database.withWorker {
            Function("present") { (_: JSONValue) in "fine" }
        } body: {
            try await database.end(of: database.start("Present"))
        }
        #expect(end.status == .succeeded)
        let waiting = try await database.store.describe(execution)
        #expect(waiting.status == .running)
        #expect(waiting.steps.map(\.status) == ["no worker"])
    }

    @Test func handlersThatKeepTheirThreadsDoNotStopTheWorker() async throws {
        let database = try await Database()
        try await database.deployTask("spin")
        try await database.deployTask("fine", as: "Fine")
        let isOver = Mutex(false)
        let ends = try await database.withWorker {
            Function("spin", timeout: .milliseconds(50)) { (_: JSONValue) in
                // Blocks: nothing is awaited.
                while !isOver.withLock(\.self) {}
            }
            Function("fine") { (_: JSONValue) in "fine" }
        } body: {
            defer { isOver.withLock { $0 = true } }
            var spinning: [String] = []
            for _ in 0..<6 { spinning.append(try await database.start()) }
            let fine = try await database.end(of: database.start("Fine"))
            var errors: Set<String?> = []
            for execution in spinning { errors.insert(try await database.end(of: execution).error) }
            return (errors, fine.output?.text)
        }
        #expect(ends.0 == ["Sandbox.Timedout"])
        #expect(ends.1 == #""fine""#)
    }

    @Test func handlersThatIgnoreTheirCancellationDoNotFillTheWorker() async throws {
        let database = try await Database()
        try await database.deployTask("stuck")
        try await database.deployTask("fine", as: "Fine")
        let ends = try await database.withWorker(database.worker { $0.concurrency = 2 }) {
            Function("stuck", timeout: .milliseconds(50)) { (_: JSONValue) in
                await withUnsafeContinuation { (_: UnsafeContinuation<Void, Never>) in }
            }
            Function("fine") { (_: JSONValue) in "fine" }
        } body: {
            var stuck: [String] = []
            for _ in 0..<10 { stuck.append(try await database.start()) }
            var errors: Set<String?> = []
            for execution in stuck { errors.insert(try await database.end(of: execution).error) }
            let fine = try await database.end(of: database.start("Fine"))
            return (errors, fine.output?.text)
        }
        #expect(ends.0 == ["Sandbox.Timedout"])
        #expect(ends.1 == #""fine""#)
    }
}
