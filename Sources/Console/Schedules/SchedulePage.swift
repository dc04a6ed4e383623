import Expressions
import Hummingbird
import JSON
import Schedules
import Server
import Store

/// One schedule: when it is due, what became of its last runs, and what can be done about it.
struct SchedulePage {
    let visit: Visit
    let name: String

    private struct Run {
        let due: Moment
        let at: Moment
        let outcome: String
        let tone: String
        let execution: String?
        let detail: String?
    }

    private struct Model {
        let row: ScheduleRow
        let arn: String
        let description: String?
        let starts: Moment?
        let ends: Moment?
        let catchUp: String
        let deletesItself: Bool
        let input: JSONBlock
        let times: ScheduleTimes
        let runs: [Run]
        let hasRuns: Bool
        let edit: String?
        let run: String?
        let pause: String?
        let resume: String?
        let delete: String?
    }

    private static let shownTimes = 10
    private static let shownRuns = 30

    private var texts: Texts { visit.texts }

    func answer() async throws -> Response {
        guard visit.may("ListSchedules", on: name) else { throw visit.denied("scheduler:ListSchedules") }
        let schedule = try await visit.store.schedule(name)
        let settings = schedule.settings
        let runs = try await visit.store.runs(ofSchedule: name, limit: Self.shownRuns).map(run)
        let mayUpdate = visit.may("UpdateSchedule", on: name)
        let mayStart = visit.may(settings.target.action.action, on: settings.target.action.subject)
        func action(_ part: String, _ isOffered: Bool) -> String? {
            isOffered ? Address.of(["schedules", name, part]) : nil
        }
        let model = Model(
            row: ScheduleRow(schedule, texts),
            arn: schedule.arn,
            description: settings.description,
            starts: settings.starts.map { Moment($0) },
            ends: settings.ends.map { Moment($0) },
            catchUp: texts.duration(microseconds: settings.catchUp * 1_000_000),
            deletesItself: settings.deletesItself,
            input: JSONBlock(texts("execution.input"), settings.input.text, whole: ""),
            times: ScheduleTimes(settings, from: schedule.nextDue, since: schedule.base, count: Self.shownTimes),
            runs: runs,
            hasRuns: !runs.isEmpty,
            edit: action("edit", mayUpdate && mayStart),
            run: action("run", mayUpdate && mayStart),
            pause: action("pause", mayUpdate && settings.isEnabled),
            resume: action("resume", mayUpdate && mayStart && !settings.isEnabled),
            delete: action("delete", visit.may("DeleteSchedule", on: name))
        )
        return visit.page("schedule", model, title: name)
    }

    private func run(_ run: ScheduleRun) -> Run {
        let tone =
            switch run.outcome {
            case .started: "succeeded"
            case .buffered: "waiting"
            case .skipped, .missed: "timed-out"
            case .failed: "failed"
            }
        return Run(
            due: Moment(run.due),
            at: Moment(run.at),
            outcome: texts("run.\(run.outcome.rawValue)"),
            tone: tone,
            execution: run.execution.flatMap(ExecutionRow.address(arn:)),
            detail: run.detail
        )
    }

    func pause() async throws -> Response {
        try await visit.carryOut("UpdateSchedule", of: "scheduler", on: name, detail: ["State": "DISABLED"]) {
            _ = try await visit.store.updateSchedule(name) { $0.isEnabled = false }
        }
        return .goOn(to: Address.of(["schedules", name]))
    }

    func resume() async throws -> Response {
        try await visit.carryOut("UpdateSchedule", of: "scheduler", on: name, detail: ["State": "ENABLED"]) {
            try await requireTarget()
            _ = try await visit.store.updateSchedule(name) { $0.isEnabled = true }
        }
        return .goOn(to: Address.of(["schedules", name]))
    }

    /// Starts what it starts, now.
    func runNow() async throws -> Response {
        try await visit.carryOut("UpdateSchedule", of: "scheduler", on: name, detail: ["RunNow": true]) {
            try await requireTarget()
            let run = try await visit.store.runSchedule(name)
            guard run.outcome == .started else { throw APIError.validation(run.detail ?? run.outcome.rawValue) }
        }
        return .goOn(to: Address.of(["schedules", name]))
    }

    func delete() async throws -> Response {
        try await visit.carryOut("DeleteSchedule", of: "scheduler", on: name) {
            try await visit.store.deleteSchedule(name)
        }
        return .goOn(to: Address.of(["schedules"]))
    }

    private func requireTarget() async throws {
        try visit.require(try await visit.store.schedule(name).settings.target)
    }
}

extension Visit {
    /// - Throws: unless they may start themselves what a schedule is to start for them.
    func require(_ target: ScheduleTarget) throws(APIError) {
        let (service, action, subject) = target.action
        guard may(action, on: subject) else { throw denied("\(service):\(action)", on: subject) }
    }
}

/// When a schedule will be due.
struct ScheduleTimes {
    struct Time {
        let moment: Moment
        /// In the schedule's own zone.
        let local: String
    }

    let zone: String
    let times: [Time]
    let hasTimes: Bool
    /// Why that can't be said.
    let problem: String?

    init(_ settings: ScheduleSettings, from first: Timestamp?, since base: Timestamp, count: Int) {
        do throws(StoreError) {
            let timing = try settings.timing()
            times = timing.times(from: first, since: base, count)
                .map { Time(moment: Moment($0), local: timing.zone.text(of: $0)) }
            zone = timing.zone.name
            problem = nil
        } catch {
            (times, zone, problem) = ([], settings.timeZone, "\(error)")
        }
        hasTimes = !times.isEmpty
    }
}
