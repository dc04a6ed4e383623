import Interpreter
package import JSON

/// The mock file of Step Functions Local (`MockConfigFile.json`): which responses the states of a machine get, test case
/// by test case.
package struct StepFunctionsLocalMocks: Sendable {
    /// Test cases by machine: the name of a mocked response for each state.
    private let testCases: [String: [String: [String: String]]]
    private let responses: [String: TaskMocks.Answers]

    /// The machines that have test cases.
    package var machines: [String] { testCases.keys.sorted() }

    /// Whether a file is one: that is told by its first key.
    package static func describes(_ file: JSONValue) -> Bool { file["StateMachines"] != nil }

    /// - Throws: ``MachineTestError`` for a file of another form.
    package init(_ file: JSONValue) throws(MachineTestError) {
        guard let machines = file["StateMachines"]?.object else {
            throw MachineTestError("StateMachines", "an object with state machines is needed")
        }
        var testCases: [String: [String: [String: String]]] = [:]
        for (machine, value) in machines {
            guard let cases = value["TestCases"]?.object else {
                throw MachineTestError("StateMachines/\(machine)", "it needs TestCases, an object")
            }
            for (name, states) in cases {
                var mocked: [String: String] = [:]
                for (state, response) in states.object ?? [:] {
                    guard let response = response.string else {
                        throw MachineTestError(
                            "StateMachines/\(machine)/TestCases/\(name)/\(state)",
                            "the name of a mocked response is needed"
                        )
                    }
                    mocked[state] = response
                }
                testCases[machine, default: [:]][name] = mocked
            }
        }
        self.testCases = testCases
        var responses: [String: TaskMocks.Answers] = [:]
        for (name, value) in file["MockedResponses"]?.object ?? [:] {
            responses[name] = try Self.answers(value, at: "MockedResponses/\(name)")
        }
        self.responses = responses
    }

    /// The test cases of a machine.
    package func cases(of machine: String) -> [String] { testCases[machine]?.keys.sorted() ?? [] }

    /// The mocks of one test case.
    package func mocks(machine: String, testCase: String) throws(MachineTestError) -> TaskMocks {
        guard let states = testCases[machine]?[testCase] else {
            throw MachineTestError("StateMachines/\(machine)/TestCases", "there is no test case '\(testCase)'")
        }
        var mocks = TaskMocks()
        for (state, name) in states {
            guard let answers = responses[name] else {
                throw MachineTestError("MockedResponses", "there is no response '\(name)', which state '\(state)' uses")
            }
            mocks.answers[state] = answers
        }
        return mocks
    }

    /// `{"0": {"Return": …}, "1-2": {"Throw": {"Error": …, "Cause": …}}}`
    private static func answers(_ value: JSONValue, at place: String) throws(MachineTestError) -> TaskMocks.Answers {
        guard let members = value.object else { throw MachineTestError(place, "an object is needed") }
        var calls: [(range: ClosedRange<Int>, work: MockedWork)] = []
        for (key, response) in members {
            let ends = key.split(separator: "-", omittingEmptySubsequences: false).map { Int($0) }
            guard let first = ends.first ?? nil, let last = ends.last ?? nil, ends.count <= 2, 0 <= first, first <= last
            else { throw MachineTestError("\(place)/\(key)", "a number of a call is needed, as in 0 or 1-3") }
            calls.append((first...last, try work(response, at: "\(place)/\(key)")))
        }
        return TaskMocks.Answers(calls.sorted { $0.range.lowerBound < $1.range.lowerBound })
    }

    private static func work(_ response: JSONValue, at place: String) throws(MachineTestError) -> MockedWork {
        if let result = response["Return"] { return .result(JSONDocument(result)) }
        guard let failure = response["Throw"] else { throw MachineTestError(place, "it needs Return or Throw") }
        return .failure(error: failure["Error"]?.string ?? "", cause: failure["Cause"]?.string ?? "")
    }
}
