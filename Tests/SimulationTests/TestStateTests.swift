import Expressions
import Interpreter
import JSON
import Simulation
import Testing

@Suite("The test of one state")
struct TestStateTests {
    private static let invoke = "arn:aws:states:::lambda:invoke"

    /// The answer to a request, as JSON.
    private func answer(_ request: TestStateRequest) throws -> JSONValue {
        guard case .finished(let response) = try begin(request).progress else {
            Issue.record("it calls a function")
            return .null
        }
        return response.json
    }

    private func begin(_ request: TestStateRequest) throws -> (test: TestState, progress: TestState.Progress) {
        var random = SystemRandomNumberGenerator()
        let now = Timestamp(microseconds: 1_700_000_000_000_000)
        var test = try TestState(request, now: now, makeID: { "id" })
        let progress = try test.advance(now: now, random: &random)
        return (test, progress)
    }

    private func refusal(_ request: TestStateRequest) -> String? {
        do {
            _ = try begin(request)
            return nil
        } catch {
            return "\(error)"
        }
    }

    @Test("A state goes to its next one, whether or not that exists")
    func next() throws {
        let request = TestStateRequest(definition: #"{"Type": "Pass", "Result": 7, "Next": "Elsewhere"}"#)
        #expect(try answer(request) == ["status": "SUCCEEDED", "output": "7", "nextState": "Elsewhere"])
    }

    @Test("At DEBUG, the data at every point of a JSONPath state")
    func inspection() throws {
        var request = TestStateRequest(
            definition: #"""
                {"Type": "Task", "Resource": "arn:aws:lambda:r:1:function:f", "InputPath": "$.in", "End": true,
                 "Parameters": {"p.$": "$.n"}, "ResultSelector": {"r.$": "$.n"}, "ResultPath": "$.out",
                 "OutputPath": "$.out", "Assign": {"v": 2}}
                """#,
            input: #"{"in":{"n":1}}"#,
            mock: .init(result: #"{"n":3}"#)
        )
        request.inspectionLevel = .debug
        request.variables = #"{"a": [1]}"#
        #expect(
            try answer(request) == [
                "status": "SUCCEEDED", "output": #"{"r":3}"#,
                "inspectionData": [
                    "input": #"{"in":{"n":1}}"#, "afterInputPath": #"{"n":1}"#, "afterParameters": #"{"p":1}"#,
                    "result": #"{"n":3}"#, "afterResultSelector": #"{"r":3}"#,
                    "afterResultPath": #"{"in":{"n":1},"out":{"r":3}}"#, "variables": #"{"a":[1],"v":2}"#,
                ],
            ]
        )
    }

    @Test("A failure is retriable, then caught, or fails; the cause names no event")
    func failures() throws {
        var request = TestStateRequest(
            definition: #"""
                {"Type": "Task", "QueryLanguage": "JSONata", "Resource": "\#(Self.invoke)", "Arguments": 1, "End": true,
                 "Retry": [{"ErrorEquals": ["X"]}, {"ErrorEquals": ["E"], "IntervalSeconds": 3, "MaxAttempts": 2}],
                 "Catch": [{"ErrorEquals": ["E"], "Output": "{% $states.errorOutput.Cause %}", "Next": "C"}]}
                """#,
            mock: .init(error: "E", cause: "c")
        )
        request.inspectionLevel = .trace
        request.retrierRetryCount = 1
        let data: JSONObject = ["input": "{}", "afterArguments": "1"]
        var retriable = data
        retriable["errorDetails"] = ["retryIndex": 1, "retryBackoffIntervalSeconds": 6]
        #expect(
            try answer(request) == [
                "status": "RETRIABLE", "error": "E", "cause": "c", "inspectionData": .object(retriable),
            ]
        )
        request.retrierRetryCount = 2
        var caught = data
        caught["errorDetails"] = ["catchIndex": 0]
        #expect(
            try answer(request) == [
                "status": "CAUGHT_ERROR", "output": #""c""#, "error": "E", "cause": "c", "nextState": "C",
                "inspectionData": .object(caught),
            ]
        )
        request.mock?.error = "Other"
        #expect(
            try answer(request) == [
                "status": "FAILED", "error": "Other", "cause": "c", "inspectionData": .object(data),
            ]
        )
        let pass = TestStateRequest(definition: #"{"Type": "Pass", "InputPath": "$.none", "End": true}"#)
        #expect(
            try answer(pass) == [
                "status": "FAILED", "error": "States.Runtime",
                "cause": "Invalid path '$.none' : No results for path: $['none']",
            ]
        )
    }

    @Test("A state of a machine, with variables and the context object of an execution")
    func nested() throws {
        var request = TestStateRequest(
            definition: #"""
                {"StartAt": "M", "States": {"M": {"Type": "Map", "End": true, "ItemProcessor": {"StartAt": "In",
                 "States": {"In": {"Type": "Pass", "Parameters": {"v.$": "$v", "s.$": "$$.State.Name"}, "End": true}}}}}}
                """#,
            stateName: "In"
        )
        request.variables = #"{"v": 1}"#
        #expect(try answer(request) == ["status": "SUCCEEDED", "output": #"{"v":1,"s":"In"}"#])
        request.stateName = "Out"
        #expect(refusal(request) == "ValidationException: The definition has no state 'Out'")
    }

    @Test("Without a mock, the function is called")
    func call() throws {
        let definition = #"{"Type": "Task", "Resource": "arn:aws:lambda:r:1:function:f", "Next": "N"}"#
        var (test, progress) = try begin(TestStateRequest(definition: definition, input: "[1]"))
        guard case .call(let call) = progress else {
            Issue.record("no call")
            return
        }
        #expect(call.function == "f")
        #expect(call.input.text == "[1]")
        var random = SystemRandomNumberGenerator()
        progress = try test.advance(on: .succeeded(JSONDocument(2)), now: Timestamp(microseconds: 0), random: &random)
        guard case .finished(let response) = progress else {
            Issue.record("not finished")
            return
        }
        #expect(response.json == ["status": "SUCCEEDED", "output": "2", "nextState": "N"])
    }

    @Test("No more iterations can have failed than there are items")
    func failureCount() throws {
        func request(_ failures: Int) -> TestStateRequest {
            var request = TestStateRequest(
                definition: #"""
                    {"Type": "Map", "ToleratedFailureCount": 1, "End": true, "ItemProcessor": {
                        "ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"},
                        "StartAt": "X", "States": {"X": {"Type": "Pass", "End": true}}}}
                    """#,
                input: "[5, 6]",
                mock: .init(result: "[1, 2]")
            )
            request.mapIterationFailureCount = failures
            return request
        }
        #expect(try answer(request(1))["status"] == "SUCCEEDED")
        #expect(try answer(request(2))["error"] == "States.ExceedToleratedFailureThreshold")
        #expect(
            refusal(request(3))
                == "ValidationException: mapIterationFailureCount must not be greater than the number of items, which is 2."
        )
    }

    @Test("A Wait does not wait")
    func wait() throws {
        let request = TestStateRequest(definition: #"{"Type": "Wait", "Seconds": 500, "Next": "N"}"#, input: "1")
        #expect(try answer(request) == ["status": "SUCCEEDED", "output": "1", "nextState": "N"])
    }

    @Test("A Map's items and concurrency are looked at, its iterations are mocked")
    func map() throws {
        var request = TestStateRequest(
            definition: #"""
                {"Type": "Map", "ItemsPath": "$.a", "MaxConcurrency": 2, "ItemSelector": {"v.$": "$$.Map.Item.Value"},
                 "ItemProcessor": {"StartAt": "X", "States": {"X": {"Type": "Pass", "End": true}}}, "End": true}
                """#,
            input: #"{"a":[5,6]}"#,
            mock: .init(result: "[1, 2]")
        )
        request.inspectionLevel = .debug
        #expect(
            try answer(request) == [
                "status": "SUCCEEDED", "output": "[1, 2]",
                "inspectionData": [
                    "input": #"{"a":[5,6]}"#, "afterInputPath": #"{"a":[5,6]}"#, "afterItemsPath": "[5,6]",
                    "afterItemSelector": #"[{"v":5},{"v":6}]"#, "afterResultSelector": "[1, 2]",
                    "afterResultPath": "[1, 2]", "maxConcurrency": 2,
                ],
            ]
        )
    }

    private static func task(_ resource: String, _ result: String) -> TestStateRequest {
        let parameter = resource == invoke ? "FunctionName" : "StateMachineArn"
        return TestStateRequest(
            definition: #"""
                {"Type": "Task", "Resource": "\#(resource)", "Parameters": {"\#(parameter)": "x"}, "End": true}
                """#,
            mock: .init(result: result)
        )
    }

    private static func state(_ type: String, _ fields: String, _ mock: TestStateRequest.Mock?) -> TestStateRequest {
        TestStateRequest(definition: #"{"Type": "\#(type)", \#(fields)}"#, mock: mock)
    }

    private static let schema = "ValidationException: Mock result schema validation error: "

    private static let refusals: [(TestStateRequest, String)] = [
        (
            state("Wait", #""Seconds": 1, "End": true"#, .init(result: "1")),
            "ValidationException: State type 'Wait' is not supported when a mock is specified"
        ),
        (
            state(
                "Parallel",
                #""Branches": [{"StartAt": "X", "States": {"X": {"Type": "Succeed"}}}], "End": true"#,
                nil
            ),
            "InvalidDefinition: TestState API does not support Map or Parallel states. Supported state types include:"
                + " [Task, Wait, Pass, Succeed, Fail, Choice]"
        ),
        (
            state(
                "Parallel",
                #""Branches": [{"StartAt": "X", "States": {"X": {"Type": "Succeed"}}}], "End": true"#,
                .init(result: "[1, 2]")
            ),
            "ValidationException: Mocked result must contain the same number of items as number of Parallel branches."
        ),
        (
            state("Pass", #""Ende": true"#, nil),
            """
            InvalidDefinition: Invalid State Machine Definition: 'SCHEMA_VALIDATION_FAILED: This object should have only \
            one of the following fields: [Next, End] at /States/StateName, SCHEMA_VALIDATION_FAILED: Field 'Ende' is not supported at \
            /States/StateName'
            """
        ),
        (task(invoke, "no JSON"), "ValidationException: Mocked result must be valid JSON"),
        (task(invoke, #"{"StatusCode": "200"}"#), schema + "Field 'StatusCode' must be a number"),
        (task(invoke, "[]"), schema + "It must be an object"),
        (
            task("arn:aws:states:::states:startExecution", #"{"StartDate": "d"}"#),
            schema + "Required field 'ExecutionArn' is missing"
        ),
        (
            task("arn:aws:states:::events:putEvents", #"{"Entries": [{"EventId": []}]}"#),
            schema + "Field 'EventId' must be a string"
        ),
        (
            task("arn:aws:states:::aws-sdk:lambda:getFunction", #"{"Configuration": {"MemorySize": 1}}"#),
            schema + "Field 'MemorySize' is less than the minimum value"
        ),
        (
            task("arn:aws:states:::aws-sdk:s3:getObject", #"{"StorageClass": "PAPER", "Other": 1}"#),
            schema + "Field 'StorageClass' is not an expected value"
        ),
        (
            task("arn:aws:states:::aws-sdk:s3:getObject", #"{"BucketKeyEnabled": "true"}"#),
            schema + "Field 'BucketKeyEnabled' must be a boolean"
        ),
        (
            task("arn:aws:states:::aws-sdk:s3:getObject", #"{"LastModified": 1764103483}"#),
            schema + "Field 'LastModified' must be a string"
        ),
        (
            task("arn:aws:states:::aws-sdk:lambda:getFunction", #"{"Configuration": {"EphemeralStorage": {}}}"#),
            schema + "Required field 'Size' is missing"
        ),
        (
            task(
                "arn:aws:states:::aws-sdk:lambda:getFunction",
                #"{"Configuration": {"Layers": [{"CodeSize": "1"}]}}"#
            ),
            schema + "Field 'CodeSize' must be a number"
        ),
        (
            task("arn:aws:states:::dynamodb:getItem", #"{"Item": {"id": {"N": 1}}}"#),
            schema + "Field 'N' must be a string"
        ),
    ]

    @Test("Requests that are refused", arguments: refusals)
    func refused(request: TestStateRequest, message: String) {
        #expect(refusal(request) == message)
    }

    @Test("Validation of mocks can be loosened")
    func validation() throws {
        var request = Self.task("arn:aws:states:::states:startExecution", #"{"StartDate": "d"}"#)
        request.mock?.fieldValidation = .present
        #expect(refusal(request) == nil)
        request.mock?.result = #"{"StartDate": 1}"#
        #expect(refusal(request) == Self.schema + "Field 'StartDate' must be a string")
        request.mock?.fieldValidation = .none
        #expect(refusal(request) == nil)
    }

    @Test(
        "A context object has the fields of the real one",
        arguments: [
            ("{}", nil), (#"{"Execution": {"Input": [1], "Id": "x"}, "Task": {"Token": "t"}}"#, nil),
            (#"{"Execution": {"Id": 1}}"#, "Execution.Id must be a string"),
            (#"{"Execution": {"Idd": "1"}}"#, "Field 'Idd' is not allowed"),
            (#"{"Sate": {}}"#, "Field 'Sate' is not allowed"),
            (#"{"Map": {}}"#, "'Map' field is not supported when mocking a Context object"),
        ]
    )
    func context(context: String, reason: String?) {
        var request = Self.task(Self.invoke, "{}")
        request.context = context
        #expect(refusal(request) == reason.map { "ValidationException: Invalid Context object provided: \($0)" })
    }

    @Test("Secrets are not revealed of a mock")
    func secrets() {
        var request = Self.task(Self.invoke, "{}")
        request.revealSecrets = true
        #expect(
            refusal(request)
                == "ValidationException: TestState does not support RevealSecrets when a mock is specified."
        )
    }
}
