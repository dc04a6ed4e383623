import Expressions
import Interpreter
import Store

/// What an execution has been through, read off its events.
///
/// Only the entry and the exit of a state name it. What lies between belongs to the state of the event that led to it, so
/// every event is given the span that it stands in, and the one that a state which is entered next would stand in.
struct Spans: Sendable {
    private(set) var all: [Span] = []
    /// The last event that it has been told of.
    private(set) var lastEvent = 0
    /// The execution's own error, if that has ended with one.
    private(set) var error: String?

    /// What an event stands in.
    private struct Place {
        var span: Int?
        /// The Parallel or Map in which a state is that is entered next.
        var around: Int?
        var iteration: Int?
    }

    private var places: [Int: Place] = [:]
    /// Spans that the end of the execution cut off: a redrive goes on with them.
    private var cutOff = CutOffSpans()

    /// - Parameter events: in their order. Some may be missing; what refers to those stands in nothing.
    init(_ events: [OutlinedEvent] = []) { append(events) }

    /// - Parameter events: those that come next.
    mutating func append(_ events: [OutlinedEvent]) {
        for event in events { add(event) }
        lastEvent = events.last?.id ?? lastEvent
    }

    private mutating func add(_ event: OutlinedEvent) {
        let before = places[event.previous] ?? Place()
        switch event.type.kind {
        case .executionStarts: places[event.id] = Place()
        case .executionEnds: end(event, at: before)
        case .executionGoesOn: goOn(event)
        case .enters: enter(event, from: before)
        case .exits: exit(event, from: before)
        case .beginsBranches: beginBranches(event, in: before)
        case .beginsIteration:
            places[event.id] = Place(span: before.around, around: before.around, iteration: event.index)
        case .endsIteration:
            places[event.id] = Place(span: before.around, around: before.around, iteration: nil)
        case .endsBranches: endBranches(event, from: before)
        // What is cut short is not named by these; it ends with the Parallel or Map around it.
        case .aborts: places[event.id] = before
        case .schedules, .endsWork, .other: happen(event, in: before)
        }
    }

    private mutating func enter(_ event: OutlinedEvent, from before: Place) {
        var span = Span(
            id: event.id,
            state: event.state ?? "",
            parent: before.around,
            iteration: before.iteration,
            before: before.span.flatMap { all[$0].exitEvent == event.previous ? $0 : nil },
            enteredAt: event.at
        )
        // A Fail is never left.
        if event.type == .failStateEntered {
            span.outcome = .failed
            span.endedAt = event.at
        }
        all.append(span)
        places[event.id] = Place(span: all.count - 1, around: before.around, iteration: before.iteration)
    }

    private mutating func exit(_ event: OutlinedEvent, from before: Place) {
        var span = before.span
        while let index = span, all[index].state != event.state { span = all[index].parent }
        guard let span else {
            places[event.id] = before
            return
        }
        all[span].endedAt = event.at
        all[span].exitEvent = event.id
        let hasFailed = all[span].error != nil && all[span].attempts.last?.hasFailed != false
        all[span].outcome = hasFailed ? .caught : .succeeded
        places[event.id] = Place(span: span, around: all[span].parent, iteration: all[span].iteration)
    }

    private mutating func beginBranches(_ event: OutlinedEvent, in before: Place) {
        if let span = before.span {
            all[span].itemCount = event.length
            cutInside(span, at: event.at)
        }
        places[event.id] = Place(span: before.span, around: before.span, iteration: nil)
    }

    private mutating func endBranches(_ event: OutlinedEvent, from before: Place) {
        let span = before.around ?? before.span
        if let span {
            if event.type.isFailure { fail(span, event) }
            cutInside(span, at: event.at)
        }
        places[event.id] = Place(
            span: span,
            around: span.flatMap { all[$0].parent },
            iteration: span.flatMap { all[$0].iteration }
        )
    }

    /// Ends what is still open in the branches of a Parallel or Map that has failed, or begins again.
    private mutating func cutInside(_ outer: Int, at time: Timestamp) {
        var inside: Set<Int> = [outer]
        for index in (outer + 1)..<all.endIndex where inside.contains(all[index].parent ?? -1) {
            inside.insert(index)
            if all[index].endedAt == nil { cut(index, all[index].error == nil ? .aborted : .failed, at: time) }
        }
    }

    private mutating func happen(_ event: OutlinedEvent, in before: Place) {
        var before = before
        // What follows a redrive may name an event of long ago.
        if before.span == nil { before.span = cutOff.last }
        if let span = before.span {
            if cutOff.contains(span) { reopen(span) }
            switch event.type.kind {
            case .schedules: all[span].attempts.append(Span.Attempt(start: event.at))
            case .endsWork: endWork(event, in: span)
            default: if event.type.isFailure { fail(span, event) }
            }
        }
        places[event.id] = before
    }

    private mutating func endWork(_ event: OutlinedEvent, in span: Int) {
        if event.type.isFailure { fail(span, event) }
        guard let last = all[span].attempts.indices.last else { return }
        all[span].attempts[last].end = event.at
        all[span].attempts[last].error = event.error
        all[span].attempts[last].hasFailed = event.type.isFailure
    }

    private mutating func fail(_ span: Int, _ event: OutlinedEvent) {
        all[span].error = event.error ?? all[span].error ?? ""
        all[span].failure = event.id
    }

    private mutating func end(_ event: OutlinedEvent, at before: Place) {
        error = event.error
        var failing: Set<Int> = []
        var span = before.span
        while let index = span {
            failing.insert(index)
            span = all[index].parent
        }
        for index in all.indices where all[index].endedAt == nil {
            let isFailure = event.type == .executionFailed && failing.contains(index)
            if isFailure, all[index].error == nil { fail(index, event) }
            cut(index, isFailure || all[index].error != nil ? .failed : .aborted, at: event.at)
            cutOff.insert(index)
        }
        places[event.id] = Place()
    }

    private mutating func goOn(_ event: OutlinedEvent) {
        error = nil
        places[event.id] = Place(span: cutOff.last, around: cutOff.last.flatMap { all[$0].parent })
    }

    private mutating func cut(_ span: Int, _ outcome: Span.Outcome, at time: Timestamp) {
        all[span].outcome = outcome
        all[span].endedAt = time
        for index in all[span].attempts.indices where all[span].attempts[index].end == nil {
            all[span].attempts[index].end = time
        }
    }

    /// A span that a redrive goes on with, and those around it.
    private mutating func reopen(_ span: Int) {
        var next: Int? = span
        while let index = next {
            all[index].outcome = .running
            all[index].endedAt = nil
            all[index].error = nil
            cutOff.remove(index)
            next = all[index].parent
        }
    }
}

/// Spans in the order in which they were cut off.
private struct CutOffSpans: Sendable {
    private var order: [Int] = []
    private var members: Set<Int> = []

    /// The one that was cut off last, of those that nobody has gone on with.
    var last: Int? { order.last }

    func contains(_ span: Int) -> Bool { members.contains(span) }

    mutating func insert(_ span: Int) {
        if members.insert(span).inserted { order.append(span) }
    }

    mutating func remove(_ span: Int) {
        members.remove(span)
        while let last = order.last, !members.contains(last) { order.removeLast() }
    }
}
