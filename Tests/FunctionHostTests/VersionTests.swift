import Foundation
import JSON
import Logging
import StatesLanguage
import Stepwell
import Store
import Testing

@testable import FunctionHost

@Suite("Versions of functions in processes of their own")
struct VersionTests {
    private static func script(_ word: String) -> String {
        """
        while True:
            call, event, headers = next_call()
            reply(call, ["\(word)", os.environ["AWS_LAMBDA_FUNCTION_VERSION"],
                         headers["Lambda-Runtime-Invoked-Function-Arn"].split(":", 6)[6]])
        """
    }

    private static func publish(_ name: String, on host: Host) async throws -> Int {
        let draft = try FunctionDraft(of: name, in: host.folder)
        let version = try await host.store.publishFunction(name, digest: draft.digest)
        try draft.keep(as: version)
        return version
    }

    /// A host with two versions of `greet`, and a third that was not published.
    private static func host() async throws -> Host {
        let host = try await Host(["greet": (script("one"), #""timeout": 30, "reserved": 50, "provisioned": 1"#)])
        #expect(try await publish("greet", on: host) == 1)
        #expect(try await publish("greet", on: host) == 1)
        try host.rewrite("greet", script("two"))
        #expect(try await publish("greet", on: host) == 2)
        try host.rewrite("greet", script("latest"))
        return host
    }

    private static func machine(_ name: String, _ state: String, on host: Host, type: MachineType = .standard)
        async throws
    {
        _ = try await host.store.deploy(
            name: name,
            definition: #"{"StartAt": "Work", "States": {"Work": {"Type": "Task", "End": true, \#(state)}}}"#,
            type: type
        )
    }

    private static func resource(_ qualifier: String) -> String {
        #""Resource": "arn:aws:lambda:us-east-1:000000000000:function:greet:\#(qualifier)""#
    }

    @Test func areCalledByNumberAndByAlias() async throws {
        let host = try await Self.host()
        try await host.store.putFunctionAlias(FunctionAlias(name: "live", version: 1), of: "greet")
        for qualifier in ["1", "2", "live", "3"] {
            try await Self.machine("at-\(qualifier)", Self.resource(qualifier), on: host)
        }
        try await Self.machine("latest", Self.resource("$LATEST"), on: host)
        try await Self.machine("memory", Self.resource("2"), on: host, type: .express)
        let invoke = #""Resource": "arn:aws:states:::lambda:invoke", "Parameters": {"FunctionName": "greet""#
        try await Self.machine("invoke", "\(invoke), \"Qualifier\": \"live\"}", on: host)
        try await Self.machine("nobody", "\(invoke), \"Qualifier\": \"test\"}", on: host)
        try await host.withWorker {
            @Sendable func outputs(of machine: String, runsOnce: Bool = false) async throws -> String? {
                let end = try await host.callMachine(machine, runsOnce: runsOnce)
                return end.output?.text ?? end.error
            }
            #expect(try await outputs(of: "at-1") == #"["one", "1", "greet:1"]"#)
            #expect(try await outputs(of: "at-2") == #"["two", "2", "greet:2"]"#)
            #expect(try await outputs(of: "at-live") == #"["one", "1", "greet:live"]"#)
            #expect(try await outputs(of: "latest") == #"["latest", "$LATEST", "greet"]"#)
            #expect(try await outputs(of: "memory", runsOnce: true) == #"["two", "2", "greet:2"]"#)
            let invoked = try #require(try await host.callMachine("invoke").output?.value())
            #expect(invoked["Payload"] == ["one", "1", "greet:live"])
            #expect(invoked["ExecutedVersion"] == "1")
            let headers = invoked["SdkHttpMetadata"]?["HttpHeaders"]
            #expect(headers?["X-Amz-Executed-Version"] == "1")
            for (machine, arn) in [("at-3", "greet:3"), ("nobody", "greet:test")] {
                let end = try await host.callMachine(machine)
                #expect(end.error == "Lambda.ResourceNotFoundException")
                let words =
                    "Function not found: arn:aws:lambda:us-east-1:000000000000:function:\(arn) (Service: AWSLambda; "
                #expect(end.cause?.hasPrefix(words) == true, "\(end.cause ?? "no cause")")
            }
            // An alias that leads elsewhere is followed by what begins later.
            try await host.store.putFunctionAlias(FunctionAlias(name: "live", version: 2), of: "greet")
            while try await outputs(of: "at-live") != #"["two", "2", "greet:live"]"# {}
        }
    }

    @Test func everyAttemptOfAnAliasGetsTheSameVersion() async throws {
        let script = """
            while True:
                call, event, headers = next_call()
                ask("POST", f"invocation/{call}/error", json.dumps({
                    "errorMessage": os.environ["AWS_LAMBDA_FUNCTION_VERSION"], "errorType": "Broken"}))
            """
        let host = try await Host(["greet": (script + "# one\n", #""timeout": 30"#)])
        #expect(try await Self.publish("greet", on: host) == 1)
        try host.rewrite("greet", script)
        #expect(try await Self.publish("greet", on: host) == 2)
        let other = FunctionAlias.Other(version: 2, weight: 0.5)
        try await host.store.putFunctionAlias(FunctionAlias(name: "live", version: 1, other: other), of: "greet")
        let retry = #""Retry": [{"ErrorEquals": ["Broken"], "IntervalSeconds": 1, "MaxAttempts": 2, "BackoffRate": 1}]"#
        try await Self.machine("live", "\(Self.resource("live")), \(retry)", on: host)
        let attempts = try await host.withWorker {
            try await withThrowingTaskGroup(of: [String].self) { group in
                for _ in 0..<12 {
                    group.addTask {
                        let end = try await host.callMachine("live")
                        return try await host.store.history(end.summary.arn)
                            .compactMap { $0.json["lambdaFunctionFailedEventDetails"]?["cause"]?.string }
                    }
                }
                return try await group.reduce(into: []) { $0.append($1) }
            }
        }
        for causes in attempts { #expect(causes.count == 3 && Set(causes).count == 1, "\(causes)") }
        // Of twelve, one in two thousand has only one of them.
        #expect(Set(attempts.compactMap(\.first)).count == 2)
    }

    @Test func whatChangesAfterItWasPublishedIsRefused() async throws {
        let host = try await Self.host()
        let version = host.folder.appending(path: "functions.versions/greet/1/greet/bootstrap")
        // What Python keeps beside its files is no change.
        let cache = version.deletingLastPathComponent().appending(path: "__pycache__")
        try FileManager.default.createDirectory(at: cache, withIntermediateDirectories: true)
        try Data("x".utf8).write(to: cache.appending(path: "app.pyc"))
        #expect(try await host.withWorker(keepsFolder: true) { true })
        try Data("#!/bin/sh\n".utf8).write(to: version)
        let error = await #expect(throws: WorkerError.self) { try await host.withWorker { true } }
        #expect(
            error?.description.contains("version 1 of 'greet' is not what was published") == true,
            "\(error?.description ?? "")"
        )
    }

    @Test(arguments: [".", "", "./"])
    func versionsAreNoPartOfThemselves(folder: String) async throws {
        let host = try await Host(["greet": (Self.script("one"), #""folder": "\#(folder)""#)])
        defer { try? FileManager.default.removeItem(at: host.folder) }
        try FileManager.default.copyItem(
            at: host.folder.appending(path: "greet/bootstrap"),
            to: host.folder.appending(path: "bootstrap")
        )
        let error = #expect(throws: FunctionHostError.self) { try FunctionDraft(of: "greet", in: host.folder) }
        #expect(error?.description.contains("needs a folder of its own") == true, "\(error?.description ?? "")")
    }

    @Test func aDraftThatIsNoFunctionIsRefused() async throws {
        let host = try await Self.host()
        defer { try? FileManager.default.removeItem(at: host.folder) }
        let error = #expect(throws: FunctionHostError.self) { try FunctionDraft(of: "nobody", in: host.folder) }
        #expect(error?.description.contains("there is no function named nobody") == true)
        let versions = host.folder.appending(path: "functions.versions/greet")
        #expect(try FileManager.default.contentsOfDirectory(atPath: versions.path).sorted() == ["1", "2"])
        let declared = try Data(contentsOf: versions.appending(path: "2/functions.json"))
        #expect(String(decoding: declared, as: UTF8.self) == #"{"greet":{"timeout":30}}"#)
    }
}
