import Foundation
import JSON
import Simulation
import StatesLanguage

/// A definition with the cases that it is tested by, from the files that a command line names.
struct TestSuite {
    let name: String
    let machine: StateMachine
    let tests: [MachineTest]
    /// Whether the cases have no expectations.
    let onlyShows: Bool

    init(_ command: TestCommand) throws(Failure) {
        let file = try Self.json(command.file)
        let all: [MachineTest]
        let definition: String
        if StepFunctionsLocalMocks.describes(file) {
            guard let named = command.definition else {
                throw Failure(
                    .refused,
                    "this is a mock file of Step Functions Local, which does not say where the definition is",
                    at: command.file,
                    remedy: "add --definition FILE"
                )
            }
            definition = named
            all = try Self.tests(file, command, machine: command.machine ?? Self.machineName(named))
            onlyShows = true
        } else {
            let directory = (command.file as NSString).deletingLastPathComponent
            func path(_ name: String) -> String {
                name.hasPrefix("/") || command.file == "-" ? name : (directory as NSString).appendingPathComponent(name)
            }
            let read = try Self.located(command.file) { () throws(MachineTestError) -> MachineTestFile in
                try MachineTestFile(file) { (name) throws(MachineTestError) -> TaskMocks in
                    try Self.mocks(name, path: path)
                }
            }
            definition = command.definition ?? path(read.definition)
            all = read.tests
            onlyShows = false
        }
        tests = command.cases.isEmpty ? all : all.filter { command.cases.contains($0.name) }
        if let missing = command.cases.first(where: { name in !all.contains { $0.name == name } }) {
            throw Failure(.refused, "there is no case '\(missing)'", at: command.file)
        }
        name = Self.machineName(definition)
        machine = try Self.machine(definition)
    }

    private static func machine(_ file: String) throws(Failure) -> StateMachine {
        let reading = try DefinitionFile(reading: file)
        // Resources that this engine can't call are mocked like all others.
        guard let machine = Definition(parsing: reading.text).machine else {
            throw Failure(.negative, reading.render().joined(separator: "\n"))
        }
        return machine
    }

    private static func machineName(_ file: String) -> String {
        let name = (file as NSString).lastPathComponent
        return name.split(separator: ".").first.map(String.init) ?? name
    }

    private static func json(_ file: String) throws(Failure) -> JSONValue {
        let text = try InputFile.read(file)
        do throws(JSONSyntaxError) {
            return try JSONValue(parsing: text)
        } catch {
            throw Failure(
                .refused,
                "the file is not JSON: \(error.reason)",
                at: "\(file):\(error.line):\(error.column)"
            )
        }
    }

    private static func located<Value>(
        _ file: String,
        _ body: () throws(MachineTestError) -> Value
    ) throws(Failure) -> Value {
        do throws(MachineTestError) {
            return try body()
        } catch {
            throw Failure(.refused, error.reason, at: "\(file): \(error.place)", remedy: "see stepwell test --help")
        }
    }

    /// The cases of a mock file, all with the same input.
    private static func tests(
        _ file: JSONValue,
        _ command: TestCommand,
        machine: String
    ) throws(Failure) -> [MachineTest] {
        let input = try InputFile.json(command.input, file: command.inputFile, option: "--input", what: "input")
        return try located(command.file) { () throws(MachineTestError) -> [MachineTest] in
            let mocks = try StepFunctionsLocalMocks(file)
            guard !mocks.cases(of: machine).isEmpty else {
                let known = mocks.machines.joined(separator: ", ")
                throw MachineTestError("StateMachines", "'\(machine)' has no test cases; --machine takes \(known)")
            }
            var tests: [MachineTest] = []
            for name in mocks.cases(of: machine) {
                let mocks = try mocks.mocks(machine: machine, testCase: name)
                tests.append(MachineTest(name: name, input: input, mocks: mocks, expectation: nil))
            }
            return tests
        }
    }

    /// `MockConfigFile.json#StateMachine/TestCase`
    private static func mocks(_ name: String, path: (String) -> String) throws(MachineTestError) -> TaskMocks {
        let parts = name.split(separator: "#", maxSplits: 1).map(String.init)
        let place = parts.count == 2 ? parts[1].split(separator: "/", maxSplits: 1).map(String.init) : []
        guard place.count == 2 else {
            throw MachineTestError("mocks", "a mock file is named as FILE#StateMachine/TestCase, not \(name)")
        }
        let file: JSONValue
        do throws(Failure) {
            file = try json(path(parts[0]))
        } catch {
            throw MachineTestError("mocks: \(parts[0])", error.message)
        }
        return try StepFunctionsLocalMocks(file).mocks(machine: place[0], testCase: place[1])
    }
}
