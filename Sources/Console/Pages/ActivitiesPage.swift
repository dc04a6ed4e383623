import Expressions
import Hummingbird
import JSON
import Server
import Store

/// The activities: whose tasks wait, and whether anybody asks for them.
enum ActivitiesPage {
    private struct Row {
        let address: String
        let name: String
        let waiting: String
        let oldest: String?
        let pollers: Int
        /// Somebody waits, and nobody asks.
        let isStuck: Bool
        let created: Moment
    }

    private struct Model {
        let rows: [Row]
        let create: String?
        let next: String?
    }

    private static let pageSize = 100
    private static let mostCounted = 2000

    static func answer(_ visit: Visit) async throws -> Response {
        try visit.require("ListActivities", on: nil)
        let (store, texts) = (visit.store, visit.texts)
        let page = try await store.activities(limit: pageSize, after: visit.address.query.filled("after"))
        let figures = try await store.activityFigures(page.activities.map(\.name), upTo: mostCounted)
        let now = try await store.databaseTime()
        let rows = page.activities.map { activity in
            let figure = figures[activity.name] ?? ActivityFigures()
            return Row(
                address: Address.of(["activities", activity.name]),
                name: activity.name,
                waiting: texts.count(QueueFigures.Count(figure.waiting, isAtLeast: figure.isAtLeast)),
                oldest: figure.oldest.map { texts.duration(from: $0, to: now) },
                pollers: figure.pollers,
                isStuck: figure.waiting > 0 && figure.pollers == 0,
                created: Moment(activity.createdAt)
            )
        }
        let model = Model(
            rows: rows,
            create: visit.caller?.may("CreateActivity") == true ? Address.of(["activities"]) : nil,
            next: page.next.map { visit.address(with: ["after": $0]) }
        )
        return visit.page("activities", model, title: texts("nav.activities"))
    }

    /// Creates one.
    static func create(_ visit: Visit) async throws -> Response {
        let name = try await RequestBody.fields(of: visit.request)["name"] ?? ""
        try await visit.perform("CreateActivity", on: visit.store.settings.activityARN(name), ["name": .string(name)])
        return .goOn(to: Address.of(["activities", name]))
    }
}

/// One activity, and the tasks that wait for somebody to ask for them.
struct ActivityPage {
    let visit: Visit
    let name: String

    private struct Row {
        let address: String
        let execution: String
        let machine: String
        let state: String
        let since: Moment
        let deadline: Moment?
    }

    private struct Model {
        let name: String
        let arn: String
        let created: Moment
        let waiting: String
        let pollers: Int
        let isStuck: Bool
        let command: String
        let rows: [Row]
        let isCut: Bool
        let delete: String?
        let question: String
    }

    private static let mostRows = 50
    private static let mostCounted = 20_000

    func answer() async throws -> Response {
        // Rights go by names: one that is an ARN would have rights of its own.
        guard !name.contains(":") else { throw APIError.noSuchPage }
        try visit.require("DescribeActivity", on: name)
        let (store, texts) = (visit.store, visit.texts)
        let activity = try await store.activity(name)
        let figures = try await store.activityFigures([name], upTo: Self.mostCounted)[name] ?? ActivityFigures()
        // Whose executions they are is not for everybody to see.
        let tasks = try await store.waitingTasks(ofActivity: name, limit: Self.mostRows)
            .filter { visit.may("ListExecutions", on: ExecutionRow.owner(of: $0.stateMachine)) }
        let rows = tasks.map { task in
            Row(
                address: ExecutionRow.address(machine: task.stateMachine, name: task.execution),
                execution: task.execution,
                machine: task.stateMachine,
                state: task.state,
                since: Moment(task.since),
                deadline: task.deadline.map(Moment.init)
            )
        }
        let model = Model(
            name: name,
            arn: activity.arn,
            created: Moment(activity.createdAt),
            waiting: texts.count(QueueFigures.Count(figures.waiting, isAtLeast: figures.isAtLeast)),
            pollers: figures.pollers,
            isStuck: figures.waiting > 0 && figures.pollers == 0,
            command: "aws stepfunctions get-activity-task --activity-arn \(ShellCommand.quoted(activity.arn))",
            rows: rows,
            isCut: figures.waiting > rows.count,
            delete: visit.may("DeleteActivity", on: name) ? Address.of(["activities", name, "delete"]) : nil,
            question: texts("activities.question", ["name": name])
        )
        return visit.page("activity", model, title: name)
    }

    /// Deletes it.
    func delete() async throws -> Response {
        let arn = visit.store.settings.activityARN(name)
        try await visit.perform("DeleteActivity", on: arn, ["activityArn": .string(arn)])
        return .goOn(to: Address.of(["activities"]))
    }
}
