import Foundation
import Hummingbird
import JSON
import Server
import StatesLanguage
import Store

/// One state machine: its graph, its definition, its versions, and what it ran last.
struct MachinePage {
    let visit: Visit
    let name: String

    private struct Line {
        let number: Int
        let text: String
        let finding: String?
        let tone: String
    }

    private struct Version {
        let number: Int
        let created: Moment
    }

    private struct Alias {
        let name: String
        let routes: String
    }

    private struct Model {
        let name: String
        let arn: String
        let type: String
        let updated: Moment
        let picture: GraphPicture?
        let findings: [String]
        let lines: [Line]
        let isCut: Bool
        let versions: [Version]
        let aliases: [Alias]
        let table: ExecutionTable
        let allExecutions: String
        let start: String?
    }

    /// As much of a definition as a page shows.
    private static let mostLines = 2000

    private var arn: String { visit.store.settings.stateMachineARN(name) }

    func answer() async throws -> Response {
        try visit.require("DescribeStateMachine", on: name)
        let (store, texts) = (visit.store, visit.texts)
        guard let details = try await store.machineDetails(name) else {
            throw APIError("NotFound", texts("machines.missing", ["name": name]), status: 404)
        }
        let definition = Definition(parsing: details.definition, type: details.type)
        var picture: GraphPicture?
        if let machine = definition.machine {
            let graph = MachineGraph(machine)
            let look = { (_: String, kind: MachineGraph.Kind) in (tone: "plain", note: texts("kind.\(kind.rawValue)")) }
            picture = await visit.console.layouts.layout(of: graph)
                .map { GraphPicture(graph, $0, chosen: nil, look: look) { "#\($0)" } }
        }
        var filter = ExecutionFilter()
        filter.stateMachine = name
        let maySee = visit.may("ListExecutions", on: name)
        let executions = maySee ? try await store.executions(filter, limit: 15).executions : []
        let lines = details.definition.split(separator: "\n", omittingEmptySubsequences: false)
        let model = Model(
            name: name,
            arn: arn,
            type: details.type.rawValue,
            updated: Moment(details.updatedAt),
            picture: picture,
            findings: definition.diagnostics.prefix(50).map { "\($0.location): \($0.message)" },
            lines: lines.prefix(Self.mostLines).enumerated()
                .map { Line(number: $0 + 1, text: String($1.prefix(2000)), finding: nil, tone: "plain") },
            isCut: lines.count > Self.mostLines,
            versions: try await store.versions(ofStateMachine: name, before: nil, limit: 20).elements
                .map { Version(number: $0.number, created: Moment($0.createdAt)) },
            aliases: try await store.aliases(ofStateMachine: name, version: nil, after: nil, limit: 20).elements
                .map { alias in
                    Alias(
                        name: alias.name,
                        routes: alias.routes.map { "\($0.version): \($0.weight) %" }.joined(separator: ", ")
                    )
                },
            table: ExecutionTable(executions, now: try await store.databaseTime(), texts),
            allExecutions: Address.of(["executions"], [("machine", name)]),
            start: visit.may("StartExecution", on: name) ? Address.of(["machines", name, "start"]) : nil
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
