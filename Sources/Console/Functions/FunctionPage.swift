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
        let function: String
        let functionAddress: String
        /// nil: of the function as it is now.
        let version: String?
        let settings: [Setting]
        let form: FunctionForm.Model?
        let release: FunctionRelease.Model?
        let schedules: [ScheduleRow]
        let hasSchedules: Bool
        let schedule: String?
        let calls: ExecutionTable?
        let invoke: String?
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

    func answer() async throws -> Response {
        guard visit.may("ListFunctions", on: name) else { throw visit.denied("lambda:ListFunctions") }
        let now = try await visit.store.databaseTime()
        let standings = try await FunctionStanding.all(visit)
        guard let standing = standings.first(where: { $0.name == name }) else {
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
        let function = FunctionStanding.base(of: name)
        let isVersion = function != name
        let model = Model(
            name: name,
            figures: FunctionFigures(standing, texts),
            workers: workers,
            hasWorkers: !workers.isEmpty,
            function: function,
            functionAddress: Address.of(["functions", function]),
            version: isVersion ? String(name.dropFirst(function.count + 1)) : nil,
            settings: settings(standing.settings ?? FunctionSettings()),
            form: isVersion ? nil : FunctionForm(visit: visit, name: name).model(standing.settings),
            release: try await FunctionRelease(visit: visit, name: name).model(standings),
            schedules: schedules.map { ScheduleRow($0, texts) },
            hasSchedules: !schedules.isEmpty,
            schedule: visit.may("InvokeFunction", on: name) && visit.caller?.may("CreateSchedule") == true
                ? Address.of(["new", "schedule"], [("function", name)]) : nil,
            calls: try await calls(),
            invoke: visit.may("InvokeFunction", on: name) && !standing.workers.isEmpty
                ? Address.of(["functions", name, "invoke"]) : nil
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
        return visit.piece("invocation", try await invoke(payload, isEvent: fields["kind"] == "event"))
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
