import Expressions
import JSON
import Postgres
import StatesLanguage
import Store

extension BranchStanding {
    /// The state that it is in, as tables show it.
    var place: String {
        if case .timesOut = reason { return "(execution)" }
        return state
    }

    /// Why the branch stands where it stands, as a sentence.
    func sentence(at now: Timestamp) -> String {
        reason.sentence(enteredAt: enteredAt, now: now) + limits(at: now) + suspicion
    }

    /// What it means that workers were lost with it.
    private var suspicion: String {
        guard isSuspect else { return "" }
        guard losses > 0 else {
            return "; a worker was lost with it, so it runs beside others of which the same is true"
        }
        return "; a worker was lost with it again, so it runs alone, and \(losses) of its 3 losses are used up"
    }

    /// Until when it may wait.
    private func limits(at now: Timestamp) -> String {
        switch reason {
        case .waitsForAnswer, .waitsForActivity, .waitsForExecution, .startsExecution:
            [
                heartbeatDue.map { "; the next sign of life is due by \($0.displayText(from: now))" },
                deadline.map { "; times out at \($0.displayText(from: now))" },
            ]
            .compactMap(\.self).joined()
        default: ""
        }
    }

    func json(at now: Timestamp) -> JSONValue {
        var object: JSONObject = [
            "state": .string(state), "status": .string(status), "explanation": .string(sentence(at: now)),
        ]
        switch reason {
        case .timesOut(let time), .sleeps(let time), .retries(_, let time): object["runsAt"] = .string("\(time)")
        case .noWorker(let function): object["function"] = function.map(JSONValue.string)
        case .workersBusy(let workers):
            object["workers"] = .array(
                workers.map { ["name": .string($0.name), "obstacle": .string($0.obstacle.rawValue)] }
            )
        case .unknownPhase(let phase): object["phase"] = .string(phase)
        case .locked(let session): object["pid"] = .number(JSONNumber(session.pid))
        case .ready(let since): object["readySince"] = .string("\(since)")
        case .leased(let worker, let until, let function):
            object["function"] = function.map(JSONValue.string)
            object["leaseUntil"] = .string("\(until)")
            object["worker"] = worker.map(JSONValue.string)
        case .runsInMemory(let worker, let until):
            object["leaseUntil"] = .string("\(until)")
            object["worker"] = worker.map(JSONValue.string)
        case .leaseOver(let worker, let since):
            object["leaseUntil"] = .string("\(since)")
            object["worker"] = worker.map(JSONValue.string)
        case .waitsForActivity(let activity, let pollers):
            object["activity"] = .string(activity)
            object["pollers"] = .number(JSONNumber(pollers))
        case .startsExecution(let attempts, let again):
            object["attempts"] = .number(JSONNumber(attempts))
            object["runsAt"] = again.map { .string("\($0)") }
        case .joins(let left, let notBegun):
            object["childrenLeft"] = .number(JSONNumber(left))
            object["childrenNotBegun"] = .number(JSONNumber(notBegun))
        case .mapRun(let run, _, let concurrency):
            object["mapRun"] = .string(run.description)
            object["maxConcurrency"] = concurrency.map { .number(JSONNumber($0)) }
        case .waitsForAnswer, .waitsForExecution: break
        }
        if let enteredAt { object["enteredAt"] = .string("\(enteredAt)") }
        if let deadline { object["deadline"] = .string("\(deadline)") }
        if let heartbeatDue { object["heartbeatDue"] = .string("\(heartbeatDue)") }
        object["retryCount"] = .number(JSONNumber(retryCount))
        if isSuspect { object["losses"] = .number(JSONNumber(losses)) }
        return .object(object)
    }
}

extension BranchStanding.Reason {
    var tone: Style.Tone? {
        switch self {
        case .noWorker, .unknownPhase, .locked, .leaseOver: .bad
        case .workersBusy: .attention
        default: nil
        }
    }

