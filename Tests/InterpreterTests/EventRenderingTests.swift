import Expressions
import Interpreter
import JSON
import Testing

@Suite struct EventRenderingTests {
    private func render(_ type: EventType, _ details: [HistoryEvent.Detail]) -> String {
        HistoryEvent(type: type, previous: .recorded(4), timestamp: .start, details: details)
            .json(id: 5, previous: 4).text
    }

    private static func event(_ type: String, _ rest: String) -> String {
        #"{"timestamp":"2023-11-14T22:13:20.000Z","type":"\#(type)","id":5,"previousEventId":4\#(rest)}"#
    }

    private static let payload = HistoryEvent.DetailValue.payload(JSONDocument(trusted: #"{"a":  1}"#))

    @Test(arguments: [
        (
            EventType.passStateEntered, [HistoryEvent.Detail("name", .string("P")), .init("input", Self.payload)],
            #","stateEnteredEventDetails":{"name":"P","input":"{\"a\":  1}","inputDetails":{"truncated":false}}"#
        ),
        (
            .mapStateExited,
            [
                .init("output", Self.payload),
                .init("assignedVariables", .variables([.init(name: "x", value: JSONDocument([1]))])),
            ],
            #","stateExitedEventDetails":{"output":"{\"a\":  1}","outputDetails":{"truncated":false}"#
                + #","assignedVariables":{"x":"[1]"},"assignedVariablesDetails":{"truncated":false}}"#
        ),
        (
            .taskScheduled,
            [
                .init("resource", .string("startExecution")), .init("parameters", Self.payload),
                .init("timeoutInSeconds", .integer(5)), .init("taskCredentials", .string("role")),
            ],
            #","taskScheduledEventDetails":{"resource":"startExecution","parameters":"{\"a\":  1}""#
                + #","timeoutInSeconds":5,"taskCredentials":{"roleArn":"role"}}"#
        ),
        (
            .mapIterationStarted, [.init("name", .string("M")), .init("index", .integer(0))],
            #","mapIterationStartedEventDetails":{"name":"M","index":0}"#
        ),
        (.lambdaFunctionStarted, [], ""), (.parallelStateFailed, [], ""),
        (.executionFailed, [], #","executionFailedEventDetails":{}"#),
        (.executionTimedOut, [], #","executionTimedOutEventDetails":{}"#),
    ])
    func renders(type: EventType, details: [HistoryEvent.Detail], rest: String) {
        #expect(render(type, details) == Self.event(type.rawValue, rest))
    }

    @Test func referencesGetTheirNumbers() {
        #expect(EventReference.recorded(7).recorded(from: 40) == .recorded(7))
        #expect(EventReference.pending(2).recorded(from: 40) == .recorded(42))
        var branch = Branch(startAt: "A", input: JSONDocument(1))
        branch.events = [HistoryEvent(type: .passStateEntered, previous: .recorded(0), timestamp: .start)]
        (branch.lastEvent, branch.enteredEvent, branch.scheduledEvent) = (.pending(0), .pending(0), .recorded(3))
        branch.recordEvents(from: 9)
        #expect(branch.events.isEmpty)
        #expect(
            [branch.lastEvent, branch.enteredEvent, branch.scheduledEvent] == [
                .recorded(9), .recorded(9), .recorded(3),
            ]
        )
    }
}
