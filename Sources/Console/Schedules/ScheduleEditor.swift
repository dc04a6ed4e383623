import Hummingbird
import JSON
import Schedules
import Server
import Store

/// Where a schedule is made or changed, with the times at which it would be due.
struct ScheduleEditor {
    let visit: Visit
    /// nil: of one that is to be.
    let name: String?

    private struct Choice {
        let value: String
        let text: String
        let isChosen: Bool
    }

    private struct Model {
        let name: String?
        let address: String
        let back: String
        let expression: String
        let zone: String
        let kinds: [Choice]
        let target: String
        let machines: [String]
        let input: String
        let overlaps: [Choice]
        let catchUp: String
        let starts: String
        let ends: String
        let description: String
        let deletesItself: Bool
    }

    private static let previewedTimes = 10

    private var texts: Texts { visit.texts }

    private var address: String {
        name.map { Address.of(["schedules", $0, "edit"]) } ?? Address.of(["new", "schedule"])
    }

    func answer() async throws -> Response {
        guard let name else {
            guard visit.caller?.may("CreateSchedule") == true else { throw visit.denied("scheduler:CreateSchedule") }
            let query = visit.address.query
            if let function = query.filled("function") {
                return try await page(ScheduleForm(["kind": "function", "target": function]))
            }
            return try await page(ScheduleForm(["target": query["machine"] ?? ""]))
        }
        guard visit.may("UpdateSchedule", on: name) else { throw visit.denied("scheduler:UpdateSchedule") }
        return try await page(ScheduleForm(try await visit.store.schedule(name).settings))
    }

    /// Looks at what was written, or makes it so.
    func act() async throws -> Response {
        let fields = try await RequestBody.fields(of: visit.request)
        let form = ScheduleForm(fields)
        guard fields["do"] == "save" else { return visit.piece("scheduleTimes", try await preview(form)) }
        return try await save(form, as: fields["name"] ?? "")
    }

    private func preview(_ form: ScheduleForm) async throws -> ScheduleTimes {
        let settings = try form.settings(texts)
        let now = try await visit.store.databaseTime()
        let first = try? settings.timing().first(from: now, since: now)
        return ScheduleTimes(settings, from: first, since: now, count: Self.previewedTimes)
    }

    private func save(_ form: ScheduleForm, as newName: String) async throws -> Response {
        let name = self.name ?? newName
        let action = self.name == nil ? "CreateSchedule" : "UpdateSchedule"
        let detail: JSONValue = [
            "ScheduleExpression": .string(String(form["expression"].prefix(256))),
            "Target": .string(String(form["target"].prefix(256))),
        ]
        try await visit.carryOut(action, of: "scheduler", on: name, detail: detail) {
            var settings = try form.settings(texts)
            try visit.require(settings.target)
            guard self.name != nil else {
                settings.isEnabled = form["paused"].isEmpty
                _ = try await visit.store.createSchedule(name, settings)
                return
            }
            _ = try await visit.store.updateSchedule(name) { [settings] in
                let isEnabled = $0.isEnabled
                $0 = settings
                $0.isEnabled = isEnabled
            }
        }
        return .goOn(to: Address.of(["schedules", name]))
    }

    private func page(_ form: ScheduleForm) async throws -> Response {
        let machines = try await visit.store.listStateMachines(after: nil, limit: 200).elements
        let model = Model(
            name: name,
            address: address,
            back: Address.of(["schedules"] + (name.map { [$0] } ?? [])),
            expression: form["expression"],
            zone: form["zone"],
            kinds: ["machine", "function"]
                .map { Choice(value: $0, text: texts("schedules.\($0)"), isChosen: $0 == form["kind"]) },
            target: form["target"],
            machines: machines.map(\.name).filter { visit.may("StartExecution", on: $0) },
            input: form["input"],
            overlaps: ScheduleOverlap.allCases.map {
                Choice(
                    value: $0.rawValue,
                    text: texts("overlap.\($0.rawValue)"),
                    isChosen: $0.rawValue == form["overlap"]
                )
            },
            catchUp: form["catchUp"],
            starts: form["starts"],
            ends: form["ends"],
            description: form["description"],
            deletesItself: !form["deletes"].isEmpty
        )
        return visit.page("scheduleEditor", model, title: name ?? texts("schedules.new"))
    }
}
