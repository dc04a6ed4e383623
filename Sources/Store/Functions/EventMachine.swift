import JSON
import StatesLanguage

/// The state machine whose executions are calls of a function that nobody waits for: it does what Lambda does with such
/// calls.
struct EventMachine {
    let function: FunctionReference
    let settings: FunctionSettings
    /// What ARNs begin with behind the service: region and account.
    let place: String

    /// Lambda's first pause before another attempt; the next one is twice as long.
    private static let firstPause = 60

    private var arn: String { "arn:aws:lambda:\(place):function:\(function.name)" }
    private var version: String { function.qualifier ?? FunctionReference.latest }

    var definition: JSONObject {
        var states: JSONObject = [
            // An event that has waited for too long is given up, also one that nobody has looked at before.
            "Check": [
                "Type": "Choice", "Default": "Invoke",
                "Choices": [
                    [
                        "Condition": .string(
                            "{% $millis() - $toMillis($states.context.Execution.StartTime) > \(settings.maximumAge * 1000) %}"
                        ),
                        "Next": "Expired",
                    ]
                ],
            ],
            "Expired": [
                "Type": "Pass", "Assign": ["condition": "EventAgeExceeded"],
                "Next": .string(settings.onFailure == nil ? "GiveUp" : "Failure"),
            ],
            "Failed": [
                "Type": "Choice", "Default": "Exhausted",
                "Choices": [["Condition": .string("{% $attempts <= \(settings.retries) %}"), "Next": "Pause"]],
            ],
            "Pause": [
                "Type": "Wait", "Seconds": .string("{% \(Self.firstPause) * $power(2, $attempts - 1) %}"),
                "Next": "Check",
            ],
            "Exhausted": [
                "Type": "Pass", "Assign": ["condition": "RetriesExhausted"],
                "Next": .string(settings.onFailure == nil ? "GiveUp" : "Failure"),
            ],
            "GiveUp": [
                "Type": "Fail",
                "Error": "{% $exists($failure) ? $failure.Error : 'EventAgeExceeded' %}",
                "Cause": "{% $exists($failure) ? $failure.Cause : 'the event was too old before it was looked at' %}",
            ],
        ]
        states["Invoke"] = .object(invoke)
        if let destination = settings.onSuccess {
            states["Success"] = .object(deliver(to: destination, success, next: nil))
        }
        if let destination = settings.onFailure {
            states["Failure"] = .object(deliver(to: destination, failure, next: "GiveUp"))
        }
        if settings.onSuccess != nil || settings.onFailure != nil {
            states["Undelivered"] = [
                "Type": "Fail", "Error": "Lambda.DestinationDeliveryFailed",
                "Cause": "{% $states.input.Error & ': ' & $states.input.Cause %}",
            ]
        }
        return ["QueryLanguage": "JSONata", "StartAt": "Check", "States": .object(states)]
    }

    private var invoke: JSONObject {
        var task: JSONObject = [
            "Type": "Task", "Resource": .string(function.qualifier.map { "\(arn):\($0)" } ?? arn),
            "TimeoutSeconds": 900,
            "Assign": ["attempts": "{% $exists($attempts) ? $attempts + 1 : 1 %}"],
            "Catch": [
                [
                    "ErrorEquals": ["States.ALL"], "Next": "Failed",
                    "Output": "{% $states.context.Execution.Input %}",
                    "Assign": [
                        "failure": "{% $states.errorOutput %}",
                        "attempts": "{% $exists($attempts) ? $attempts + 1 : 1 %}",
                    ],
                ]
            ],
        ]
        if settings.onSuccess == nil { task["End"] = true } else { task["Next"] = "Success" }
        return task
    }

    /// What destinations are told. (https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-retain-records.html)
    private func record(_ condition: JSONValue, _ context: JSONValue, _ payload: JSONValue) -> JSONValue {
        [
            "version": "1.0", "timestamp": "{% $now() %}",
            "requestContext": [
                "requestId": "{% $states.context.Execution.Name %}",
                "functionArn": .string("\(arn):\(version)"),
                "condition": condition,
                "approximateInvokeCount": "{% $exists($attempts) ? $attempts : 0 %}",
            ],
            "requestPayload": "{% $states.context.Execution.Input %}",
            "responseContext": context, "responsePayload": payload,
        ]
    }

    private var success: JSONValue {
        record("Success", ["statusCode": 200, "executedVersion": .string(version)], "{% $states.input %}")
    }

    private var failure: JSONValue {
        record(
            "{% $condition %}",
            ["statusCode": 200, "executedVersion": .string(version), "functionError": "Unhandled"],
            // A function's own error is JSON already.
            """
            {% $exists($failure) ? ($contains($failure.Cause, /^\\s*\\{.*\\}\\s*$/) ? $parse($failure.Cause) \
            : {'errorMessage': $failure.Cause, 'errorType': $failure.Error}) : null %}
            """
        )
    }

    private func deliver(to destination: Destination, _ record: JSONValue, next: String?) -> JSONObject {
        let machine =
            switch destination {
            case .function(let name): "\(InvocationKind.event.rawValue) \(name)"
            case .stateMachine(let name): name
            }
        var task: JSONObject = [
            "Type": "Task", "Resource": "arn:aws:states:::states:startExecution",
            "Arguments": [
                "StateMachineArn": .string("arn:aws:states:\(place):stateMachine:\(machine)"), "Input": record,
            ],
            "Output": "{% $states.input %}",
            "Retry": [["ErrorEquals": ["States.ALL"], "IntervalSeconds": 1, "MaxAttempts": 2, "BackoffRate": 2]],
            "Catch": [["ErrorEquals": ["States.ALL"], "Next": "Undelivered", "Output": "{% $states.errorOutput %}"]],
        ]
        if let next { task["Next"] = .string(next) } else { task["End"] = true }
        return task
    }
}
