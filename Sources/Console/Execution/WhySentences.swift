import Expressions
import Store

/// Why a branch stands where it stands, in the reader's language.
struct WhyLine: Hashable {
    let place: String
    let sentence: String
    let tone: String

    init(_ branch: BranchStanding, now: Timestamp, _ texts: Texts) {
        if case .timesOut = branch.reason { place = texts("why.execution") } else { place = branch.state }
        var sentence = branch.reason.sentence(enteredAt: branch.enteredAt, now: now, texts)
        if branch.reason.waitsForAnAnswer {
            if let time = branch.heartbeatDue {
                sentence += texts("why.heartbeat", ["time": texts.time(time, from: now)])
            }
            if let time = branch.deadline { sentence += texts("why.deadline", ["time": texts.time(time, from: now)]) }
        }
        if branch.isSuspect { sentence += texts("why.suspect", ["count": texts.count(branch.losses)]) }
        self.sentence = sentence
        tone = branch.reason.tone
    }

    /// Branches of which the same is to be said make one line.
    static func grouped(
        _ branches: [BranchStanding],
        now: Timestamp,
        _ texts: Texts
    ) -> [(line: WhyLine, count: Int)] {
        var counts: [WhyLine: Int] = [:]
        var lines: [WhyLine] = []
        for branch in branches {
            let line = WhyLine(branch, now: now, texts)
            if counts[line] == nil { lines.append(line) }
            counts[line, default: 0] += 1
        }
        return lines.map { ($0, counts[$0] ?? 1) }
    }
}

extension Texts {
    /// A time, and how far it is away.
    fileprivate func time(_ time: Timestamp, from now: Timestamp) -> String {
        let text = Moment(time).text
        return time > now ? self("why.in", ["time": text, "duration": duration(from: now, to: time)]) : text
    }
}

extension BranchStanding.Reason {
    fileprivate var waitsForAnAnswer: Bool {
        switch self {
        case .waitsForAnswer, .waitsForActivity, .waitsForExecution, .startsExecution: true
        default: false
        }
    }

    fileprivate var tone: String {
        switch self {
        case .noWorker, .unknownPhase, .locked, .leaseOver: "failed"
        case .workersBusy: "timed-out"
        case .leased, .runsInMemory: "running"
        default: "waiting"
        }
    }

    fileprivate func sentence(enteredAt: Timestamp?, now: Timestamp, _ texts: Texts) -> String {
        func worker(_ name: String?) -> String { name ?? texts("why.unknown") }
        func since(_ time: Timestamp?) -> String {
            time.map { texts("why.since", ["time": Moment($0).text]) } ?? ""
        }
        switch self {
        case .timesOut(let time): return texts("why.timesOut", ["time": texts.time(time, from: now)])
        case .sleeps(let time): return texts("why.sleeps", ["time": texts.time(time, from: now)])
        case .retries(let number, let time):
            return texts("why.retries", ["number": texts.count(number), "time": texts.time(time, from: now)])
        case .noWorker(nil): return texts("why.noWorkerAtAll")
        case .noWorker(let function?): return texts("why.noWorker", ["function": function])
        case .workersBusy(let workers):
            let all = workers.map { "\($0.name) (\(texts("why.\($0.obstacle.rawValue)")))" }
            return texts("why.workersBusy", ["workers": all.joined(separator: ", ")])
        case .unknownPhase(let phase): return texts("why.unknownPhase", ["phase": phase])
        case .locked(let session):
            return texts("why.locked", ["pid": "\(session.pid)", "name": session.application])
        case .ready(let time): return texts("why.ready", ["time": Moment(time).text])
        case .leased(let name, let until, let function?):
            return texts(
                "why.runs",
                [
                    "function": function, "worker": worker(name),
                    "duration": texts.duration(from: now, to: until),
                ]
            )
        case .leased(let name, let until, nil):
            return texts(
                "why.advances",
                ["worker": worker(name), "duration": texts.duration(from: now, to: until)]
            )
        case .runsInMemory(let name, let until):
            return texts(
                "why.inMemory",
                ["worker": worker(name), "duration": texts.duration(from: now, to: until)]
            )
        case .leaseOver(let name, let time):
            return texts("why.leaseOver", ["worker": worker(name), "time": Moment(time).text])
        case .waitsForAnswer: return texts("why.answer") + since(enteredAt)
        case .waitsForActivity(let activity, let pollers):
            return texts("why.activity", ["activity": activity, "count": texts.count(pollers)]) + since(enteredAt)
        case .startsExecution(let attempts, _):
            return texts("why.starts", ["count": texts.count(attempts)])
        case .waitsForExecution: return texts("why.child") + since(enteredAt)
        case .joins(let left, let notBegun):
            return texts("why.joins", ["left": texts.count(left), "waiting": texts.count(notBegun)])
        case .mapRun(_, nil, _): return texts("why.reads")
        case .mapRun(_, let items?, _): return texts("why.mapRun", ["count": texts.count(items)])
        }
    }
}
