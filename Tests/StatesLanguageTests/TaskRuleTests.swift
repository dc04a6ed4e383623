import StatesLanguage
import Testing

@Suite("Rules for Task")
struct TaskRuleTests {
    @Test("Every rule has its diagnostic", arguments: rules)
    func rule(_ rule: Rule) {
        #expect(Definition(parsing: rule.definition).lines == rule.lines)
    }

    @Test("Resources", arguments: resources)
    func resource(arn: String, expected: Expected) {
        let definition = Definition(parsing: task(arn))
        switch expected {
        case .resource(let resource):
            guard case .task(let task) = definition.machine?.states["A"]?.kind else {
                Issue.record("no task: \(definition.lines)")
                return
            }
            #expect(task.resource == resource)
            #expect(task.resource.arn == arn)
            #expect(definition.obstacles.isEmpty)
        case .unsupported:
            #expect(definition.lines == [])
            #expect(definition.obstacles.map(\.location) == ["/States/A/Resource"])
            #expect(definition.obstacles.map(\.code) == [.invalidResource])
        case .refused(let code, let message):
            #expect(definition.lines == ["ERROR \(code) at /States/A/Resource: \(message)"])
        }
    }

    @Test(
        "Services that only some workers can call are known with their places",
        arguments: [
            ("sqs:sendMessage", "service:sqs"), ("events:putEvents", "service:eventbridge"),
            ("aws-sdk:s3:getObject", "service:s3"), ("dynamodb:getItem", "service:dynamodb"), ("http:invoke", nil),
            ("aws-sdk:sfn:sendTaskSuccess", nil), ("lambda:invoke", nil),
        ]
    )
    func needs(resource: String, offer: String?) {
        let definition = Definition(parsing: task("arn:aws:states:::\(resource)"))
        #expect(definition.needs.map(\.offer) == [offer].compactMap { $0 })
        #expect(definition.needs.allSatisfy { $0.warning.location == "/States/A/Resource" })
        #expect(definition.needs.allSatisfy { $0.warning.position != nil && $0.warning.severity == .warning })
    }

