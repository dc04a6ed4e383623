import Hummingbird
import JSON
import Server
import Store

/// One function: who offers it and how much it has to do, what is set for it, what calls it, and a call by hand.
struct FunctionPage {
    let visit: Visit
    let name: String

    private struct Worker {
        let name: String
        let host: String
        let inHand: Int
        let slots: Int
        let version: String
        let seen: String
    }

    private struct Setting {
        let name: String
        let value: String
        let address: String?
    }

    private struct Model {
        let name: String
        let figures: FunctionFigures
        let workers: [Worker]
        let hasWorkers: Bool
        let settings: [Setting]
        let command: String
        let schedules: [ScheduleRow]
        let hasSchedules: Bool
        let schedule: String?
        let calls: ExecutionTable?
        let invoke: String?
        let payload: String
        let outcome: Outcome?
    }

    /// What became of a call.
    struct Outcome {
        let status: String
        let tone: String
        let took: String
        let execution: String
        let blocks: [JSONBlock]
        let printed: String?
        let refusal: String?
    }

    /// How long a page waits for an answer. The call goes on without it.
    private static let patience: Duration = .seconds(60)

    private var texts: Texts { visit.texts }

    func answer() async throws -> Response { try await page(payload: "{}", outcome: nil) }

    private func page(payload: String, outcome: Outcome?) async throws -> Response {
        guard visit.may("ListFunctions", on: name) else { throw visit.denied("lambda:ListFunctions") }
        let now = try await visit.store.databaseTime()
        guard let standing = try await FunctionStanding.all(visit).first(where: { $0.name == name }) else {
            throw APIError("NotFound", texts("functions.missing", ["name": name]), status: 404)
        }
        let schedules = try await visit.store.schedules(ofFunction: name)
            .filter { visit.may("ListSchedules", on: $0.name) }
        let workers = standing.workers.map { worker in
            Worker(
                name: worker.record.name,
                host: worker.record.host,
                inHand: worker.record.inHand,
                slots: worker.record.slots,
                version: worker.record.version,
                seen: texts.duration(from: worker.seenAt, to: now)
            )
        }
        let model = Model(
            name: name,
            figures: FunctionFigures(standing, texts),
            workers: workers,
            hasWorkers: !workers.isEmpty,
            settings: settings(standing.settings ?? FunctionSettings()),
            command: "stepwell functions put \(name)",
            schedules: schedules.map { ScheduleRow($0, texts) },
            hasSchedules: !schedules.isEmpty,
            schedule: visit.may("InvokeFunction", on: name) && visit.caller?.may("CreateSchedule") == true
                ? Address.of(["new", "schedule"], [("function", name)]) : nil,
            calls: try await calls(),
            invoke: visit.may("InvokeFunction", on: name) && !standing.workers.isEmpty
                ? Address.of(["functions", name, "invoke"]) : nil,
            payload: payload,
            outcome: outcome
        )
        return visit.page("function", model, title: name)
    }

    private func settings(_ settings: FunctionSettings) -> [Setting] {
        func setting(_ key: String, _ value: String, _ address: String? = nil) -> Setting {
            Setting(name: texts("functions.\(key)"), value: value, address: address)
        }
        func destination(_ key: String, _ destination: Destination?) -> Setting {
            switch destination {
            case .function(let name): setting(key, name, Address.of(["functions", name]))
            case .stateMachine(let name): setting(key, name, Address.of(["machines", name]))
            case nil: setting(key, "–")
            }
        }
        return [
            setting("retries", "\(settings.retries)"),
            setting("maximumAge", texts.duration(microseconds: Int64(settings.maximumAge) * 1_000_000)),
            destination("onSuccess", settings.onSuccess), destination("onFailure", settings.onFailure),
            setting("reserved", settings.reserved.map { texts.count($0) } ?? "–"),
            setting("rate", settings.rate.map(\.plainText) ?? "–"), setting("fairKey", settings.fairKey ?? "–"),
            setting("priority", settings.priority ?? "–"),
        ]
    }

    /// The newest calls that come from no state machine: each of them is an execution of its own.
    private func calls() async throws -> ExecutionTable? {
        guard visit.may("ListExecutions", on: nil) else { return nil }
        var found: [ExecutionSummary] = []
        for kind in [InvocationKind.event, .logged, .request] {
            // Of a version, whose number stands behind a colon.
            let machine = "\(kind.rawValue) \(name.replacing(":", with: "."))"
            found += try await visit.store.latestExecutions(ofStateMachine: machine, limit: 10).elements.map(\.summary)
        }
        let newest = found.sorted { $0.startedAt > $1.startedAt }.prefix(10)
        return ExecutionTable(Array(newest), now: try await visit.store.databaseTime(), texts)
    }

    /// Calls it with the event that was sent.
    func invoke() async throws -> Response {
        let fields = try await RequestBody.fields(of: visit.request)
        let payload = fields.text("payload")
        let outcome = try await invoke(payload, isEvent: fields["kind"] == "event")
        if visit.isFromScript { return visit.piece("invocation", outcome) }
        return try await page(payload: payload, outcome: outcome)
    }

    private func invoke(_ payload: String, isEvent: Bool) async throws -> Outcome {
        let started = ContinuousClock.now
        let invocation: LocalAPI.Invocation
        do {
            invocation = try await visit.invoke(name, payload: payload, patience: isEvent ? nil : Self.patience)
        } catch let error as APIError where error.status < 500 {
            return Outcome(
                status: texts("functions.refused"),
                tone: "failed",
                took: "",
                execution: "",
                blocks: [],
                printed: nil,
                refusal: error.message
            )
        }
        let (seconds, attoseconds) = started.duration(to: .now).components
        let took = texts.duration(microseconds: seconds * 1_000_000 + attoseconds / 1_000_000_000_000)
        let names = Settings.executionNames(invocation.execution)
        let address = names.map { ExecutionRow.address(machine: $0.machine, name: $0.execution) } ?? ""
        guard let answer = invocation.answer else {
            return Outcome(
                status: texts(isEvent ? "functions.accepted" : "functions.goesOn"),
                tone: isEvent ? "succeeded" : "running",
                took: took,
                execution: address,
                blocks: [],
                printed: nil,
                refusal: nil
            )
        }
        return Outcome(
            status: texts(answer.hasFailed ? "status.FAILED" : "status.SUCCEEDED"),
            tone: answer.hasFailed ? "failed" : "succeeded",
            took: took,
            execution: address,
            blocks: [JSONBlock(texts("execution.output"), answer.payload, whole: "")],
            printed: answer.printed.isEmpty ? nil : answer.printed,
            refusal: nil
        )
    }
}
