import Foundation
import Hummingbird
import JSON
import Server
import StatesLanguage
import Store

/// One state machine: its graph with how its states have fared, its definition, its versions, and what it ran last.
struct MachinePage {
    let visit: Visit
    let name: String

    private struct Tag {
        let key: String
        let value: String
    }

    private struct Model {
        let name: String
        let arn: String
        let type: String
        let updated: Moment
        /// The version that is shown, if it is one.
        let version: Int?
        let current: String
        let description: String?
        let isDeleting: Bool
        let logging: String?
        let isTraced: Bool
        let tags: [Tag]
        let drawing: MachineDrawing?
        let figures: String?
        let definition: DefinitionText
        let release: MachineRelease.Model
        let table: ExecutionTable
        let mayLackOlder: Bool
        let allExecutions: String?
        let start: String?
        let edit: String?
        let schedule: String?
    }

    private static let shownExecutions = 15

    private var arn: String { visit.store.settings.stateMachineARN(name) }

    func answer() async throws -> Response {
        try visit.require("DescribeStateMachine", on: name)
        let (store, texts) = (visit.store, visit.texts)
        let version = visit.address.query.filled("version").flatMap { Int32($0) }
        guard let details = try await store.machineDetails(name, version: version) else {
            throw APIError("NotFound", texts("machines.missing", ["name": name]), status: 404)
        }
        let maySee = visit.may("ListExecutions", on: name)
        var latest = LatestExecutions()
        if maySee {
            latest = try await store.latestExecutions(ofStateMachine: name, limit: StateFigures.mostExecutions)
        }
        var figures: StateFigures?
        if let version { latest.elements.removeAll { $0.summary.version != Int(version) } }
        if visit.may("GetExecutionHistory", on: name), !latest.elements.isEmpty {
            figures = try await StateFigures.load(latest, from: store)
        }
        let definition = Definition(parsing: details.definition, type: details.type)
        var drawing: MachineDrawing?
        if let machine = definition.machine {
            drawing = await MachineDrawing.of(machine, visit, address: "#definition") { figures?.look($0, texts) }
        }
        let logging = details.configuration["loggingConfiguration"]?["level"]?.string
        let model = Model(
            name: name,
            arn: arn,
            type: details.type.rawValue,
            updated: Moment(version == nil ? details.updatedAt : details.createdAt),
            version: version.map(Int.init),
            current: Address.of(["machines", name]),
            description: details.description,
            isDeleting: details.isDeleting,
            logging: logging == "OFF" ? nil : logging,
            isTraced: details.configuration["tracingConfiguration"]?["enabled"]?.bool == true,
            tags: try await store.tags(of: "stateMachine:\(name)").map { Tag(key: $0.key, value: $0.value) },
            drawing: drawing,
            figures: figures.map { texts("figures.of", ["count": texts.count($0.executions)]) },
            definition: DefinitionText(details.definition, Finding.all(of: definition)),
            release: try await MachineRelease(visit: visit, name: name).model(),
            table: ExecutionTable(
                latest.elements.prefix(Self.shownExecutions).map(\.summary),
                now: try await store.databaseTime(),
                texts,
                saysMachine: false
            ),
            mayLackOlder: latest.mayLackOlder,
            allExecutions: maySee ? Address.of(["executions"], [("machine", name)]) : nil,
            start: visit.may("StartExecution", on: name) ? Address.of(["machines", name, "start"]) : nil,
            edit: version == nil ? Address.of(["machines", name, "edit"]) : nil,
            schedule: visit.may("StartExecution", on: name) && visit.caller?.may("CreateSchedule") == true
                ? Address.of(["new", "schedule"], [("machine", name)]) : nil
        )
        return visit.page("machine", model, title: name)
    }

    /// Starts an execution with the input that was sent.
    func start() async throws -> Response {
        let fields = try await RequestBody.fields(of: visit.request)
        let execution = fields.filled("name") ?? UUID().uuidString.lowercased()
        let arguments: JSONObject = [
            "stateMachineArn": .string(arn), "name": .string(execution),
            "input": .string(fields.filled("input") ?? "{}"),
        ]
        let subject = visit.store.settings.executionARN(machine: name, execution: execution)
        let answer = try await visit.perform("StartExecution", on: subject, arguments)
        // Of an express execution the end of the ARN is all there is.
        guard let started = answer["executionArn"]?.string, started == subject else {
            return .goOn(to: Address.of(["machines", name]))
        }
        return .goOn(to: ExecutionRow.address(machine: name, name: execution))
    }
}
