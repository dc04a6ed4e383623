import Expressions
import Interpreter
import Store
import Testing

@testable import Console

@Suite("What an execution went through")
struct SpansTests {
    private static func event(
        _ id: Int,
        _ type: EventType,
        after previous: Int? = nil,
        _ state: String? = nil,
        error: String? = nil,
        index: Int? = nil
    ) -> OutlinedEvent {
        OutlinedEvent(
            id: id,
            previous: previous ?? id - 1,
            type: type,
            at: Timestamp(microseconds: Int64(id) * 1_000_000),
            state: state,
            error: error,
            length: type == .mapStateStarted ? 2 : nil,
            index: index
        )
    }

    @Test("a Task that fails and is tried again has two attempts, and has succeeded")
    func retries() {
        let spans = Spans([
            Self.event(1, .executionStarted), Self.event(2, .taskStateEntered, "Pay"),
            Self.event(3, .lambdaFunctionScheduled), Self.event(4, .lambdaFunctionFailed, error: "Busy"),
            Self.event(5, .lambdaFunctionScheduled), Self.event(6, .lambdaFunctionSucceeded),
            Self.event(7, .taskStateExited, "Pay"), Self.event(8, .executionSucceeded),
        ])
        .all
        #expect(spans.map(\.state) == ["Pay"])
        #expect(spans[0].outcome == .succeeded)
        #expect(spans[0].attempts.map(\.hasFailed) == [true, false])
        #expect(spans[0].exitEvent == 7)
    }

    @Test("iterations stand in their Map, and what failed in one of them has failed with it")
    func iterations() {
        let spans = Spans([
            Self.event(1, .executionStarted), Self.event(2, .mapStateEntered, "Each"), Self.event(3, .mapStateStarted),
            Self.event(4, .mapIterationStarted, "Each", index: 0), Self.event(5, .passStateEntered, "Pack"),
            Self.event(6, .passStateExited, "Pack"), Self.event(7, .mapIterationSucceeded, "Each", index: 0),
            Self.event(8, .mapIterationStarted, after: 3, "Each", index: 1),
            Self.event(9, .taskStateEntered, "Send"), Self.event(10, .lambdaFunctionScheduled),
            Self.event(11, .lambdaFunctionFailed, error: "Broken"),
            Self.event(12, .mapIterationFailed, "Each", index: 1),
            Self.event(13, .mapStateFailed, error: "Broken"),
            Self.event(14, .executionFailed, error: "Broken"),
        ])
        #expect(spans.all.map(\.state) == ["Each", "Pack", "Send"])
        #expect(spans.all.map(\.parent) == [nil, 0, 0])
        #expect(spans.all.map(\.iteration) == [nil, 0, 1])
        #expect(spans.all.map(\.outcome) == [.failed, .succeeded, .failed])
        #expect(spans.all[0].itemCount == 2)
        #expect(spans.error == "Broken")
    }

    @Test("a failure that was caught is told from one that was not")
    func caught() {
        let spans = Spans([
            Self.event(1, .executionStarted), Self.event(2, .taskStateEntered, "Pay"),
            Self.event(3, .lambdaFunctionScheduled), Self.event(4, .lambdaFunctionFailed, error: "Broke"),
            Self.event(5, .taskStateExited, "Pay"), Self.event(6, .failStateEntered, "Give up"),
            Self.event(7, .executionFailed, error: "GaveUp"),
        ])
        .all
        #expect(spans.map(\.outcome) == [.caught, .failed])
    }

    @Test("a redrive goes on with the state that was cut off")
    func redrive() {
        var events = [
            Self.event(1, .executionStarted), Self.event(2, .taskStateEntered, "Pay"),
            Self.event(3, .lambdaFunctionScheduled), Self.event(4, .lambdaFunctionFailed, error: "Broke"),
            Self.event(5, .executionFailed, error: "Broke"), Self.event(6, .executionRedriven),
            Self.event(7, .lambdaFunctionScheduled),
        ]
        #expect(Spans(events).all.map(\.outcome) == [.running])
        events += [
            Self.event(8, .lambdaFunctionSucceeded), Self.event(9, .taskStateExited, "Pay"),
            Self.event(10, .executionSucceeded),
        ]
        let spans = Spans(events)
        #expect(spans.all.map(\.outcome) == [.succeeded])
        #expect(spans.error == nil)
    }

    @Test("events that name unknown ones are no trouble")
    func strangers() {
        let spans = Spans([
            Self.event(900, .taskStateExited, "Pay"), Self.event(901, .mapIterationStarted, after: 7, "Each", index: 1),
            Self.event(902, .lambdaFunctionFailed, after: -4), Self.event(903, .passStateEntered, "Pack"),
        ])
        #expect(spans.all.map(\.state) == ["Pack"])
    }
}
