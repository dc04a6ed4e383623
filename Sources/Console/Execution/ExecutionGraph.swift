import Expressions
import JSON
import Server
import StatesLanguage
import Store

/// The graph of what an execution runs, coloured by what has happened, and one state of it.
struct ExecutionGraph {
    /// A state, where there is no picture.
    struct Line {
        let address: String
        let name: String
        let kind: String
        let tone: String
        let note: String
        let depth: String
        let isChosen: Bool
    }

    let picture: GraphPicture?
    let list: [Line]?
    let listIsCut: Bool
    let panel: StatePanel?

    /// As much as a picture, or a list in place of it, takes of a page.
    private static let mostBytes = 100 << 10

    static func load(_ page: ExecutionPage, _ report: ExecutionReport) async throws -> ExecutionGraph {
        let query = page.visit.address.query
        let span = query["span"].flatMap { Int($0) }.flatMap { id in report.spans.all.first { $0.id == id } }
        let chosen = span?.state ?? query.filled("state") ?? report.interesting?.state
        var panel: StatePanel?
        if let chosen { panel = try await StatePanel.load(page, report, state: chosen, span: span) }
        guard let details = try await page.store.machineDetails(ofExecution: page.arn),
            let machine = Definition(parsing: details.definition, type: details.type).machine
        else { return ExecutionGraph(picture: nil, list: [], listIsCut: false, panel: panel) }
        let states = report.states
        let look = { (state: String, kind: MachineGraph.Kind) -> (tone: String, note: String) in
            guard let report = states[state] else { return ("untouched", page.texts("kind.\(kind.rawValue)")) }
            return (report.tone, note(report, kind, page.texts))
        }
        let address = { (state: String) in Address.here([("state", state)]) }
        let graph = MachineGraph(machine)
        if let layout = await page.visit.console.layouts.layout(of: graph) {
            let picture = GraphPicture(graph, layout, chosen: chosen, look: look, address: address)
            if picture.bytes <= mostBytes {
                return ExecutionGraph(picture: picture, list: nil, listIsCut: false, panel: panel)
            }
        }
        var (lines, room) = ([Line](), mostBytes)
        let all = StateList(machine).lines
        for line in all {
            let (tone, note) = look(line.name, line.kind)
            let shown = Line(
                address: address(line.name),
                name: line.name,
                kind: page.texts("kind.\(line.kind.rawValue)"),
                tone: tone,
                note: note,
                depth: "depth-\(min(line.depth, 8))",
                isChosen: line.name == chosen
            )
            room -= 160 + 2 * line.name.utf8.count + note.utf8.count + shown.address.utf8.count
            guard room >= 0 else { break }
            lines.append(shown)
        }
        return ExecutionGraph(picture: nil, list: lines, listIsCut: lines.count < all.count, panel: panel)
    }

    private static func note(
        _ report: ExecutionReport.StateReport,
        _ kind: MachineGraph.Kind,
        _ texts: Texts
    ) -> String {
        var parts: [String] = []
        if report.runs > 1 {
            parts.append("✓ \(texts.count(report.succeeded + report.caught))")
            if report.failed > 0 { parts.append("✗ \(texts.count(report.failed))") }
            if report.running > 0 { parts.append("▶ \(texts.count(report.running))") }
        } else if let items = report.items {
            parts.append(texts("graph.items", ["count": texts.count(items)]))
        } else {
            parts.append(texts("outcome.\(report.last.rawValue)"))
        }
        if report.retries > 0 { parts.append(texts("timeline.retries", ["count": texts.count(report.retries)])) }
        return parts.joined(separator: " · ")
    }
}

/// The states of a machine in the order of its definition, those inside a Parallel or Map behind it.
struct StateList {
    struct Line {
        let name: String
        let kind: MachineGraph.Kind
        let depth: Int
    }

    private(set) var lines: [Line] = []

    init(_ machine: StateMachine) { add(machine.scope, depth: 0) }

    private mutating func add(_ scope: StateScope, depth: Int) {
        for state in scope.states {
            lines.append(Line(name: state.name, kind: state.graphKind, depth: depth))
            for inner in state.kind.scopes { add(inner, depth: depth + 1) }
        }
    }
}
