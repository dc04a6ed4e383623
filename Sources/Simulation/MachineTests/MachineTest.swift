import Interpreter
package import JSON

/// A test case of a whole machine: an input, what its Tasks come to, and how the execution must go.
package struct MachineTest: Sendable {
    /// How the execution must go; what is nil may be anything.
    package struct Expectation: Sendable {
        /// `SUCCEEDED`, `FAILED` or `TIMED_OUT`.
        package var status: String
        package var output: JSONValue?
        package var error: String?
        package var cause: String?
        /// The states that are entered, in order.
        package var path: [String]?

        package init(
            status: String = "SUCCEEDED",
            output: JSONValue? = nil,
            error: String? = nil,
            cause: String? = nil,
            path: [String]? = nil
        ) {
            self.status = status
            self.output = output
            self.error = error
            self.cause = cause
            self.path = path
        }
    }

    package var name: String
    package var input: JSONDocument
    package var mocks: TaskMocks
    /// nil: the run is only shown.
    package var expectation: Expectation?

    package init(name: String, input: JSONDocument, mocks: TaskMocks, expectation: Expectation?) {
        self.name = name
        self.input = input
        self.mocks = mocks
        self.expectation = expectation
    }
}

/// What is wrong with a file of tests or mocks.
package struct MachineTestError: Error, Sendable, Hashable, CustomStringConvertible {
    /// The keys that lead to the fault: `cases/pays/mocks`.
    package let place: String
    package let reason: String

    package init(_ place: String, _ reason: String) {
        self.place = place
        self.reason = reason
    }

    package var description: String { "\(place): \(reason)" }
}

/// A file of test cases:
///
///     {"definition": "Order.asl.json",
///      "cases": {"pays": {
///        "input": {"id": 1},
///        "mocks": {"Charge": [{"throw": {"error": "Busy"}, "times": 2}, {"return": {"paid": true}}]},
///        "expect": {"output": {"paid": true}, "path": ["Charge", "Ship"]}}}}
package struct MachineTestFile: Sendable {
    /// The file with the definition, as the test file names it.
    package let definition: String
    package let tests: [MachineTest]

    /// - Parameter readMocks: reads the mock file of Step Functions Local that a case names instead of mocks:
    ///   `MockConfigFile.json#Machine/Case`.
    /// - Throws: ``MachineTestError`` for a file of another form, and what `readMocks` throws.
    package init(
        _ file: JSONValue,
        readMocks: (String) throws(MachineTestError) -> TaskMocks
    ) throws(MachineTestError) {
        guard let definition = file["definition"]?.string else {
            throw MachineTestError("definition", "the name of the definition's file is needed")
        }
        guard let cases = file["cases"]?.object, !cases.isEmpty else {
            throw MachineTestError("cases", "an object with test cases is needed")
        }
        self.definition = definition
        var tests: [MachineTest] = []
        for (name, value) in cases { tests.append(try Self.test(name, value, readMocks)) }
        self.tests = tests
    }

    private static func test(
        _ name: String,
        _ value: JSONValue,
        _ readMocks: (String) throws(MachineTestError) -> TaskMocks
    ) throws(MachineTestError) -> MachineTest {
        let place = "cases/\(name)"
        guard let members = value.object else { throw MachineTestError(place, "an object is needed") }
        for (key, _) in members where !["input", "mocks", "expect"].contains(key) {
            throw MachineTestError("\(place)/\(key)", "only input, mocks and expect are known here")
        }
        let mocks: TaskMocks =
            switch value["mocks"] {
            case nil: TaskMocks()
            case .string(let file)?: try readMocks(file)
            case .some(let mocks): try Self.mocks(mocks, at: "\(place)/mocks")
            }
        return MachineTest(
            name: name,
            input: JSONDocument(value["input"] ?? .object([:])),
            mocks: mocks,
            expectation: try expectation(value["expect"] ?? .object([:]), at: "\(place)/expect")
        )
    }

    private static func mocks(_ value: JSONValue, at place: String) throws(MachineTestError) -> TaskMocks {
        guard let states = value.object else {
            throw MachineTestError(place, "an object with states, or the name of a mock file, is needed")
        }
        var mocks = TaskMocks()
        for (state, value) in states {
            var calls: [(range: ClosedRange<Int>, work: MockedWork)] = []
            for mock in value.array ?? [value] {
                let first = calls.last.map { $0.range.upperBound + 1 } ?? 0
                let times = mock["times"].map { $0.number?.integer ?? 0 } ?? 1
                guard (1...1_000_000).contains(times) else {
                    throw MachineTestError("\(place)/\(state)", "times is a number from 1 to 1000000")
                }
                calls.append((first...(first + Int(times) - 1), try work(mock, at: "\(place)/\(state)")))
            }
            mocks.answers[state] = TaskMocks.Answers(calls, repeatsLast: true)
        }
        return mocks
    }

    private static func work(_ mock: JSONValue, at place: String) throws(MachineTestError) -> MockedWork {
        if let result = mock["return"] { return .result(JSONDocument(result)) }
        guard let failure = mock["throw"], let error = failure["error"]?.string else {
            throw MachineTestError(place, #"a mock is {"return": …} or {"throw": {"error": …, "cause": …}}"#)
        }
        return .failure(error: error, cause: failure["cause"]?.string ?? "")
    }

    private static func expectation(
        _ value: JSONValue,
        at place: String
    ) throws(MachineTestError) -> MachineTest.Expectation {
        guard let members = value.object else { throw MachineTestError(place, "an object is needed") }
        var expectation = MachineTest.Expectation()
        if members["error"] != nil || members["cause"] != nil { expectation.status = "FAILED" }
        for (key, member) in members {
            func text() throws(MachineTestError) -> String {
                guard let text = member.string else { throw MachineTestError("\(place)/\(key)", "a string is needed") }
                return text
            }
            switch key {
            case "status":
                expectation.status = try text()
                guard ["SUCCEEDED", "FAILED", "TIMED_OUT"].contains(expectation.status) else {
                    throw MachineTestError("\(place)/status", "it is SUCCEEDED, FAILED or TIMED_OUT")
                }
            case "output": expectation.output = member
            case "error": expectation.error = try text()
            case "cause": expectation.cause = try text()
            case "path":
                guard let path = member.array?.compactMap(\.string), path.count == member.array?.count else {
                    throw MachineTestError("\(place)/path", "an array with names of states is needed")
                }
                expectation.path = path
            default: throw MachineTestError("\(place)/\(key)", "status, output, error, cause and path are known here")
            }
        }
        return expectation
    }
}
