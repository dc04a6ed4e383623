import Foundation
import JSON
import PeerTestSupport
import Postgres
import StatesLanguage
import Stepwell
import Store
import Synchronization
import Testing

/// Distributed Maps that read their items from S3 and write their results there.
@Suite struct ObjectStorageTests {
    private func worker(_ database: Database, _ peer: S3Peer) throws -> WorkerConfiguration {
        try database.worker(environment: peer.environment)
    }

    /// Runs a Map with these fields to its end.
    private func run(
        _ fields: String,
        on peer: S3Peer,
        states: String? = nil,
        functions: @Sendable () -> [Function] = { [] }
    ) async throws -> ExecutionDescription {
        let database = try await Database()
        try await database.deploy(MapRunTests.map(", " + fields, states: states))
        let functions = functions()
        let end = try await database.withWorker(worker(database, peer)) {
            functions
        } body: {
            try await database.end(of: database.start())
        }
        try await MapRunTests.expectNothingLeft(in: database)
        await peer.stop()
        return end
    }

    private static func reader(_ config: String, key: String = "k", _ resource: String = "getObject") -> String {
        let name = resource == "getObject" ? #""Key": "\#(key)""# : #""Prefix": "\#(key)""#
        return #"""
            "ItemReader": {"Resource": "arn:aws:states:::s3:\#(resource)", "ReaderConfig": {\#(config)},
                "Parameters": {"Bucket": "b", \#(name)}}
            """#
    }

    @Test(
        arguments: [
            (#""InputType": "CSV", "CSVHeaderLocation": "FIRST_ROW""#, "n\n1\n2\n", #"[{"n":"1"},{"n":"2"}]"#),
            (#""InputType": "JSON""#, "[1, 2]", "[1,2]"),
            (#""InputType": "JSON", "ItemsPointer": "/a/0""#, #"{"a": [[1, 2]]}"#, "[1,2]"),
            (#""InputType": "JSONL""#, "1\n{\"n\": 2}\n", #"[1,{"n":2}]"#), (#""InputType": "JSONL""#, "", "[]"),
        ]
    )
    func itemsOfAnObject(config: String, content: String, output: String) async throws {
        let peer = try await S3Peer.start(["b/k": content])
        let end = try await run(Self.reader(config), on: peer)
        #expect(end.output?.text == output, "\(end.cause ?? "")")
    }

    @Test func objectLargerThanAPieceIsReadInPieces() async throws {
        let line = #"{"text": ""# + String(repeating: "x", count: 10_000) + #""}"#
        let peer = try await S3Peer.start(["b/k": Array(repeating: line, count: 900).joined(separator: "\n")])
        let end = try await run(
            Self.reader(#""InputType": "JSONL""#),
            on: peer,
            states: #""Item": {"Type": "Pass", "Result": 1, "End": true}"#
        )
        #expect(try end.output?.value().array?.count == 900)
        #expect(
            peer.requests.map { $0.header("Range") } == [
                "bytes=0-4194303", "bytes=4194304-8388607",
                "bytes=8388608-12582911",
            ]
        )
    }

    /// `"b","one"` and `"b","two"`, a line each, packed by gzip.
    private static let packed: [UInt8] = [
        31, 139, 8, 0, 0, 0, 0, 0, 2, 3, 83, 74, 82, 210, 81, 202, 207, 75, 85, 226, 2, 0, 30, 70, 125, 234,
        10, 0, 0, 0, 31, 139, 8, 0, 0, 0, 0, 0, 2, 3, 83, 74, 82, 210, 81, 42, 41, 207, 87, 226, 2, 0, 78,
        125, 203, 221, 10, 0, 0, 0,
    ]

    @Test func filesOfAnInventory() async throws {
        let peer = try await S3Peer.start(
            [
                "b/k": #"{"fileFormat": "CSV", "fileSchema": "Bucket, Key", "files": [{"key": "x.gz"}, {"key": "y"}]}"#,
                "b/y": #""b","three""#,
            ],
            packed: ["b/x.gz": Self.packed]
        )
        let end = try await run(Self.reader(#""InputType": "MANIFEST""#), on: peer)
        let items = ["one", "two", "three"].map { #"{"Bucket":"b","Key":"\#($0)"}"# }
        #expect(end.output?.text == "[" + items.joined(separator: ",") + "]", "\(end.cause ?? "")")
    }

    @Test func objectsOfAListing() async throws {
        let peer = try await S3Peer.start(["b/p/1": "a", "b/p/2": "bc", "b/p/3": "", "b/q": ""])
        let end = try await run(
            Self.reader("", key: "p/", "listObjectsV2"),
            on: peer,
            states: #""Item": {"Type": "Pass", "End": true}"#
        )
        let items = try #require(try end.output?.value().array, "\(end.cause ?? "")")
        #expect(items.compactMap { $0["Key"]?.string } == ["p/1", "p/2", "p/3"])
        #expect(
            items[1].text
                == #"{"Etag":"\"e\"","Key":"p/2","LastModified":1700000000,"Size":2,"StorageClass":"STANDARD"}"#
        )
        #expect(peer.requests.count == 2)
    }

    @Test func itemsOfListedObjects() async throws {
        let peer = try await S3Peer.start(["b/p/1": "1\n2", "b/p/2": "", "b/p/3": "3"])
        let config = #""InputType": "JSONL", "Transformation": "LOAD_AND_FLATTEN""#
        let end = try await run(
            Self.reader(config, key: "p/", "listObjectsV2")
                + #", "ItemSelector": {"v.$": "$$.Map.Item.Value", "s.$": "$$.Map.Item.Source"}"#,
            on: peer
        )
        #expect(
            end.output?.text
                == #"[{"v":1,"s":"S3://b/p/1"},{"v":2,"s":"S3://b/p/1"},{"v":3,"s":"S3://b/p/3"}]"#
        )
    }

    @Test func whatIsNotThereFailsTheReader() async throws {
        let end = try await run(Self.reader(#""InputType": "JSON""#), on: try await S3Peer.start())
        #expect(end.error == "States.ItemReaderFailed")
        #expect(
            end.cause
                == "s3://b/k can't be read: The specified key does not exist. (Service: S3, Status Code: 404,"
                + " Request ID: r-1, Extended Request ID: h-1)"
        )
    }

    @Test func whatIsForbiddenFailsTheReader() async throws {
        let peer = try await S3Peer.start { _ in S3Peer.refusal(403, "AccessDenied", "Access Denied") }
        let end = try await run(Self.reader("", key: "p", "listObjectsV2"), on: peer)
        #expect(end.error == "States.ItemReaderFailed")
        #expect(end.cause?.hasPrefix("s3://b/p can't be listed: Access Denied (Service: S3, Status Code: 403") == true)
    }

    @Test func bodyThatStaysShortFailsTheReader() async throws {
        let peer = try await S3Peer.start(["b/k": "[1, 2]"]) { _ in
            .cut(status: 206, headers: [("Content-Range", "bytes 0-5/6")], body: Array("[1".utf8), promised: 6)
        }
        let end = try await run(Self.reader(#""InputType": "JSON""#), on: peer)
        #expect(end.error == "States.ItemReaderFailed")
        #expect(end.cause?.hasPrefix("s3://b/k can't be read: ") == true)
    }

    private static let writer = #"""
        "ResultWriter": {"Resource": "arn:aws:states:::s3:putObject",
            "Parameters": {"Bucket": "out", "Prefix": "results"}}
        """#

    private static let items =
        #""ItemReader": {"Resource": "arn:aws:states:::s3:getObject","#
        + #" "ReaderConfig": {"InputType": "JSON"}, "Parameters": {"Bucket": "b", "Key": "k"}}"#

    @Test func resultsAreWrittenAsOnAWS() async throws {
        let peer = try await S3Peer.start(["b/k": "[1, 2, 3]"])
        let end = try await run(
            Self.items + #", "ToleratedFailureCount": 1, "# + Self.writer,
            on: peer,
            states: #""Item": {"Type": "Task", "Resource": "\#(Database.function("work"))", "End": true}"#
        ) {
            [
                Function("work") { (number: Int) in
                    guard number != 2 else { throw Odd() }
                    return number * 10
                }
            ]
        }
        let output = try #require(try end.output?.value(), "\(end.cause ?? "")")
        let key = try #require(output["ResultWriterDetails"]?["Key"]?.string)
        #expect(output["ResultWriterDetails"]?["Bucket"] == "out")
        #expect(key.hasPrefix("results/") && key.hasSuffix("/manifest.json"))
        let manifest = try JSONValue(parsing: peer["out/\(key)"] ?? "")
        #expect(manifest["DestinationBucket"] == "out")
        #expect(manifest["MapRunArn"] == output["MapRunArn"])
        let files = try #require(manifest["ResultFiles"]?.object)
        #expect(Array(files.keys) == ["FAILED", "PENDING", "SUCCEEDED"])
        #expect(files["PENDING"] == [])
        let directory = key.dropLast("manifest.json".count)
        let succeeded = try #require(files["SUCCEEDED"]?.array?.first)
        #expect(succeeded["Key"]?.string == "\(directory)SUCCEEDED_0.json")
        let text = peer["out/\(directory)SUCCEEDED_0.json"] ?? ""
        #expect(succeeded["Size"]?.number?.integer == Int64(text.utf8.count))
        let results = try #require(try JSONValue(parsing: text).array)
        #expect(results.map { $0["Output"] } == ["10", "30"])
        #expect(
            results[0].object.map { Array($0.keys) }
                == [
                    "ExecutionArn", "Input", "InputDetails", "Name", "Output", "OutputDetails", "RedriveCount",
                    "RedriveStatus", "RedriveStatusReason", "StartDate", "StateMachineArn", "Status", "StopDate",
                ]
        )
        let failed = try JSONValue(parsing: peer["out/\(directory)FAILED_0.json"] ?? "")
        #expect(failed.array?.map { $0["Error"] } == ["Odd"])
        #expect(failed.array?.map { $0["Input"] } == ["2"])
    }

    @Test func whatWasNotBegunIsPending() async throws {
        let peer = try await S3Peer.start(["b/k": "[1, 2, 3]"])
        let end = try await run(
            Self.items + #", "MaxConcurrency": 1, "# + Self.writer,
            on: peer,
            states: #""Item": {"Type": "Fail", "Error": "No"}"#
        )
        #expect(end.error == "States.ExceedToleratedFailureThreshold")
        let pending = try #require(peer.names.first { $0.hasSuffix("PENDING_0.json") })
        let items = try JSONValue(parsing: peer[pending] ?? "").array
        #expect(items?.map { $0["Input"] } == ["2", "3"])
        #expect(items?.map { $0["Status"] } == ["PENDING", "PENDING"])
    }

    @Test func resultsThatCannotBeWrittenFailTheRun() async throws {
        let peer = try await S3Peer.start(["b/k": "[1]"]) { request in
            request.method == "PUT" ? S3Peer.refusal(403, "AccessDenied", "Access Denied") : nil
        }
        let end = try await run(Self.items + ", " + Self.writer, on: peer)
        #expect(end.error == "States.ResultWriterFailed")
        #expect(end.cause?.contains("Access Denied (Service: S3, Status Code: 403") == true)
    }

    @Test func workerWithoutStorageLeavesReadingAndWritingToOneThatHasIt() async throws {
        let database = try await Database()
        let peer = try await S3Peer.start(["b/k": "[1, 2]"])
        let definition =
            #"{"StartAt": "Work", "States": {\#(MapRunTests.map(", " + Self.items + ", " + Self.writer))}}"#
        let warnings = try await database.store.deploy(name: "Machine", definition: definition).warnings
        #expect(
            warnings.map(\.location) == ["/States/Work/ItemReader/Resource", "/States/Work/ResultWriter/Resource"]
        )
        let alone = try await database.withWorker {
            try await database.end(of: database.start())
        }
        #expect(alone.error == "States.ItemReaderFailed")
        #expect(alone.cause?.contains("AWS_ENDPOINT_URL_S3") == true)

        // Both run, and the one without takes the step most of the time.
        let configuration = try worker(database, peer)
        let end = try await database.withWorker {
        } body: {
            try await database.withWorker(configuration) {
            } body: {
                // Not before the other one has said what it has.
                while try await database.store.offeredServices().isEmpty {
                    try await Task.sleep(for: .milliseconds(10))
                }
                return try await database.end(of: database.start())
            }
        }
        #expect(end.status == .succeeded, "\(end.cause ?? "")")
        #expect(peer.names.contains { $0.hasSuffix("SUCCEEDED_0.json") })
        #expect(try await database.store.deploy(name: "Machine", definition: definition).warnings.isEmpty)
        await peer.stop()
    }

    /// - Parameter method: what waits for an answer when the process is killed.
    @Test(arguments: ["GET", "PUT"]) func killedProcessLeavesReadingAndWritingToAnother(_ method: String) async throws {
        let database = try await Database()
        try await database.deploy(MapRunTests.map(", " + Self.items + ", " + Self.writer))
        let isSilent = Mutex(true)
        let peer = try await S3Peer.start(["b/k": "[1, 2]"]) { request in
            request.method == method && isSilent.withLock { $0 } ? .silence : nil
        }
        let execution = try await database.start()
        let environment = [
            "DATABASE_URL": database.configuration.conninfo, "STEPWELL_LEASE_SECONDS": "1",
            "SWIFT_BACKTRACE": "enable=no",
        ]
        let process = try await FixtureProcess(environment: environment.merging(peer.environment) { $1 })
        while !peer.requests.contains(where: { $0.method == method }) { try await Task.sleep(for: .milliseconds(5)) }
        try await process.end(SIGKILL)
        isSilent.withLock { $0 = false }
        let end = try await database.withWorker(worker(database, peer)) {
        } body: {
            try await database.end(of: execution)
        }
        #expect(end.status == .succeeded, "\(end.cause ?? "")")
        let results = try #require(peer.names.first { $0.hasSuffix("SUCCEEDED_0.json") })
        #expect(try JSONValue(parsing: peer[results] ?? "").array?.map { $0["Output"] } == ["1", "2"])
        try await MapRunTests.expectNothingLeft(in: database)
        await peer.stop()
    }

    @Test func workerThatStopsLeavesTheReadingToAnother() async throws {
        let database = try await Database()
        try await database.deploy(MapRunTests.map(", " + Self.items))
        let isSilent = Mutex(true)
        let peer = try await S3Peer.start(["b/k": "[1, 2]"]) { _ in isSilent.withLock { $0 } ? .silence : nil }
        let execution = try await database.start()
        // The reading waits for an answer when the worker is told to stop.
        try await database.withWorker(worker(database, peer)) {
        } body: {
            while peer.requests.isEmpty { try await Task.sleep(for: .milliseconds(5)) }
        }
        #expect(try await database.store.describe(execution).status == .running)
        isSilent.withLock { $0 = false }
        let end = try await database.withWorker(worker(database, peer)) {
        } body: {
            try await database.end(of: execution)
        }
        #expect(end.output?.text == "[1,2]", "\(end.cause ?? "")")
        await peer.stop()
    }
}

private struct Odd: Error {}