    fileprivate func sentence(enteredAt: Timestamp?, now: Timestamp) -> String {
        let since = enteredAt.map { " since \($0.displayText)" } ?? ""
        switch self {
        case .timesOut(let time): return "TimeoutSeconds ends the execution at \(time.displayText(from: now))"
        case .sleeps(let time): return "waits until \(time.displayText(from: now))"
        case .retries(let number, let time): return "retry \(number) at \(time.displayText(from: now))"
        case .noWorker(nil): return "no worker lives"
        case .noWorker(let function?): return Self.missing(function)
        case .workersBusy(let workers):
            return "no worker that could take it did when last seen: "
                + workers.map { "\($0.name.printable) \($0.obstacle.sentence)" }.joined(separator: "; ")
        case .unknownPhase(let phase):
            return
                "this version can't run it (phase \(phase.printable)): its workers give it back, newer ones may know it"
        case .locked(let session): return "\(session.sentence) has its row"
        case .ready(let time): return "ready since \(time.displayText); a worker takes it with its next claim"
        case .leased(let worker, let until, let function):
            let work = function.map { "\($0.printable) runs" } ?? "it is being advanced"
            let left = until.distance(since: now)
            return "\(work) on worker \(worker?.printable ?? "unknown"), whose lease ends in \(left)"
        case .runsInMemory(let worker, let until):
            let left = until.distance(since: now)
            return
                "it is express and runs in the memory of worker \(worker?.printable ?? "unknown"), whose lease ends in"
                + " \(left)"
        case .leaseOver(let worker, let time):
            return "worker \(worker?.printable ?? "unknown") has let its lease run out at \(time.displayText): another"
                + " one takes it over"
        case .waitsForAnswer: return "waits for an answer with its task token\(since)"
        case .waitsForActivity(let activity, let pollers):
            let who = pollers == 0 ? "nobody does" : "\(pollers) wait for one"
            return "waits\(since) for somebody to ask for tasks of activity \(activity.printable); \(who)"
        case .startsExecution(0, _): return "the execution that it starts is about to be started"
        case .startsExecution(let attempts, let again):
            let next = again.map { "; again at \($0.displayText(from: now))" } ?? ""
            return "the execution that it starts was tried to be started \(attempts) times\(next)"
        case .waitsForExecution: return "waits for the end of the execution that it has started\(since)"
        case .joins(let left, let notBegun):
            let rest =
                notBegun == 0 ? "" : ", of which \(notBegun) begin when others have ended: no more may run at once"
            return "waits for \(left) \(left == 1 ? "branch" : "branches") to finish" + rest
        case .mapRun(_, nil, _): return "its map run reads the items"
        case .mapRun(_, let items?, let concurrency):
            let limit = concurrency.map { ", at most \($0) children at once" } ?? ""
            return "its map run works on \(items) \(items == 1 ? "item" : "items")" + limit
        }
    }

    private static func missing(_ function: String) -> String {
        switch function {
        case "service:storage": "no live worker has object storage"
        case _ where function.hasPrefix("service:"):
            "no live worker has an endpoint for the service \(function.dropFirst("service:".count).printable)"
        default: "no live worker offers \(function.printable)"
        }
    }
}

extension BranchStanding.BusyWorker.Obstacle {
    /// What stands behind the worker's name.
    fileprivate var sentence: String {
        switch self {
        case .full: "had its hands full"
        case .runsAlone: "ran what a worker was lost with, and nothing else"
        case .functionLimit: "had as many calls of the function as it allows itself at once"
        case .reservedConcurrency: "had used up its share of the function's reserved concurrency (all workers together)"
        case .rateLimit: "had used up its share of the calls of the function that may begin in a second"
        case .lateHandlers: "had too many calls of the function that go on although they timed out"
        }
    }
}

extension TableLock {
    var sentence: String { "\(session.sentence) has locked the table \(table) (\(mode)): workers can't write it" }

    var json: JSONValue {
        ["table": .string(table), "mode": .string(mode), "session": session.json]
    }
}

extension Session {
    /// `session 4711 (psql), in a transaction since …,`
    var sentence: String {
        let name = application.isEmpty ? "" : " (\(application.printable))"
        return "session \(pid)\(name), in a transaction since \(since.displayText),"
    }

    var json: JSONValue {
        ["pid": .number(JSONNumber(pid)), "application": .string(application), "since": .string("\(since)")]
    }
}

extension Timestamp {
    /// `2026-11-23 14:03:20 UTC, in 3 min 20 s`
    fileprivate func displayText(from now: Timestamp) -> String {
        self > now ? "\(displayText), in \(distance(since: now))" : displayText
    }
}

extension StringProtocol {
    fileprivate var printable: String { String(self).printable }
}