    @Test(
        "Express machines wait for nobody",
        arguments: [
            (
                "arn:aws:states:::sqs:sendMessage.waitForTaskToken",
                "Express state machine does not support '.waitForTaskToken' service integration "
            ),
            (
                "arn:aws:states:::ecs:runTask.sync",
                "Express state machine does not support '.sync' service integration "
            ),
            ("arn:aws:states:r:1:activity:name", "Express state machine does not support Activity ARN"),
        ]
    )
    func express(arn: String, message: String) {
        #expect(Definition(parsing: task(arn)).lines == [])
        #expect(
            Definition(parsing: task(arn), type: .express).lines
                == ["ERROR SCHEMA_VALIDATION_FAILED at /States/A/Resource: \(message)"]
        )
    }

    enum Expected: Sendable {
        case resource(Resource)
        case unsupported
        case refused(String, String)
    }

    private static func function(_ arn: String) -> (String, Expected) {
        let qualifier = arn.hasSuffix(":process_order") ? nil : arn.split(separator: ":").last.map(String.init)
        return (arn, .resource(.function(FunctionReference(name: "process_order", qualifier: qualifier), arn: arn)))
    }

    private static func malformed(_ arn: String) -> (String, Expected) {
        (arn, .refused("SCHEMA_VALIDATION_FAILED", "Value is not a valid resource ARN"))
    }

    private static func unrecognized(_ arn: String) -> (String, Expected) {
        let message =
            "The resource provided \(arn) is not recognized. The value is not a valid resource ARN, "
            + "or the resource is not available in this region."
        return (arn, .refused("SCHEMA_VALIDATION_FAILED", message))
    }

    private static func integration(
        _ service: String,
        _ action: String,
        _ pattern: ServiceIntegration.Pattern = .requestResponse
    ) -> (String, Expected) {
        let suffix = pattern == .requestResponse ? "" : ".\(pattern.rawValue)"
        let arn = "arn:aws:states:::\(service):\(action)\(suffix)"
        guard let integration = ServiceIntegration(arn: arn, service: service, action: action, pattern: pattern) else {
            return (arn, .unsupported)
        }
        return (arn, .resource(.integration(integration)))
    }

    private static let startExecution = "arn:aws:states:::states:startExecution"

    static let resources: [(String, Expected)] = [
        function("arn:aws:lambda:REGION:ACCOUNT_ID:function:process_order"),
        function("arn:aws:lambda:eu-west-1:123456789012:function:process_order"),
        function("arn:aws:lambda:eu-west-1:123456789012:function:process_order:$LATEST"),
        function("arn:aws:lambda:eu-west-1:123456789012:function:process_order:7"),
        function("arn:aws-cn:lambda:cn-north-1:123456789012:function:process_order:PROD"),
        function("arn:aws-us-gov:lambda:us-gov-west-1:123456789012:function:process_order"),
        integration("states", "startExecution"), integration("states", "startExecution", .sync2),
        integration("states", "startExecution", .sync), integration("states", "startExecution", .waitForTaskToken),
        integration("aws-sdk:sfn", "sendTaskSuccess"),
        ("arn:aws:states:::aws-sdk:sfn:testState", .unsupported),
        integration("lambda", "invoke"), integration("lambda", "invoke", .waitForTaskToken),
        (
            "arn:aws:states:us-east-1:123456789012:activity:name",
            .resource(.activity(name: "name", arn: "arn:aws:states:us-east-1:123456789012:activity:name"))
        ),
        integration("aws-sdk:s3", "getObject"), integration("aws-sdk:s3", "headBucket", .waitForTaskToken),
        integration("dynamodb", "putItem"), integration("http", "invoke"), integration("apigateway", "invoke"),
        integration("sqs", "sendMessage"), integration("sns", "publish", .waitForTaskToken),
        integration("events", "putEvents"),
        ("arn:aws:states:::glue:startJobRun", .unsupported), ("arn:aws:states:::glue:startJobRun.sync", .unsupported),
        unrecognized("arn:aws:states:::dynamodb:query"),
        unrecognized("arn:aws:states:::dynamodb:putItem.sync"),
        unrecognized("arn:aws:states:::sqs:sendMessage.waitForTaskTokens"),
        unrecognized("arn:aws:states:::nowhere:go"),
        unrecognized("arn:aws:states:::states"),
        unrecognized("arn:aws:states:::states:startExecution.sync:3"),
        unrecognized("arn:aws:states:::aws-sdk:s3:GetObject"),
        unrecognized("arn:aws:states:::aws-sdk:s3"),
        malformed(""),
        malformed("process_order"),
        malformed("$.resource"),
        malformed("arn:aws:lambda"),
        malformed("arn:azure:lambda:r:1:function:process_order"),
        malformed("arn:aws:lambda:r:1:function:"),
        malformed("arn:aws:lambda:r:1:function:process order"),
        malformed("arn:aws:lambda:r:1:function:name:1:2"),
        malformed("arn:aws:states:r:1:activity:"),
        (
            "arn:aws:s3:::bucket",
            .refused("INVALID_RESOURCE", "The resource arn:aws:s3:::bucket is not one that a Task can call")
        ),
    ]

    private func task(_ arn: String) -> String {
        let required = arn.contains("lambda:invoke") ? "FunctionName" : "StateMachineArn"
        return Text.machine(
            #"{"Type": "Task", "Resource": "\#(arn)", "Parameters": {"\#(required)": "x"}, "End": true}"#
        )
    }

    private static func start(_ parameters: String) -> String {
        Text.machine(#"{"Type": "Task", "Resource": "\#(startExecution)", \#(parameters)"End": true}"#)
    }

    private static func invoke(_ parameters: String) -> String {
        Text.machine(
            #"{"Type": "Task", "Resource": "arn:aws:states:::lambda:invoke", "Parameters": \#(parameters), "End": true}"#
        )
    }

    static let rules: [Rule] = [
        .schema(
            "no Resource",
            Text.machine(#"{"Type": "Task", "End": true}"#),
            at: "/States/A",
            "These fields are required: [Resource]"
        ),
        .schema(
            "Resource type",
            Text.machine(#"{"Type": "Task", "Resource": [], "End": true}"#),
            at: "/States/A/Resource",
            "Expected value of type String"
        ),
        .schema(
            "two timeouts",
            Text.task(#""TimeoutSeconds": 1, "TimeoutSecondsPath": "$.a""#),
            at: "/States/A",
            "There should only be one of the following fields: [TimeoutSeconds, TimeoutSecondsPath]"
        ),
        .schema(
            "two heartbeats",
            Text.task(#""HeartbeatSecondsPath": "$.a", "HeartbeatSeconds": 1"#),
            at: "/States/A",
            "There should only be one of the following fields: [HeartbeatSeconds, HeartbeatSecondsPath]"
        ),
        .schema(
            "heartbeat as long as the timeout",
            Text.task(#""TimeoutSeconds": 10, "HeartbeatSeconds": 10"#),
            at: "/States/A/HeartbeatSeconds",
            "HeartbeatSeconds must be smaller than TimeoutSeconds"
        ),
        .schema(
            "TimeoutSecondsPath",
            Text.task(#""TimeoutSecondsPath": "$..a""#),
            at: "/States/A/TimeoutSecondsPath",
            "Value is not a Reference Path"
        ),
        .schema(
            "Credentials type",
            Text.task(#""Credentials": "role""#),
            at: "/States/A/Credentials",
            "Expected value of type Object"
        ),
        .schema(
            "Credentials without a role",
            Text.task(#""Credentials": {"InvalidField": "invalid"}"#),
            at: "/States/A/Credentials",
            "The field 'RoleArn' is required but was missing"
        ),
        .schema(
            "startExecution without parameters",
            start(""),
            at: "/States/A/Resource",
            "Parameters field is required for resource ARN: arn:aws:states:::states:startExecution"
        ),
        .schema(
            "Credentials of an activity",
            Text.machine(
                #"{"Type": "Task", "Resource": "arn:aws:states:us-east-1:123456789012:activity:a", "#
                    + #""Credentials": {"RoleArn": "arn:aws:iam::123456789012:role/r"}, "End": true}"#
            ),
            at: "/States/A",
            "The field 'Credentials' is not supported for activities"
        ),
        .schema(
            "startExecution without a machine",
            start(#""Parameters": {"Input": {}}, "#),
            at: "/States/A/Parameters",
            "The field 'StateMachineArn' is required but was missing"
        ),
        .schema(
            "startExecution with an unknown parameter",
            start(#""Parameters": {"StateMachineArn.$": "$.arn", "Nome": "x"}, "#),
            at: "/States/A/Parameters",
            "The field 'Nome' is not supported by Step Functions"
        ),
        .schema(
            "lambda:invoke without a function",
            invoke(#"{"Payload.$": "$"}"#),
            at: "/States/A/Parameters",
            "The field 'FunctionName' is required but was missing"
        ),
        .schema(
            "lambda:invoke with an unknown parameter",
            invoke(#"{"FunctionName": "f", "Input": {}}"#),
            at: "/States/A/Parameters",
            "The field 'Input' is not supported by Step Functions"
        ),
        Rule("lambda:invoke", invoke(#"{"FunctionName.$": "$.f", "Payload.$": "$", "Qualifier": "PROD"}"#)),
        Rule(
            "startExecution",
            start(#""Parameters": {"StateMachineArn": "arn", "Input.$": "$", "Name.$": "$.name"}, "#)
        ),
    ]
}
