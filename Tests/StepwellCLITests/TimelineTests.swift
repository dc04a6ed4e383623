import Expressions
import JSON
import Testing

@testable import StepwellCLI
@testable import Store

@Suite("The timeline of a history")
struct TimelineTests {
    /// Events that follow each other, unless they say what they follow.
    private func states(_ events: [(type: String, name: String?, previous: Int?)]) -> [String] {
        var timeline = Timeline(startedAt: Timestamp(microseconds: 0))
        let recorded = events.enumerated()
            .map { index, event in
                var json: JSONObject = [
                    "type": .string(event.type), "timestamp": "1970-01-01T00:00:00.020Z",
                    "previousEventId": .number(JSONNumber(event.previous ?? index)),
                ]
                if let name = event.name {
                    json["stateEnteredEventDetails"] = ["name": .string(name), "state": .string(name)]
                }
                return RecordedEvent(id: index + 1, json: .object(json))
            }
        return timeline.rows(for: recorded).map { $0[4].text }
    }

    @Test func eventsBelongToTheStateThatLedToThem() {
        let found = states([
            ("ExecutionStarted", nil, nil), ("TaskStateEntered", "A", nil), ("LambdaFunctionScheduled", nil, nil),
            ("LambdaFunctionFailed", nil, nil), ("TaskStateExited", "A", nil), ("PassStateEntered", "B", nil),
            ("ExecutionSucceeded", nil, nil),
        ])
        #expect(found == ["", "A", "A", "A", "A", "B", ""])
    }

    @Test func aFailedEvaluationBelongsToTheStateItNames() {
        let found = states([
            ("ExecutionStarted", nil, nil), ("PassStateEntered", "A", nil), ("PassStateExited", "A", nil),
            ("PassStateEntered", "B", nil), ("EvaluationFailed", "B", 3), ("ExecutionFailed", nil, nil),
        ])
        #expect(found == ["", "A", "A", "B", "B", ""])
    }

    @Test func aParallelEndsAsItself() {
        let found = states([
            ("ExecutionStarted", nil, nil), ("ParallelStateEntered", "P", nil), ("ParallelStateStarted", nil, nil),
            ("TaskStateEntered", "A", 3), ("MapStateEntered", "M", 3), ("MapStateStarted", nil, nil),
            ("MapIterationStarted", nil, nil), ("PassStateEntered", "I", nil), ("MapIterationSucceeded", nil, nil),
            ("MapStateSucceeded", nil, nil), ("MapStateExited", "M", nil), ("TaskStateExited", "A", 4),
            ("ParallelStateSucceeded", nil, 11), ("ParallelStateExited", "P", nil),
        ])
        #expect(found == ["", "P", "P", "A", "M", "M", "M", "I", "I", "M", "M", "A", "P", "P"])
    }
}
