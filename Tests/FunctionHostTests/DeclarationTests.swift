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
