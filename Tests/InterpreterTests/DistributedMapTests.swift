import Interpreter
import JSON
import Simulation
import StatesLanguage
import Testing

/// What a distributed Map asks for and when, and how it ends.
struct DistributedMapTests {
    private static func map(_ fields: String = "", others: String = "") throws -> StateMachine {
        try machine(
            startAt: others.contains(#""P""#) ? "P" : "M",
            #"""
            \#(others)
            "M": {"Type": "Map", "End": true\#(fields), "ItemProcessor": {
                "ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"},
                "StartAt": "W", "States": {"W": {"Type": "Pass", "End": true}}}}
            """#
        )
    }

    private static func run(_ session: Session) throws -> MapRun {
        try #require(session.branch.taskInput.flatMap(MapRun.init))
    }

    @Test("the items of the input are counted, and the run has an ARN with the Map's label")
    func starts() throws {
        var session = Session(
            try Self.map(#", "Label": "L", "ItemsPath": "$.a", "MaxConcurrency": 3"#),
            input: ["a": [1, 2]]
        )
        #expect(session.on(.due) == .runMap)
        #expect(session.types == [.mapStateEntered, .mapStateStarted, .mapRunStarted])
        #expect(session.last("length") == .integer(2))
        let run = try Self.run(session)
        #expect(run.arn == "arn:aws:states:eu-west-1:123456789012:mapRun:orders/L:\(run.id)")
        #expect(session.last("mapRunArn") == .string(run.arn))
        #expect(run.maxConcurrency == 3)
        #expect(try session.interpreter.items(of: session.branch).get().map(\.value) == [1, 2])
        #expect(session.on(.due) == .runMap)
        #expect(session.on(.succeeded([3])) == .succeeded([3]))
        #expect(
            session.types.dropFirst(3) == [.mapRunSucceeded, .mapStateSucceeded, .mapStateExited, .executionSucceeded]
        )
    }

    @Test("the members of an object are items with keys, in either language")
    func objects() throws {
        let selector = #", "ItemSelector": {"k.$": "$$.Map.Item.Key", "v.$": "$$.Map.Item.Value"}"#
        let paths = Simulator.run(
            try Self.map(#", "ItemsPath": "$.a""# + selector),
            input: #"{"a": {"x": 1, "y": [2]}}"#
        )
        #expect(paths.end == .succeeded(JSONDocument(trusted: #"[{"k":"x","v":1},{"k":"y","v":[2]}]"#)))
        let query = #", "QueryLanguage": "JSONata", "Items": "{% $states.input.a %}", "ItemSelector": "#
        let jsonata = Simulator.run(
            try Self.map(query + #"{"k": "{% $states.context.Map.Item.Key %}"}"#),
            input: #"{"a": {"x": 1, "y": [2]}}"#
        )
        #expect(jsonata.end == .succeeded(JSONDocument(trusted: #"[{"k":"x"},{"k":"y"}]"#)))
        let refused = Simulator.run(try Self.map(#", "ItemsPath": "$.a""#), input: #"{"a": 1}"#)
        #expect(
            refused.end
                == .failed(
                    error: "States.Runtime",
                    cause: "An error occurred while executing the state 'M' (entered at the event id #2). Reference"
                        + " path \"$.a\" must point to array."
                )
        )
    }

    @Test("a Map without a label is called by its name")
    func label() throws {
        let machine = try machine(
            startAt: "my Map/1",
            #"""
            "my Map/1": {"Type": "Map", "End": true, "ItemProcessor": {"ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"},
                "StartAt": "W", "States": {"W": {"Type": "Succeed"}}}}
            """#
        )
        var session = Session(machine, input: [])
        _ = session.on(.due)
        #expect(try Self.run(session).arn.contains(":mapRun:orders/my-Map-1:"))
    }

    @Test(
        "the exit refers to the end of the run in the first state, and to its start in later ones",
        arguments: [true, false]
    )
    func exit(first: Bool) throws {
        let execution = Simulator.run(
            try Self.map(others: first ? "" : #""P": {"Type": "Pass", "Next": "M"},"#),
            input: "[7]"
        )
        let lines = execution.lines.dropFirst(first ? 3 : 5)
        #expect(
            Array(lines)
                == (first
                    ? [
                        "4 <- 3 MapRunStarted", "5 <- 4 MapRunSucceeded", "6 <- 5 MapStateSucceeded",
                        "7 <- 5 MapStateExited", "8 <- 7 ExecutionSucceeded",
                    ]
                    : [
                        "6 <- 5 MapRunStarted", "7 <- 6 MapRunSucceeded", "8 <- 7 MapStateSucceeded",
                        "9 <- 6 MapStateExited", "10 <- 9 ExecutionSucceeded",
                    ])
        )
    }

    @Test(
        "limits that paths lead to are checked before the run starts",
        arguments: [
            ("ToleratedFailureCountPath", "-1", "ToleratedFailureCount cannot be negative."),
            (
                "ToleratedFailureCountPath", "1.5",
                "The ToleratedFailureCountPath field refers to value \"1.5\" which is not a valid integer: $.n"
            ),
            ("ToleratedFailurePercentagePath", "100.5", "ToleratedFailurePercentage must be between 0 and 100."),
            (
                "ToleratedFailurePercentagePath", "\"x\"",
                "The ToleratedFailurePercentagePath field refers to value \"x\" which is not a valid float: $.n"
            ),
            (
                "ToleratedFailurePercentagePath", "\"nan\"",
                "The ToleratedFailurePercentagePath field refers to value \"nan\" which is not a valid float: $.n"
            ),
        ]
    )
    func limits(field: String, value: String, cause: String) throws {
        let machine = try Self.map(#", "ItemsPath": "$.a", "\#(field)": "$.n""#)
        let execution = Simulator.run(machine, input: #"{"a": [1], "n": \#(value)}"#)
        #expect(
            execution.end
                == .failed(
                    error: "States.Runtime",
                    cause: "An error occurred while executing the state 'M' (entered at the event id #2). \(cause)"
                )
        )
        #expect(execution.lines.suffix(2) == ["3 <- 2 MapStateStarted", "4 <- 3 ExecutionFailed"])
    }

    @Test("numbers may be written as text", arguments: ["2", "\"2\""])
    func textNumbers(value: String) throws {
        let reader =
            #""ItemReader": {"Resource": "arn:aws:states:::s3:getObject", "#
            + #""Parameters": {"Bucket": "b", "Key.$": "$.k"}, "#
            + #""ReaderConfig": {"InputType": "JSONL", "MaxItemsPath": "$.n"}}"#
        let batcher = #""ItemBatcher": {"MaxItemsPerBatchPath": "$.n", "BatchInput": {"b.$": "$.k"}}"#
        var session = Session(
            try Self.map(", \(reader), \(batcher)"),
            input: ["k": "key", "n": try JSONValue(parsing: value)]
        )
        #expect(session.on(.due) == .runMap)
        let run = try Self.run(session)
        #expect(run.maxItems == 2)
        #expect(run.maxItemsPerBatch == 2)
        #expect(run.batchInput == ["b": "key"])
        #expect(run.readerParameters == ["Bucket": "b", "Key": "key"])
        #expect(session.last("length") == .integer(0))
        #expect(MapRun(run.document) == run)
    }

    @Test("a failed run fails the Map, and Catch and Retry see the error")
    func fails() throws {
        var session = Session(
            try Self.map(
                #", "Catch": [{"ErrorEquals": ["States.ItemReaderFailed"], "Next": "Z"}]"#,
                others: #""Z": {"Type": "Succeed"},"#
            ),
            input: []
        )
        #expect(session.on(.due) == .runMap)
        let failure = MapRunFailure.itemReader("no such key")
        #expect(
            session.on(.failed(error: failure.error, cause: failure.cause))
                == .succeeded(["Error": "States.ItemReaderFailed", "Cause": "no such key"])
        )
        #expect(session.types.dropFirst(3).prefix(3) == [.mapRunFailed, .mapStateFailed, .mapStateExited])
    }

    @Test("a retry starts another run")
    func retry() throws {
        var session = Session(try Self.map(#", "Retry": [{"ErrorEquals": ["States.ALL"]}]"#), input: [])
        _ = session.on(.due)
        let first = try Self.run(session)
        guard case .pause = session.on(.failed(error: "E", cause: "c")) else { return #expect(Bool(false)) }
        #expect(session.on(.due, after: 1) == .runMap)
        #expect(try Self.run(session).id != first.id)
        #expect(session.types.count { $0 == .mapStateStarted } == 2)
    }

    @Test("the states of a child are an execution of their own")
    func child() throws {
        var session = Session(try Self.map(), startAt: "W", input: [1])
        #expect(session.on(.due) == .succeeded([1]))
        #expect(session.types == [.passStateEntered, .passStateExited, .executionSucceeded])
    }

    @Test("ItemSelector sees the item, its key and its source, and the Map's input")
    func selector() throws {
        let machine = try Self.map(
            #", "ItemSelector": {"v.$": "$$.Map.Item.Value", "i.$": "$$.Map.Item.Index", "s.$": "$$.Map.Item.Source", "x.$": "$[0]"}"#
        )
        var session = Session(machine, input: [5])
        _ = session.on(.due)
        var random = SeededRandom(seed: 1)
        let items = [MapItem(index: 4, value: JSONDocument("w"), source: "S3://b/k")]
        let selected = try session.interpreter.selectItems(items, of: session.branch, random: &random).get()
        #expect(selected.map(\.text) == [#"{"v":"w","i":4,"s":"S3://b/k","x":5}"#])
    }

    @Test("batches are bounded by items and bytes")
    func batches() {
        var run = MapRun(id: "i", arn: "a")
        run.maxItemsPerBatch = 2
        #expect(Self.batch(["1", "2", "3"], run) == [#"{"Items":[1,2]}"#, #"{"Items":[3]}"#])
        run.maxItemsPerBatch = nil
        run.maxBytesPerBatch = 20
        run.batchInput = 1
        // {"BatchInput":1,"Items":[…]} has 27 bytes before the first item: one item each.
        #expect(Self.batch(["1", "2"], run).count == 2)
        run.maxBytesPerBatch = 31
        #expect(Self.batch(["1", "2", "3"], run).first == #"{"BatchInput":1,"Items":[1,2]}"#)
    }

    private static func batch(_ items: [String], _ run: MapRun) -> [String] {
        var batches = ItemBatches(run, payloadBytes: 1000)
        var children = items.compactMap { batches.add(JSONDocument(trusted: $0)) }
        if let last = batches.finish() { children.append(last) }
        return children.map(\.input.text)
    }
}
