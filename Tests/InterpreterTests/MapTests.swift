import Expressions
import Interpreter
import JSON
import Simulation
import StatesLanguage
import Testing

@Suite struct MapTests {
    private func map(_ fields: String, inner: String = #""Type": "Pass", "End": true"#) throws -> StateMachine {
        try machine(
            startAt: "M",
            #"""
            "M": {"Type": "Map", \#(fields), "Next": "P", "ItemProcessor": {
                "StartAt": "I", "States": {"I": {\#(inner)}}
            }},
            "P": {"Type": "Pass", "End": true}
            """#
        )
    }

    private let twoItems = Fork.Children.iterations(items: [JSONDocument(1), JSONDocument("b")], startAt: "I")

    @Test(
        arguments: [
            (#""Comment": """#, [1, "b"], nil, nil), (#""ItemsPath": "$.list""#, ["list": [1, "b"]], nil, nil),
            (#""InputPath": "$.list", "MaxConcurrency": 2"#, ["list": [1, "b"]], nil, 2),
            (#""ItemsPath": "$.list", "MaxConcurrencyPath": "$.at""#, ["list": [1, "b"], "at": 3], nil, 3),
            (#""ItemsPath": "$.list", "MaxConcurrencyPath": "$.at""#, ["list": [1, "b"], "at": 0], nil, nil),
            (#""ItemsPath": "$.list", "MaxConcurrencyPath": "$.at""#, ["list": [1, "b"], "at": "3"], nil, 3),
            (
                #""InputPath": "$.in", "ItemsPath": "$.list", "ItemSelector": {"v.$": "$.list"}"#,
                ["in": ["list": [1, "b"]]],
                ["list": [1, "b"]], nil
            ),
        ] as [(String, JSONValue, JSONValue?, Int?)]
    )
    func forks(fields: String, input: JSONValue, kept: JSONValue?, maxConcurrency: Int?) throws {
        var session = Session(try map(fields), input: input)
        let fork = Fork(
            children: twoItems,
            input: kept.map(JSONDocument.init),
            maxConcurrency: maxConcurrency,
            event: .pending(1)
        )
        #expect(session.on(.due) == .fork(fork))
        #expect(session.last("length") == .integer(2))
    }

    @Test func anIterationBeginsAndEnds() throws {
        let machine = try map(
            #""ItemSelector": {"i.$": "$$.Map.Item.Index", "v.$": "$$.Map.Item.Value", "k.$": "$.k", "s.$": "$$.State.Name"}"#
        )
        let item = MapItem(index: 4, value: JSONDocument("b"))
        var session = Session(machine, startAt: "I", input: ["k": 9], item: item)
        #expect(session.on(.due) == .endBranch(JSONDocument(["i": 4, "v": "b", "k": 9, "s": "M"])))
        #expect(session.types == [.mapIterationStarted, .passStateEntered, .passStateExited, .mapIterationSucceeded])
        #expect(session.events[3].previous == .pending(2))
        // From here AWS goes on to the next iteration.
        #expect(session.branch.lastEvent == .recorded(4))
    }

    @Test func theItemStaysVisible() throws {
        let machine = try map(
            #""Comment": """#,
            inner: #""Type": "Pass", "Parameters": {"i.$": "$$.Map.Item.Index", "v.$": "$"}, "End": true"#
        )
        let execution = Simulator.run(machine, input: #"["a", "b"]"#)
        #expect(execution.end == .succeeded(JSONDocument([["i": 0, "v": "a"], ["i": 1, "v": "b"]])))
    }

    @Test func anIterationFails() throws {
        let machine = try map(#""Comment": """#, inner: #""Type": "Fail", "Error": "E", "Cause": "c""#)
        let item = MapItem(index: 0, value: JSONDocument(1))
        var session = Session(machine, startAt: "I", input: nil, item: item)
        #expect(session.on(.due) == .failBranch(error: "E", cause: "c"))
        #expect(session.types == [.mapIterationStarted, .failStateEntered])
        #expect(session.branch.lastEvent == .recorded(3))
    }

    @Test func oneAtATime() throws {
        let execution = Simulator.run(try map(#""MaxConcurrency": 1"#), input: "[1, 2]")
        #expect(
            execution.lines == [
                "1 <- 0 ExecutionStarted", "2 <- 0 MapStateEntered", "3 <- 2 MapStateStarted",
                "4 <- 3 MapIterationStarted", "5 <- 4 PassStateEntered", "6 <- 5 PassStateExited",
                "7 <- 6 MapIterationSucceeded", "8 <- 6 MapIterationStarted", "9 <- 8 PassStateEntered",
                "10 <- 9 PassStateExited", "11 <- 10 MapIterationSucceeded", "12 <- 11 MapStateSucceeded",
                "13 <- 11 MapStateExited", "14 <- 13 PassStateEntered", "15 <- 14 PassStateExited",
                "16 <- 15 ExecutionSucceeded",
            ]
        )
        #expect(execution.end == .succeeded(JSONDocument([1, 2])))
    }

    @Test func noItemsNeedNoBranches() throws {
        let execution = Simulator.run(
            try map(#""ItemsPath": "$.list", "ResultPath": "$.out""#),
            input: #"{"list": []}"#
        )
        #expect(
            execution.lines == [
                "1 <- 0 ExecutionStarted", "2 <- 0 MapStateEntered", "3 <- 2 MapStateStarted",
                "4 <- 3 MapStateSucceeded",
                "5 <- 3 MapStateExited", "6 <- 5 PassStateEntered", "7 <- 6 PassStateExited",
                "8 <- 7 ExecutionSucceeded",
            ]
        )
        #expect(execution.end == .succeeded(JSONDocument(["list": [], "out": []])))
    }

    @Test func aResultOfNoItemsThatCannotBeSelectedFailsOnce() throws {
        let execution = Simulator.run(try map(#""ResultSelector": {"m.$": "$.nope"}"#), input: "[]")
        #expect(
            execution.lines == [
                "1 <- 0 ExecutionStarted", "2 <- 0 MapStateEntered", "3 <- 2 MapStateStarted",
                "4 <- 3 MapStateSucceeded",
                "5 <- 4 ExecutionFailed",
            ]
        )
    }

    @Test(
        arguments: [
            (#""ItemsPath": "$.x""#, ["x": 1], "Reference path \"$.x\" must point to array."),
            (#""Comment": """#, "text", "Reference path \"$\" must point to array."),
            (#""ItemsPath": "$.no""#, [:], "Invalid path '$.no' : No results for path: $['no']"),
            (
                #""ItemsPath": "$.x", "MaxConcurrencyPath": "$.at""#, ["x": [], "at": [:]],
                "The MaxConcurrencyPath field refers to value \"{}\" which is not a valid integer: $.at"
            ),
            (
                #""ItemsPath": "$.x", "MaxConcurrencyPath": "$.at""#, ["x": [], "at": -1],
                "Expected non-negative integer for MaxConcurrency, got '-1' instead."
            ),
        ] as [(String, JSONValue, String)]
    )
    func refuses(fields: String, input: JSONValue, sentence: String) throws {
        var session = Session(try map(fields), input: input)
        #expect(session.on(.due) == .proceed(function: nil))
        #expect(session.on(.due) == .runtimeError(in: "M", entered: 2, sentence))
        #expect(session.types == [.mapStateEntered, .executionFailed])
    }

    @Test func iterationsThatAFailureCutsShortAreRecorded() throws {
        let machine = try machine(
            startAt: "M",
            #"""
            "M": {"Type": "Map", "End": true, "ItemProcessor": {"StartAt": "C", "States": {
                "C": {"Type": "Choice", "Choices": [{"Variable": "$", "NumericEquals": 1, "Next": "S"}], "Default": "N"},
                "S": {"Type": "Wait", "Seconds": 1, "Next": "X"}, "X": {"Type": "Fail", "Error": "E"},
                "N": {"Type": "Parallel", "End": true, "Branches": [{"StartAt": "W", "States": {
                    "W": {"Type": "Wait", "Seconds": 100, "End": true}}}]}
            }}}
            """#
        )
        let execution = Simulator.run(machine, input: "[0, 1]")
        let failed = try #require(execution.lines.firstIndex { $0.hasSuffix("FailStateEntered") })
        let place = failed + 1
        #expect(
            execution.lines[failed...] == [
                "\(place) <- \(failed) FailStateEntered", "\(place + 1) <- \(place) MapIterationAborted",
                "\(place + 2) <- \(place) ParallelStateAborted", "\(place + 3) <- \(place) WaitStateAborted",
                "\(place + 4) <- \(place) MapIterationFailed", "\(place + 5) <- \(place) MapStateFailed",
                "\(place + 6) <- \(place + 5) ExecutionFailed",
            ]
        )
        #expect(execution.events[place]["mapIterationAbortedEventDetails"] == ["name": "M", "index": 0])
        #expect(execution.events[place + 3]["mapIterationFailedEventDetails"] == ["name": "M", "index": 1])
    }

    @Test func anItemSelectorThatFailsIsTheMapsFailure() throws {
        let machine = try map(
            #""ItemSelector": {"v.$": "$$.Map.Item.Value.no"}, "Catch": [{"ErrorEquals": ["States.ALL"], "Next": "P"}]"#
        )
        let execution = Simulator.run(machine, input: "[1, 2]")
        #expect(
            execution.lines == [
                "1 <- 0 ExecutionStarted", "2 <- 0 MapStateEntered", "3 <- 2 MapStateStarted", "4 <- 3 ExecutionFailed",
            ]
        )
        guard case .failed("States.Runtime", let cause) = execution.end else {
            Issue.record("\(String(describing: execution.end))")
            return
        }
        #expect(
            cause?.hasPrefix("An error occurred while executing the state 'M' (entered at the event id #2).") == true
        )
    }

    @Test func aRetriedMapStartsAgain() throws {
        let machine = try map(
            #""Retry": [{"ErrorEquals": ["E"], "MaxAttempts": 1}]"#,
            inner: #""Type": "Fail", "Error": "E""#
        )
        let execution = Simulator.run(machine, input: "[1]")
        #expect(
            execution.lines == [
                "1 <- 0 ExecutionStarted", "2 <- 0 MapStateEntered", "3 <- 2 MapStateStarted",
                "4 <- 3 MapIterationStarted", "5 <- 4 FailStateEntered", "6 <- 5 MapIterationFailed",
                "7 <- 5 MapStateStarted", "8 <- 7 MapIterationStarted", "9 <- 8 FailStateEntered",
                "10 <- 9 MapIterationFailed", "11 <- 9 MapStateFailed", "12 <- 11 ExecutionFailed",
            ]
        )
        #expect(execution.end == .failed(error: "E", cause: nil))
    }

    @Test(arguments: [1, nil]) func tenThousandItems(maxConcurrency: Int?) throws {
        let fields = maxConcurrency.map { #""MaxConcurrency": \#($0)"# } ?? #""Comment": """#
        let input = "[" + (0..<10_000).map(String.init).joined(separator: ",") + "]"
        let execution = Simulator.run(try map(fields), input: input)
        #expect(execution.end == .succeeded(JSONDocument(trusted: input)))
        #expect(execution.history.count == 40_000 + 8)
    }
}
