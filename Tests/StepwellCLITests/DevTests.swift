import Foundation
import ProcessTestSupport
import Testing

@Suite("stepwell dev")
struct DevTests {
    private static let hello = #"{"StartAt": "A", "States": {"A": {"Type": "Pass", "Result": "안녕", "End": true}}}"#

    @Test func runsAnExecutionForACommandAndLeavesNothingRunning() async throws {
        let stepwell = try CommandLineProgram()
        defer { stepwell.cleanUp() }
        let program = try URL.built("stepwell").path
        let outcome = try await stepwell(
            "dev",
            "--deploy",
            stepwell.file("Hello.asl.json", Self.hello),
            "--",
            program,
            "start",
            "Hello",
            "--wait"
        )
        #expect(outcome.status == 0)
        #expect(outcome.output == "\"안녕\"\n")
        #expect(outcome.errors.contains("created Hello, revision 1\n"))
        #expect(stepwell.runningServers() == [])
    }

    @Test func keepsItsDataAndItsPortAndEndsAsTheCommandDid() async throws {
        let stepwell = try CommandLineProgram()
        defer { stepwell.cleanUp() }
        let url = ["sh", "-c", #"echo "$DATABASE_URL"; exit 7"#]
        let first = try await stepwell.run(
            ["dev", "--deploy", stepwell.file("Hello.asl.json", Self.hello), "--"] + url
        )
        #expect(first.status == 7)
        #expect(first.output.hasPrefix("postgresql://stepwell:"))
        let second = try await stepwell.run(["dev", "--deploy", "Hello.asl.json", "--"] + url)
        #expect(second.output == first.output)
        #expect(second.errors.contains("unchanged Hello, revision 1\n"))
    }

    @Test func isFoundByOtherCommandsUntilItIsTerminated() async throws {
        let stepwell = try CommandLineProgram()
        defer { stepwell.cleanUp() }
        try await stepwell.withDev { dev in
            let list = try await stepwell("list")
            #expect(list.status == 0)
            #expect(list.errors.contains("`stepwell dev` that runs here"))
            let another = try await stepwell("dev", "--", "true")
            #expect(another.status == 2)
            #expect(another.errors.contains("another `stepwell dev` runs in this directory"))
            #expect(stepwell.runningServers().count == 1)
            dev.send(SIGTERM)
        }
        #expect(stepwell.runningServers() == [])
        #expect(try await stepwell("list").status == 3)
    }

    /// All of them look at port 8083 first, and one gets it.
    @Test func severalComeUpAtOnce() async throws {
        try await withThrowingTaskGroup { group in
            for _ in 0..<3 {
                group.addTask {
                    let stepwell = try CommandLineProgram()
                    defer { stepwell.cleanUp() }
                    try await stepwell.withDev { $0.send(SIGTERM) }
                }
            }
            try await group.waitForAll()
        }
    }

    @Test func isNotReadyWhileAPartOfItCannotStart() async throws {
        let stepwell = try CommandLineProgram()
        let other = try CommandLineProgram()
        defer {
            stepwell.cleanUp()
            other.cleanUp()
        }
        try await stepwell.withDev { dev in
            let server = try #require(stepwell.runningServers().first)
            let port = try #require(server.firstMatch(of: #/ -p (\d+) /#)).1
            let refused = try await other("dev", "--listen", "127.0.0.1:\(port)")
            #expect(refused.status == 3)
            #expect(refused.errors.contains("the endpoint can't listen"))
            #expect(!refused.output.contains("Ready"))
            dev.send(SIGTERM)
        }
        #expect(other.runningServers() == [])
    }

    @Test func tablesOfItsUserAreNotAmongItsOwn() async throws {
        let stepwell = try CommandLineProgram()
        defer { stepwell.cleanUp() }
        let query = "create table orders (); select schemaname from pg_tables where tablename = 'orders'"
        let outcome = try await stepwell("dev", "--", "sh", "-c", "psql \"$DATABASE_URL\" -Atq -c \"\(query)\"")
        #expect(outcome.output == "public\n", "\(outcome.errors)")
    }

    @Test func itsWorkerIsSetUpByTheEnvironment() async throws {
        var stepwell = try CommandLineProgram()
        defer { stepwell.cleanUp() }
        stepwell.environment["STEPWELL_CONCURRENCY"] = "none"
        let refused = try await stepwell("dev", "--", "sleep", "60")
        #expect(refused.status == 2)
        #expect(refused.errors.contains("STEPWELL_CONCURRENCY=none: expected a whole number from 1 to 10000"))
    }

    @Test func comesBackAfterItWasKilled() async throws {
        let stepwell = try CommandLineProgram()
        defer { stepwell.cleanUp() }
        var socket = ""
        try await stepwell.withDev { dev in
            let link = stepwell.directory.appending(path: ".stepwell/sockets").path
            socket = try FileManager.default.destinationOfSymbolicLink(atPath: link)
            dev.send(SIGKILL)
        }
        let after = try await stepwell("dev", "--", "true")
        #expect(after.status == 0, "\(after.errors)")
        #expect(stepwell.runningServers() == [])
        #expect(!FileManager.default.fileExists(atPath: socket))
    }

    @Test func isNotMisledByThePidOfAnotherProcess() async throws {
        let stepwell = try CommandLineProgram()
        defer { stepwell.cleanUp() }
        _ = try await stepwell("dev", "--", "true")
        let data = stepwell.directory.appending(path: ".stepwell/cluster").resolvingSymlinksInPath()
        let file = data.appending(path: "postmaster.pid").path
        try Data("1\n\(data.path)\n".utf8).write(to: URL(fileURLWithPath: file))
        // The server may run as another user.
        #expect(chmod(file, 0o666) == 0)
        let outcome = try await stepwell("dev", "--", "true")
        #expect(outcome.status == 0, "\(outcome.errors)")
    }

    @Test func endsWithTheWorkerThatItWasGiven() async throws {
        let stepwell = try CommandLineProgram()
        defer { stepwell.cleanUp() }
        let outcome = try await stepwell("dev", "--worker", "sh -c 'exit 3'")
        #expect(outcome.status == 3)
        #expect(outcome.errors.contains("error: the worker ended with status 3\n"))
        #expect(stepwell.runningServers() == [])
    }
}

extension CommandLineProgram {
    /// Runs the body while `stepwell dev` runs, and waits for the end of `dev`, which the body has to bring about.
    fileprivate func withDev(_ body: (TestProcess) async throws -> Void) async throws {
        let dev = try await start("dev")
        do {
            #expect(await dev.hears("Ready") != nil)
            try await body(dev)
        } catch {
            dev.send(SIGTERM)
            throw error
        }
        _ = try await dev.status()
    }

    /// The command lines of the PostgreSQL servers whose data is in this directory.
    fileprivate func runningServers() -> [String] {
        let processes = (try? FileManager.default.contentsOfDirectory(atPath: "/proc")) ?? []
        return processes.filter { Int32($0) != nil }
            .compactMap { FileManager.default.contents(atPath: "/proc/\($0)/cmdline") }
            .map { String(decoding: $0, as: UTF8.self).replacing("\0", with: " ") }
            .filter { $0.contains("cluster_name=stepwell-dev") && $0.contains(directory.path) }
    }
}
