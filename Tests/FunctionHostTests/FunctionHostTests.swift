import Foundation
import JSON
import Logging
import Store
import Testing

@Suite("Functions in processes of their own")
struct FunctionHostTests {
    private static let echo = """
        while True:
            call, event, headers = next_call()
            reply(call, {"event": event, "pid": os.getpid(), "handler": os.environ["_HANDLER"],
                         "name": os.environ["AWS_LAMBDA_FUNCTION_NAME"], "color": os.environ.get("COLOR"),
                         "secret": os.environ.get("DATABASE_URL"), "arn": headers["Lambda-Runtime-Invoked-Function-Arn"],
                         "left": int(headers["Lambda-Runtime-Deadline-Ms"]) - int(time.time() * 1000)})
        """

    @Test func areCalledByTasksAndKeepTheirProcess() async throws {
        let host = try await Host([
            "echo": (Self.echo, #""handler": "main.echo", "runtime": "provided", "environment": {"COLOR": "파랑"}"#)
        ])
        let replies = try await host.withWorker {
            var replies: [JSONObject] = []
            for number in 1...3 {
                let end = try await host.call("echo", ["n": .number(JSONNumber(number))])
                #expect(end.summary.status == .succeeded, "\(end.cause ?? "")")
                replies.append(try #require(try end.output?.value().object))
            }
            return replies
        }
        #expect(replies.map { $0["event"] } == [["n": 1], ["n": 2], ["n": 3]])
        #expect(Set(replies.map { $0["pid"]?.text }).count == 1)
        let first = try #require(replies.first)
        #expect(first["handler"] == "main.echo")
        #expect(first["name"] == "echo")
        #expect(first["color"] == "파랑")
        #expect(first["secret"] == .null)
        #expect(first["arn"] == "arn:aws:lambda:us-east-1:000000000000:function:echo")
        let left = try #require(first["left"]?.text).description
        #expect((0...3000).contains(try #require(Int(left))))
    }

    @Test(arguments: [("Root=1-5759e988-bd862e3fe1be46a994272793", true), ("a\r\nb: c", false), ("추적", false)])
    func traceIsPassedOnWhereAHeaderCanHoldIt(trace: String, isPassedOn: Bool) async throws {
        let script = """
            while True:
                call, event, headers = next_call()
                reply(call, headers["Lambda-Runtime-Trace-Id"])
            """
        let host = try await Host(["trace": (script, #""timeout": 30"#)])
        let end = try await host.withWorker { try await host.call("trace", trace: trace) }
        #expect(end.output?.text == (isPassedOn ? "\"\(trace)\"" : "null"), "\(end.cause ?? "")")
    }

    @Test func aProcessIsReplacedAfterSoManyCalls() async throws {
        let host = try await Host(["echo": (Self.echo, #""recycleAfter": 2, "provisioned": 1"#)])
        let processes = try await host.withWorker {
            var processes: [String] = []
            for _ in 1...4 {
                processes.append(try #require(try await host.call("echo").output?.value().object?["pid"]?.text))
            }
            return processes
        }
        #expect(processes[0] == processes[1] && processes[2] == processes[3] && processes[1] != processes[2])
    }

    @Test func errorsKeepTheirNameAndBecomeTheCause() async throws {
        let host = try await Host([
            "fails": (
                """
                while True:
                    call, event, _ = next_call()
                    ask("POST", f"invocation/{call}/error",
                        json.dumps({"errorMessage": "no tea", "errorType": "OutOfStock", "stackTrace": ["a", "b"]}))
                """, ""
            ),
            "never": (
                """
                ask("POST", "init/error", "{}", {"Lambda-Runtime-Function-Error-Type": "Runtime.ImportModuleError"})
                time.sleep(60)
                """, ""
            ),
        ])
        let (failed, never) = try await host.withWorker { (try await host.call("fails"), try await host.call("never")) }
        #expect(failed.error == "OutOfStock")
        #expect(failed.cause == #"{"errorMessage":"no tea","errorType":"OutOfStock","stackTrace":["a","b"]}"#)
        #expect(never.error == "Runtime.ImportModuleError")
    }

    /// Lambda gives one that has not started after ten seconds a second chance, which is as long as its timeout.
    @Test func mayTakeLongerThanTenSecondsToStart() async throws {
        let script = "time.sleep(10.5)\ncall, _, _ = next_call()\nreply(call, 1)\nnext_call()\n"
        let host = try await Host(["model": (script, #""timeout": 60"#)])
        let end = try await host.withWorker { try await host.call("model") }
        #expect(end.output?.text == "1", "\(end.cause ?? "")")
    }

    /// What goes wrong with a process, what Retry and Catch see of it, and a part of what people read.
    struct Misfortune: Sendable, CustomTestStringConvertible {
        var name: String
        var script: String
        var settings = #""timeout": 60"#
        var error: String
        var message: String
        var testDescription: String { name }
    }

    static let misfortunes = [
        Misfortune(
            name: "exits",
            script: "call, _, _ = next_call()\nsys.exit(7)\n",
            error: "Runtime.ExitError",
            message: "Runtime exited with error: exit status 7"
        ),
        Misfortune(
            name: "exits before its first call",
            script: "sys.exit(1)\n",
            error: "Runtime.ExitError",
            message: "Runtime exited with error: exit status 1"
        ),
        Misfortune(
            name: "is killed",
            script: "call, _, _ = next_call()\nos.kill(os.getpid(), signal.SIGSEGV)\n",
            error: "Runtime.ExitError",
            message: "Runtime exited with error: signal: segmentation fault"
        ),
        Misfortune(
            name: "takes all memory",
            script:
                "call, _, _ = next_call()\nhog = [bytearray(1 << 20) for _ in range(4096)]\nreply(call, len(hog))\n",
            settings: #""timeout": 60, "memory": 64"#,
            error: "Runtime.ExitError",
            message: "Runtime exited with error: signal: killed"
        ),
        Misfortune(
            name: "starts more and more processes",
            script:
                "call, _, _ = next_call()\nwhile True:\n    if os.fork() == 0: time.sleep(300)\n    time.sleep(0.005)\n",
            settings: #""timeout": 60, "memory": 4096"#,
            error: "Runtime.ExitError",
            message: "Runtime exited with error: signal: killed"
        ),
        Misfortune(
            name: "runs for ever",
            script: "call, _, _ = next_call()\nwhile True: pass\n",
            settings: #""timeout": 1"#,
            error: "Sandbox.Timedout",
            message: "Task timed out after 1.00 seconds"
        ),
        Misfortune(
            name: "ignores SIGTERM",
            script: "signal.signal(signal.SIGTERM, signal.SIG_IGN)\ncall, _, _ = next_call()\ntime.sleep(300)\n",
            settings: #""timeout": 1"#,
            error: "Sandbox.Timedout",
            message: "Task timed out after 1.00 seconds"
        ),
        Misfortune(
            name: "answers with seven megabytes",
            script: "call, _, _ = next_call()\nreply(call, 'x' * 7_000_000)\nnext_call()\n",
            error: "Function.ResponseSizeTooLarge",
            message: "Response payload size exceeded maximum allowed payload size (6291456 bytes)."
        ),
        Misfortune(
            name: "answers with something else than JSON",
            script: "call, _, _ = next_call()\nask('POST', f'invocation/{call}/response', 'tea')\nnext_call()\n",
            error: "Runtime.MarshalError",
            message: "the response is not JSON"
        ),
        Misfortune(
            name: "talks garbage",
            script: """
                import socket
                call, _, _ = next_call()
                host, port = os.environ["AWS_LAMBDA_RUNTIME_API"].split(":")
                for text in (b"\\x00\\xff" * 5000, b"GET / HTTP/9.9\\r\\n\\r\\n", b"POST " + b"/" * 100_000):
                    with socket.create_connection((host, int(port))) as wire:
                        try: wire.sendall(text)
                        except OSError: pass
                assert ask("GET", "nonsense")[0].status == 404
                assert ask("POST", "invocation/other/response", "1")[0].status == 400
                sys.exit(3)

                """,
            error: "Runtime.ExitError",
            message: "exit status 3"
        ),
    ]

    @Test(arguments: misfortunes)
    func aProcessThatFailsHarmsOnlyItsCall(_ misfortune: Misfortune) async throws {
        let host = try await Host([
            "bad": (misfortune.script, misfortune.settings), "echo": (Self.echo, #""timeout": 60"#),
        ])
        let (bad, good) = try await host.withWorker {
            async let bad = host.call("bad")
            let good = try await host.call("echo", 1)
            return (try await bad, good)
        }
        #expect(bad.summary.status == .failed)
        #expect(bad.error == misfortune.error)
        #expect(bad.cause?.contains(misfortune.message) == true, "\(bad.cause ?? "no cause")")
        #expect(good.summary.status == .succeeded)
        #expect(try await Self.leftOvers(of: host).isEmpty)
    }

    @Test func aProcessThatClosesItsOutputGoesOn() async throws {
        let host = try await Host([
            "quiet": (
                "os.close(1)\nos.close(2)\nwhile True:\n    call, event, _ = next_call()\n    reply(call, event)\n", ""
            )
        ])
        let ends = try await host.withWorker { [try await host.call("quiet", 1), try await host.call("quiet", 2)] }
        #expect(ends.map { $0.output?.text } == ["1", "2"], "\(ends.map(\.cause))")
        #expect(try await Self.leftOvers(of: host).isEmpty)
    }

    /// Command lines of processes that still run a program of this host's folder, once those that were killed have had
    /// the time to be gone.
    private static func leftOvers(of host: Host) async throws -> [String] {
        let deadline = ContinuousClock.now + .seconds(10)
        while true {
            let found = try FileManager.default.contentsOfDirectory(atPath: "/proc")
                .filter { Int($0) != nil }
                .compactMap { try? String(contentsOfFile: "/proc/\($0)/cmdline", encoding: .utf8) }
                .filter { $0.contains(host.folder.lastPathComponent) }
            if found.isEmpty || ContinuousClock.now > deadline { return found }
            try await Task.sleep(for: .milliseconds(20))
        }
    }

    // MARK: What is printed

    private static let talk = """
        while True:
            call, event, _ = next_call()
            sys.stdout.write("first\\nsec"); sys.stdout.flush()
            time.sleep(0.05)
            sys.stdout.write("ond\\n"); sys.stdout.flush()
            sys.stderr.write("차" * event + " without an end"); sys.stderr.flush()
            reply(call, call)
        """

    @Test func whatIsPrintedIsLoggedByLinesWithTheCallThatItBelongsTo() async throws {
        let host = try await Host(["talk": (Self.talk, #""timeout": 20"#)])
        let log = LogRecord()
        let calls = try await host.withWorker(log: log) {
            [try await host.call("talk", 1), try await host.call("talk", 2)].compactMap { $0.output?.text }
        }
        #expect(calls.count == 2)
        for (index, call) in calls.enumerated() {
            let lines = log.entries
                .filter { $0.message == "Function printed" && "\"\($0.metadata["request"] ?? "")\"" == call }
                .map { "\($0.metadata["line"] ?? "")" }
            #expect(lines == ["first", "second", String(repeating: "차", count: index + 1) + " without an end"])
        }
    }

    @Test func theTailComesBackToWhoeverAsksForIt() async throws {
        let host = try await Host([
            "talk": (Self.talk, #""timeout": 20"#), "fail": ("print('last words', flush=True); sys.exit(1)", ""),
        ])
        let tails = try await host.withWorker {
            var tails: [(request: String, tail: String)?] = []
            for (name, event, kind) in [
                ("talk", 3, InvocationKind.logged), ("talk", 3000, .logged), ("talk", 1, .request),
                ("fail", 1, .logged),
            ] {
                let event = JSONDocument(.number(JSONNumber(event)))
                let execution = try await host.store.invoke(name, payload: event, kind: kind)
                let end = try await host.end(of: execution)
                let tail = try await host.store.takeLogTail(of: execution)
                if let tail, name == "talk" { #expect(end.output?.text == "\"\(tail.request)\"") }
                tails.append(tail)
                #expect(try await host.store.takeLogTail(of: execution) == nil)
            }
            return tails
        }
        #expect(tails[0]?.tail == "first\nsecond\n차차차 without an end")
        #expect(tails[1]?.tail.utf8.count ?? 0 <= 4104)
        #expect(tails[1]?.tail.hasSuffix("차차차 without an end") == true)
        #expect(tails[2] == nil)
        #expect(tails[3]?.tail == "last words\n")
    }

    // MARK: Who they are

    @Test func secretsAreReadForEveryProcess() async throws {
        let file = FileManager.default.temporaryDirectory.appending(path: "swsecret.\(UUID().uuidString.prefix(8))")
        try Data("first\n".utf8).write(to: file)
        defer { try? FileManager.default.removeItem(at: file) }
        let script = """
            while True:
                call, event, _ = next_call()
                reply(call, [os.environ["KEY"], os.getcwd()])
            """
        let host = try await Host([
            "secret": (
                script,
                #""recycleAfter": 1, "timeout": 20, "secrets": {"KEY": "\#(file.path)"}, "workingFolder": "..""#
            )
        ])
        let replies = try await host.withWorker {
            var replies = [try await host.call("secret").output?.text]
            try Data("second".utf8).write(to: file)
            replies.append(try await host.call("secret").output?.text)
            try FileManager.default.removeItem(at: file)
            let failed = try await host.call("secret")
            #expect(failed.error == "Runtime.InvalidEntrypoint" && failed.cause?.contains("KEY") == true)
            return replies
        }
        let folder = host.folder.resolvingSymlinksInPath().path
        #expect(replies == [#"["first", "\#(folder)"]"#, #"["second", "\#(folder)"]"#])
    }

    @Test(.enabled(if: geteuid() == 0, "only root can become somebody else"))
    func aFunctionRunsAsItsUser() async throws {
        let script = """
            while True:
                call, event, _ = next_call()
                reply(call, [os.getuid(), os.getgroups()])
            """
        let host = try await Host(["own": (script, #""timeout": 20, "user": "nobody""#)])
        let reply = try await host.withWorker { try await host.call("own") }
        #expect(reply.output?.text == "[65534, [65534]]", "\(reply.cause ?? "")")
        #expect(try await Self.leftOvers(of: host).isEmpty)
    }
}
