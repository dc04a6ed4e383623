import Expressions
import Interpreter
import JSON
import Simulation
import StatesLanguage
import Testing

@Suite("States in JSONata")
struct JSONataTests {
    private func jsonata(startAt: String, _ states: String) throws -> StateMachine {
        try machine(#"{"QueryLanguage": "JSONata", "StartAt": "\#(startAt)", "States": {\#(states)}}"#)
    }

    /// The end of a machine whose one state `A` is given by its fields.
    private func end(of fields: String, input: JSONValue = ["n": 2]) throws -> Decision.Next {
        var session = Session(try jsonata(startAt: "A", #""A": {\#(fields)}"#), input: input)
        var next = session.on(.due)
        // Failures whose cause names an event wait until it has its number.
        if case .proceed = next { next = session.on(.due) }
        return next
    }

    private func queryError(_ sentence: String, in state: String = "A", entered: Int = 2) -> Decision.Next {
        .failed(
            "States.QueryEvaluationError",
            "An error occurred while executing the state '\(state)' (entered at the event id #\(entered)). \(sentence)"
        )
    }

    @Test("A Task's fields, from Arguments to Output")
    func task() throws {
        var session = Session(
            try jsonata(
                startAt: "A",
                #"""
                "A": {"Type": "Task", "Resource": "arn:aws:lambda:r:1:function:f",
                  "Arguments": {"double": "{% $states.input.n * 2 %}", "text": "y{%x%}"},
                  "TimeoutSeconds": "{% $states.input.n %}", "HeartbeatSeconds": 1,
                  "Credentials": {"RoleArn": "{% 'role-' & $states.input.n %}"},
                  "Output": {"sum": "{% $states.result.double + $states.input.n %}", "old": "{% $exists($kept) %}"},
                  "Assign": {"kept": "{% $states.result %}", "name": "{% $states.context.Execution.Name %}"},
                  "Next": "B"},
                "B": {"Type": "Pass", "Output": "{% [$kept.double, $name] %}", "End": true}
                """#
            ),
            input: ["n": 2]
        )
        let call = FunctionCall(
            function: "f",
            input: JSONDocument(["double": 4, "text": "y{%x%}"]),
            timeoutSeconds: 2,
            heartbeatSeconds: 1
        )
        #expect(session.on(.due) == .invoke(call))
        #expect(session.last("taskCredentials") == .string("role-2"))
        #expect(session.on(.succeeded(["double": 4])) == .succeeded([4, "order-1"]))
        let exit = try #require(session.events.first { $0.type == .taskStateExited })
        #expect(exit.details[1].value == .payload(JSONDocument(["sum": 6, "old": false])))
    }

    @Test("Without Output, the result of a Task and the input of others go on")
    func defaults() throws {
        var session = Session(
            try jsonata(
                startAt: "A",
                #"""
                "A": {"Type": "Task", "Resource": "arn:aws:lambda:r:1:function:f", "Next": "B"},
                "B": {"Type": "Pass", "Next": "C"},
                "C": {"Type": "Choice", "Choices": [{"Condition": false, "Next": "A"}], "Default": "D"},
                "D": {"Type": "Succeed"}
                """#
            ),
            input: [1, 2]
        )
        #expect(session.on(.due) == .invoke("f", [1, 2]))
        #expect(session.on(.succeeded([3])) == .succeeded([3]))
    }

    @Test("A Choice takes the first rule that is true, with its Output and Assign")
    func choice() throws {
        let machine = try jsonata(
            startAt: "A",
            #"""
            "A": {"Type": "Choice", "Output": "default", "Assign": {"by": "default"}, "Default": "Z", "Choices": [
              {"Condition": "{% $states.input.n > 5 %}", "Next": "Z", "Output": "large", "Assign": {"by": "rule"}},
              {"Condition": "{% $states.input.n > 3 %}", "Next": "Z", "Assign": {"by": "{% $states.input.n %}"}}
            ]},
            "Z": {"Type": "Succeed", "Output": {"in": "{% $states.input %}", "by": "{% $by %}"}}
            """#
        )
        for (input, output) in [
            (6, ["in": "large", "by": "rule"]), (4, ["in": ["n": 4], "by": 4]),
            (1, ["in": "default", "by": "default"]),
        ] as [(Int, JSONValue)] {
            var session = Session(machine, input: ["n": .number(JSONNumber(input))])
            #expect(session.on(.due) == .succeeded(output))
        }
    }

    @Test("A Catch hands on what its Output says; its Assign belongs to the scope around")
    func catching() throws {
        var session = Session(
            try jsonata(
                startAt: "A",
                #"""
                "A": {"Type": "Task", "Resource": "arn:aws:lambda:r:1:function:f", "Assign": {"x": 1}, "End": true,
                  "Catch": [
                    {"ErrorEquals": ["Plain"], "Next": "B"},
                    {"ErrorEquals": ["States.ALL"], "Next": "B", "Assign": {"e": "{% $states.errorOutput.Error %}"},
                     "Output": {"cause": "{% $states.errorOutput.Cause %}", "input": "{% $states.input %}",
                                "e": "{% $exists($e) %}"}}]},
                "B": {"Type": "Pass", "Output": ["{% $states.input %}", "{% $exists($x) %}", "{% $exists($e) %}"],
                      "End": true}
                """#
            ),
            input: 7
        )
        var other = session
        _ = session.on(.due)
        let output: JSONValue = [["cause": "c", "input": 7, "e": false], false, true]
        #expect(session.on(.failed(error: "E", cause: "c")) == .succeeded(output))
        _ = other.on(.due)
        let plain: JSONValue = [["Error": "Plain", "Cause": "c"], false, false]
        #expect(other.on(.failed(error: "Plain", cause: "c")) == .succeeded(plain))
    }

    @Test("A Map's items, selector and concurrency")
    func map() throws {
        let machine = try jsonata(
            startAt: "A",
            #"""
            "A": {"Type": "Map", "Items": ["{% $states.input.n %}", 5], "MaxConcurrency": "{% 1 %}",
              "ItemSelector": {"v": "{% $states.context.Map.Item.Value %}", "of": "{% $states.input.n %}",
                               "in": "{% $states.context.State.Name %}"},
              "ItemProcessor": {"StartAt": "X", "States": {"X": {"Type": "Pass", "End": true,
                "Output": "{% $states.input.v * $states.input.of %}"}}},
              "Output": "{% {'sum': $sum($states.result), 'n': $states.input.n} %}", "End": true}
            """#
        )
        let execution = Simulator.run(machine, input: #"{"n":2}"#)
        #expect(execution.end == .succeeded(JSONDocument(["sum": 14, "n": 2])))
        #expect(execution.maximumOfConcurrentIterations == 1)
    }

    @Test("A failed ItemSelector is the failure of the Map, which can catch it")
    func itemSelector() throws {
        func machine(_ more: String) throws -> StateMachine {
            try jsonata(
                startAt: "A",
                #"""
                "A": {"Type": "Map", "Items": [1], "ItemSelector": {"v": "{% $none %}"}, "End": true,
                  "ItemProcessor": {"StartAt": "X", "States": {"X": {"Type": "Pass", "End": true}}} \#(more)},
                "Z": {"Type": "Pass", "End": true}
                """#
            )
        }
        let failed = Simulator.run(
            try machine(#", "Retry": [{"ErrorEquals": ["Z"]}], "Catch": [{"ErrorEquals": ["Z"], "Next": "Z"}]"#)
        )
        let cause =
            "The JSONata expression '$none' specified for the field 'ItemSelector/v' returned nothing (undefined)."
        #expect(Decision.Next.endExecution(try #require(failed.end)) == queryError(cause))
        #expect(failed.history.map(\.event.type).contains(.evaluationFailed))
        let catcher = #", "Catch": [{"ErrorEquals": ["States.QueryEvaluationError"], "Next": "Z", "Output": 1}]"#
        #expect(Simulator.run(try machine(catcher)).end == .succeeded(JSONDocument(1)))
    }

    @Test(
        "Limits of a Map must not be negative",
        arguments: [
            ("ToleratedFailureCount", "ToleratedFailureCount cannot be negative."),
            ("ToleratedFailurePercentage", "ToleratedFailurePercentage must be between 0 and 100."),
            ("MaxConcurrency", "Expected non-negative integer for MaxConcurrency, got '-1' instead."),
        ]
    )
    func negativeLimits(field: String, cause: String) throws {
        let machine = try jsonata(
            startAt: "A",
            #"""
            "A": {"Type": "Map", "Items": [1], "\#(field)": "{% $states.input.n %}", "End": true, "ItemProcessor": {
                "ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"},
                "StartAt": "X", "States": {"X": {"Type": "Pass", "End": true}}}}
            """#
        )
        let end = try #require(Simulator.run(machine, input: #"{"n":-1}"#).end)
        #expect(Decision.Next.endExecution(end) == queryError(cause))
    }

    @Test("A Parallel hands its Arguments to every branch")
    func parallel() throws {
        let machine = try jsonata(
            startAt: "A",
            #"""
            "A": {"Type": "Parallel", "Arguments": {"m": "{% $states.input.n + 1 %}"}, "End": true,
              "Branches": [
                {"StartAt": "X", "States": {"X": {"Type": "Pass", "End": true}}},
                {"StartAt": "Y", "States": {"Y": {"Type": "Pass", "Output": "{% $states.input.m * 2 %}", "End": true}}}],
              "Output": "{% $reverse($states.result) %}"}
            """#
        )
        #expect(Simulator.run(machine, input: #"{"n":2}"#).end == .succeeded(JSONDocument([6, ["m": 3]])))
    }

    @Test("A Wait until an expression's time")
    func wait() throws {
        let wait = Timestamp.start.adding(seconds: Int64(3))
        #expect(
            try end(of: #""Type": "Wait", "Seconds": "{% $states.input.n + 1 %}", "End": true"#)
                == .pause(until: wait, function: nil)
        )
        #expect(
            try end(of: #""Type": "Wait", "Timestamp": "{% $fromMillis($millis() + 3000) %}", "End": true"#)
                == .pause(until: wait, function: nil)
        )
    }

    @Test("A Fail's error and cause")
    func fail() throws {
        #expect(
            try end(of: #""Type": "Fail", "Error": "{% 'E' & $states.input.n %}", "Cause": "c""#)
                == .failed("E2", "c")
        )
    }

    @Test("Variables pass between the languages")
    func mixed() throws {
        let machine = try machine(
            startAt: "A",
            #"""
            "A": {"Type": "Pass", "Assign": {"a.$": "$.n", "sum": 3}, "Next": "B"},
            "B": {"Type": "Pass", "QueryLanguage": "JSONata", "Assign": {"a": 1, "b": "{% $a + 1 %}"},
                  "Output": "{% $a %}", "Next": "C"},
            "C": {"Type": "Pass", "Parameters": {"a.$": "$a", "b.$": "$b", "in.$": "$"}, "End": true}
            """#
        )
        var session = Session(machine, input: ["n": 9])
        #expect(session.on(.due) == .succeeded(["a": 1, "b": 10, "in": 9]))
    }

    @Test(
        "What goes wrong in a field",
        arguments: [
            (
                #""Type": "Pass", "Output": {"a": [{"b": "{% $x %}"}]}, "End": true"#,
                "The JSONata expression '$x' specified for the field 'Output/a[0]/b' returned nothing (undefined)."
            ),
            (
                #""Type": "Pass", "Assign": {"a": "{% function($x) {$x} %}"}, "End": true"#,
                "The JSONata expression 'function($x) {$x}' specified for the field 'Assign/a' returned an unsupported"
                    + " result type."
            ),
            (
                #""Type": "Pass", "Output": "{% $nope() %}", "End": true"#,
                "The JSONata expression '$nope()' specified for the field 'Output' threw an error during evaluation."
                    + " T1006: Attempted to invoke a non-function"
            ),
            (
                #""Type": "Choice", "Choices": [{"Condition": "{% 1 %}", "Next": "B"}]}, "B": {"Type": "Succeed""#,
                "The JSONata expression '1' specified for the field 'Choices[0]/Condition' returned an unexpected result type."
                    + " Expected 'boolean', but was 'number' for value: 1"
            ),
            (
                #""Type": "Wait", "Seconds": "{% '1' %}", "End": true"#,
                "The JSONata expression ''1'' specified for the field 'Seconds' returned an unexpected result type."
                    + " Expected 'number', but was 'string' for value: \"1\""
            ),
            (
                #""Type": "Wait", "Seconds": "{% -1 %}", "End": true"#,
                "The JSONata expression '-1' specified for the field 'Seconds' returned -1, which is not an integer from 0 to"
                    + " 99999999."
            ),
            (
                #""Type": "Wait", "Timestamp": "{% 'soon' %}", "End": true"#,
                "The Timestamp field cannot be parsed as an ISO-8601 extended offset date-time format string: soon"
            ),
            (
                #""Type": "Fail", "Error": "{% null %}""#,
                "The JSONata expression 'null' specified for the field 'Error' returned an unexpected result type. Expected"
                    + " 'string', but was 'null' for value: null"
            ),
            (
                #""Type": "Task", "Resource": "arn:aws:lambda:r:1:function:f", "TimeoutSeconds": "{% 0 %}", "End": true"#,
                "The JSONata expression '0' specified for the field 'TimeoutSeconds' returned 0, which is not an integer from 1"
                    + " to 99999999."
            ),
        ]
    )
    func failures(fields: String, sentence: String) throws {
        #expect(try end(of: fields) == queryError(sentence))
    }

    @Test("A failed evaluation has an event of its own, which goes on from before the state, or from within a Wait")
    func evaluationFailed() throws {
        let pass = Simulator.run(
            try jsonata(
                startAt: "A",
                #""A": {"Type": "Pass", "Next": "B"}, "B": {"Type": "Pass", "Output": "{% $x %}", "End": true}"#
            )
        )
        #expect(
            pass.lines.suffix(3) == ["4 <- 3 PassStateEntered", "5 <- 3 EvaluationFailed", "6 <- 5 ExecutionFailed"]
        )
        let event = try #require(pass.events[4]["evaluationFailedEventDetails"])
        #expect(event["location"] == "Output")
        #expect(event["state"] == "B")
        #expect(event["error"] == "States.QueryEvaluationError")
        let wait = Simulator.run(
            try jsonata(startAt: "A", #""A": {"Type": "Wait", "Seconds": "{% 'x' %}", "End": true}"#)
        )
        #expect(wait.lines.suffix(2) == ["3 <- 2 EvaluationFailed", "4 <- 3 ExecutionFailed"])
    }

    @Test("A failed evaluation can be retried and caught")
    func handled() throws {
        let machine = try jsonata(
            startAt: "A",
            #"""
            "A": {"Type": "Task", "Resource": "arn:aws:lambda:r:1:function:f", "Arguments": "{% $x %}", "End": true,
              "Retry": [{"ErrorEquals": ["States.QueryEvaluationError"], "MaxAttempts": 1}],
              "Catch": [{"ErrorEquals": ["States.ALL"], "Next": "B", "Output": "{% $states.errorOutput.Error %}"}]},
            "B": {"Type": "Succeed"}
            """#
        )
        let execution = Simulator.run(machine)
        #expect(execution.end == .succeeded(JSONDocument("States.QueryEvaluationError")))
        #expect(execution.history.count { $0.event.type == .evaluationFailed } == 2)
    }

    @Test("An evaluation that never ends is ended")
    func endless() throws {
        let fields = #""Type": "Pass", "Output": "{% ($f := function() {$f()}; $f()) %}", "End": true"#
        guard case .endExecution(.failed(let error, let cause?)) = try end(of: fields) else {
            Issue.record("no failure")
            return
        }
        #expect(error == "States.QueryEvaluationError")
        #expect(cause.contains("U1001"))
    }

    @Test("All expressions of a state share its time")
    func sharedTime() throws {
        let slow = #"{"Condition": "{% ($f := function($n) {$n = 0 ? false : $f($n - 1)}; $f(1000)) %}", "Next": "Z"}"#
        let rules = Array(repeating: slow, count: 200).joined(separator: ",")
        let machine = try jsonata(
            startAt: "A",
            #""A": {"Type": "Choice", "Choices": [\#(rules)], "Default": "Z"}, "Z": {"Type": "Succeed"}"#
        )
        #expect(
            Simulator.run(machine, limits: Limits(evaluationTimePerState: .seconds(600))).end
                == .succeeded(JSONDocument([:]))
        )
        guard case .failed(_, let cause?) = Simulator.run(machine, limits: Limits(evaluationTimePerState: .zero)).end
        else {
            Issue.record("no failure")
            return
        }
        #expect(cause.contains("U1001"))
    }

    @Test("Each expression of a state has random numbers of its own")
    func random() throws {
        let fields = #""Type": "Pass", "Output": ["{% $uuid() %}", "{% $uuid() %}"], "End": true"#
        guard case .endExecution(.succeeded(let output)) = try end(of: fields), let pair = try output.value().array
        else {
            Issue.record("no output")
            return
        }
        #expect(pair[0] != pair[1])
    }
}

extension Simulator.Execution {
    /// The most iterations between their start and their end at one time.
    fileprivate var maximumOfConcurrentIterations: Int {
        var (open, most) = (0, 0)
        for (event, _) in history {
            if event.type == .mapIterationStarted { open += 1 }
            if event.type == .mapIterationSucceeded { open -= 1 }
            most = max(most, open)
        }
        return most
    }
}
