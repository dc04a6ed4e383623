import Foundation
import FunctionHost
import Logging
import Testing

@Suite("functions.json")
struct DeclarationTests {
    @Test(arguments: [
        ("", "functions.json"),
        ("[]", "expected an object"),
        (#"{"a": 1}"#, "a: expected an object"),
        (#"{"a": {"timeot": 3}}"#, "unknown key \"timeot\""),
        (#"{"a": {"timeout": 0}}"#, "timeout is 0: expected 1 to 900"),
        (#"{"a": {"timeout": "3"}}"#, "timeout"),
        (#"{"a": {"provisioned": 11}}"#, "provisioned is 11: expected 0 to 10"),
        (#"{"a": {}}"#, "bootstrap"),
        (#"{"a": {"runtime": "python3"}}"#, "\"handler\": \"module.function\""),
        (#"{"a": {"runtime": "cobol"}}"#, "runtime"),
        (#"{"b": {}}"#, "there is no folder"),
        (#"{"a": {"folder": "../x"}}"#, "not below"),
        (#"{"a b": {"folder": "a"}}"#, "a name has"),
        (#"{"a": {"handler": "m.f", "secrets": {"KEY": "key"}}}"#, "neither an absolute path nor credential:NAME"),
        (#"{"a": {"handler": "m.f", "secrets": {"KEY": "/does/not/exist"}}}"#, "can't be read from /does/not/exist"),
        (#"{"a": {"handler": "m.f", "secrets": {"KEY": "credential:../x"}}}"#, "names no credential"),
        (#"{"a": {"handler": "m.f", "secrets": {"KEY": "credential:x"}}}"#, "LoadCredential=x"),
        (#"{"a": {"handler": "m.f", "secrets": {"_HANDLER=": "/dev/null"}}}"#, "can't be a variable"),
        (#"{"a": {"handler": "m.f", "user": "nobody at all"}}"#, "there is no user \"nobody at all\""),
        (#"{"a": {"handler": "m.f", "workingFolder": "elsewhere"}}"#, "there is no folder"),
        (#"{"a": {"handler": "m.f", "retries": 3}}"#, "retries is 3: expected 0 to 2"),
        (#"{"a": {"handler": "m.f", "maximumAge": 59}}"#, "expected 60 to 21600"),
        (#"{"a": {"handler": "m.f", "onFailure": "b"}}"#, "onFailure is \"b\": expected function:NAME"),
        (#"{"a": {"handler": "m.f", "reserved": -1}}"#, "expected 0 to 100000"),
        (#"{"a": {"handler": "m.f", "rate": 0}}"#, "expected more than 0"),
        (#"{"a": {"handler": "m.f", "fairKey": "tenant"}}"#, "the fair key is \"tenant\""),
        (#"{"a": {"handler": "m.f", "priority": "$..x"}}"#, "expected a path to one place in the event"),
        (#"{"a": {"handler": "m.f", "recycleGrowth": 0}}"#, "recycleGrowth is 0: expected 1 to 100000"),
        (#"{"a": {"handler": "m.f", "recycleAbove": -1}}"#, "recycleAbove is -1: expected 1"),
        (#"{"a": {"handler": "m.f", "cpu": 0}}"#, "cpu is 0.0: expected 0.01 to 1024"),
        (#"{"a": {"handler": "m.f", "environment": {"AWS_LAMBDA_RUNTIME_API": "x"}}}"#, "can't be a variable"),
    ])
    func thatMakesNoSenseIsRefused(text: String, message: String) throws {
        let folder = FileManager.default.temporaryDirectory.appending(path: "swfd.\(UUID().uuidString.prefix(8))")
        try FileManager.default.createDirectory(at: folder.appending(path: "a"), withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        try Data(text.utf8).write(to: folder.appending(path: "functions.json"))
        let error = #expect(throws: FunctionHostError.self) {
            try FunctionHost(folder: folder, logger: Logger(label: "test"))
        }
        let description = try #require(error).description
        #expect(description.contains(message) && description.contains("functions.json"), "\(description)")
    }
}
