import Expressions
import JSON
import Postgres
import StatesLanguage
package import Store

/// The state machines that schedules run, with what each of them has to come to.
package struct ProofMachine: Sendable {
    /// How an execution ends when nothing goes wrong that the engine can't mend.
    package enum End: Sendable {
        case succeeds
        case fails(error: String)
        /// By its time limit or well: who is first is chance.
        case mayTimeOut
    }

    package let name: String
    package let definition: String
    package let end: End
    /// Whether every undisturbed run has the same events, in some order.
    package let hasFixedEvents: Bool
    /// Whether clients start it, not only other machines.
    package let isStarted: Bool

    init(
        _ name: String,
        end: End = .succeeds,
        hasFixedEvents: Bool = true,
        isStarted: Bool = true,
        _ definition: String
    ) {
        self.name = name
        self.end = end
        self.hasFixedEvents = hasFixedEvents
        self.isStarted = isStarted
        self.definition = definition
    }

    /// A Task that calls a function. What its handler says beside the value, only the history keeps.
    private static func task(_ function: String, _ rest: String) -> String {
        #"{"Type": "Task", "Resource": "arn:aws:lambda:r:1:function:\#(function)", "ResultSelector": {"v.$": "$.v"}, \#(rest)}"#
    }

    package static let all = [
        ProofMachine(
            "Chain",
            """
            {"StartAt": "A", "States": {
                "A": \(task("one", #""Next": "B""#)), "B": \(task("two", #""Next": "C""#)),
                "C": \(task("one", #""End": true"#))}}
            """
        ),
        ProofMachine(
            "Retry",
            """
            {"StartAt": "A", "States": {
                "A": \(task("flaky", #"""
                    "Retry": [{"ErrorEquals": ["Flaky"], "IntervalSeconds": 1, "MaxAttempts": 2, "BackoffRate": 1}],
                    "Catch": [{"ErrorEquals": ["Flaky"], "ResultPath": null, "Next": "C"}], "Next": "B"
                    """#)),
                "B": \(task("one", #""End": true"#)), "C": {"Type": "Pass", "Result": "caught", "Next": "B"}}}
            """
        ),
        ProofMachine(
            "Parallel",
            """
            {"StartAt": "P", "States": {"P": {"Type": "Parallel", "Next": "B", "Branches": [
                {"StartAt": "L", "States": {"L": \(task("one", #""Next": "L2""#)), "L2": \(task("two", #""End": true"#))}},
                {"StartAt": "R", "States": {"R": {"Type": "Pass", "Next": "R2"}, "R2": \(task("two", #""End": true"#))}}]},
                "B": \(task("one", #""End": true"#))}}
            """
        ),
        ProofMachine(
            "Map",
            """
            {"StartAt": "M", "States": {"M": {"Type": "Map", "ItemsPath": "$.items", "MaxConcurrency": 2, "End": true,
                "ItemProcessor": {"StartAt": "I", "States": {"I": \(task("one", #""End": true"#))}}}}}
            """
        ),
        ProofMachine(
            "Broken",
            end: .fails(error: "Broken"),
            hasFixedEvents: false,
            """
            {"StartAt": "P", "States": {"P": {"Type": "Parallel", "End": true, "Branches": [
                {"StartAt": "L", "States": {"L": \(task("one", #""Next": "L2""#)), "L2": \(task("two", #""End": true"#))}},
                {"StartAt": "R", "States": {"R": \(task("broken", #""End": true"#))}}]}}}
            """
        ),
        ProofMachine(
            "Wait",
            """
            {"StartAt": "W", "States": {"W": {"Type": "Wait", "Seconds": 2, "Next": "A"},
                "A": \(task("two", #""Next": "W2""#)), "W2": {"Type": "Wait", "Seconds": 1, "End": true}}}
            """
        ),
        ProofMachine(
            "Limit",
            end: .mayTimeOut,
            hasFixedEvents: false,
            """
            {"StartAt": "A", "TimeoutSeconds": 3, "States": {
                "A": \(task("slow", #""Next": "B""#)), "B": \(task("slow", #""End": true"#))}}
            """
        ),
        ProofMachine(
            "Parent",
            hasFixedEvents: false,
            """
            {"StartAt": "S", "States": {"S": {"Type": "Task", "Resource": "arn:aws:states:::states:startExecution.sync:2",
                "Parameters": {"StateMachineArn": "Child", "Input.$": "$"}, "OutputPath": "$.Output", "Next": "B"},
                "B": \(task("two", #""End": true"#))}}
            """
        ),
        ProofMachine(
            "Child",
            isStarted: false,
            #"{"StartAt": "A", "States": {"A": \#(task("one", #""End": true"#))}}"#
        ),
        ProofMachine(
            "Token",
            hasFixedEvents: false,
            """
            {"StartAt": "T", "States": {"T": {"Type": "Task", "Resource": "arn:aws:states:::lambda:invoke.waitForTaskToken",
                "Parameters": {"FunctionName": "ask", "Payload": {"token.$": "$$.Task.Token", "v.$": "$.v"}},
                "Next": "B"}, "B": \(task("one", #""End": true"#))}}
            """
        ),
        ProofMachine(
            "Pill",
            hasFixedEvents: false,
            """
            {"StartAt": "A", "States": {"A": \(task("pill", #""Next": "B""#)), "B": \(task("one", #""End": true"#))}}
            """
        ),
    ]

    /// All of them, deployed.
    package static func revisions(settings: Settings) throws -> [Revision] {
        try all.enumerated()
            .map { number, machine in
                let definition = Definition(parsing: machine.definition)
                guard let parsed = definition.machine else {
                    throw StoreError.invalidDefinition(definition.diagnostics)
                }
                return Revision(
                    id: Int32(number + 1),
                    machineID: Int32(number + 1),
                    machineName: machine.name,
                    machineARN: settings.stateMachineARN(machine.name),
                    number: 1,
                    roleARN: nil,
                    machine: parsed
                )
            }
    }
}
