import Expressions
import Hummingbird
import JSON
import Server
import StatesLanguage
import Store

/// One execution: where it is, what it went through, and what can be done about it.
struct ExecutionPage {
    let visit: Visit
    let machine: String
    let name: String

    var texts: Texts { visit.texts }
    var store: Store { visit.store }
    var arn: String { store.settings.executionARN(machine: machine, execution: name) }
    /// The state machine that rights are about.
    var owner: String { ExecutionRow.owner(of: machine) }

    private enum View: String, CaseIterable { case graph, timeline, events, data }

    struct Tab {
        let address: String
        let text: String
        let isHere: Bool
        let key: String
    }

    struct Why {
        let place: String
        let sentence: String
        let count: Int?
        let tone: String
    }

    private struct Model {
        let arn: String
        let name: String
        let machine: String
        let machineAddress: String
        let status: String
        let tone: String
        let started: Moment
        let ended: Moment?
        let took: String
        let version: String?
        let redrives: Int?
        let error: String?
        let cause: String?
        let why: [Why]
        let notes: [String]
        let tabs: [Tab]
        let live: String?
        let actions: ExecutionActions
        let missing: String?
        let graph: ExecutionGraph?
        let timeline: TimelineView?
        let events: EventTable?
        let data: [JSONBlock]?
    }

    struct TimelineView {
        let rows: [Timeline.Row]
        let isCut: Bool
        let whole: String
    }

    /// An address of this execution.
    func address(_ parts: [String] = [], _ fields: [(String, String?)] = []) -> String {
        Address.of(["executions", machine, name] + parts, fields)
    }

    func answer() async throws -> Response {
        try visit.require("DescribeExecution", on: owner)
        let view = visit.address.query["view"].flatMap(View.init(rawValue:)) ?? .graph
        let report = try await ExecutionReport.load(arn, from: store)
        let description = report.description
        let summary = description.summary
        let now = description.observedAt
        let (why, notes) = try await why(description)
        let model = Model(
            arn: summary.arn,
            name: summary.name,
            machine: summary.stateMachine,
            machineAddress: Address.of(["machines", owner]),
            status: texts(summary.status),
            tone: summary.status.tone,
            started: Moment(summary.startedAt),
            ended: summary.stoppedAt.map(Moment.init),
            took: texts.duration(from: summary.startedAt, to: summary.stoppedAt ?? now),
            version: summary.alias ?? summary.version.map(String.init),
            redrives: summary.redriveCount == 0 ? nil : summary.redriveCount,
            error: description.error,
            cause: description.cause,
            why: why,
            notes: notes,
            tabs: View.allCases.enumerated()
                .map { number, other in
                    Tab(
                        address: address([], [("view", other.rawValue)]),
                        text: texts("execution.\(other.rawValue)"),
                        isHere: other == view,
                        key: "\(number + 1)"
                    )
                },
            live: summary.status == .running ? address(["live"], [("after", "\(report.lastEvent)")]) : nil,
            actions: ExecutionActions(self, description),
            missing: report.missing == 0 || view == .events
                ? nil : texts("execution.missing", ["count": texts.count(report.missing)]),
            graph: view == .graph ? try await ExecutionGraph.load(self, report) : nil,
            timeline: view == .timeline ? timeline(report) : nil,
            events: view == .events ? try await EventTable.load(self, lastEvent: report.lastEvent) : nil,
            data: view == .data ? data(description) : nil
        )
        return visit.page("execution", model, title: summary.name)
    }

    private func why(_ description: ExecutionDescription) async throws -> (lines: [Why], notes: [String]) {
        guard description.summary.status == .running else { return ([], []) }
        let standing = try await store.standing(of: arn)
        let lines = WhyLine.grouped(standing.branches, now: description.observedAt, texts)
            .prefix(12)
            .map {
                Why(
                    place: $0.line.place,
                    sentence: $0.line.sentence,
                    count: $0.count > 1 ? $0.count : nil,
                    tone: $0.line.tone
                )
            }
        var notes: [String] = []
        if let session = standing.lockedBy {
            notes.append(texts("why.lockedBy", ["pid": "\(session.pid)", "name": session.application]))
        }
        if let session = standing.oldSnapshot {
            notes.append(texts("why.oldSnapshot", ["pid": "\(session.pid)", "name": session.application]))
        }
        return (Array(lines), notes)
    }

    private func timeline(_ report: ExecutionReport) -> TimelineView {
        let summary = report.description.summary
        let timeline = Timeline(
            report.spans.all,
            start: summary.startedAt,
            end: summary.stoppedAt ?? report.description.observedAt,
            unfolded: visit.address.query["open"].flatMap { Int($0) },
            texts,
            address: { address([], $0) }
        )
        let took = texts.duration(from: summary.startedAt, to: summary.stoppedAt ?? report.description.observedAt)
        return TimelineView(rows: timeline.rows, isCut: timeline.isCut, whole: took)
    }

    private func data(_ description: ExecutionDescription) -> [JSONBlock] {
        var blocks = [
            JSONBlock(texts("execution.input"), description.input.text, whole: address(["value"], [("of", "input")]))
        ]
        if let output = description.output {
            blocks.append(
                JSONBlock(texts("execution.output"), output.text, whole: address(["value"], [("of", "output")]))
            )
        }
        return blocks
    }
}

/// What whoever looks may do with an execution.
struct ExecutionActions {
    let stop: String?
    let redrive: String?
    let notRedrivable: String?
    let again: String?
    let input: String
    let command: String

    init(_ page: ExecutionPage, _ description: ExecutionDescription) {
        let (visit, summary) = (page.visit, description.summary)
        func offered(_ action: String, _ part: String, _ isPossible: Bool) -> String? {
            isPossible && visit.may(action, on: page.owner) ? page.address([part]) : nil
        }
        stop = offered("StopExecution", "stop", summary.status == .running)
        redrive = offered("RedriveExecution", "redrive", description.redriveStatus == .redrivable)
        if case .notRedrivable(let reason) = description.redriveStatus, summary.status != .running,
            summary.status != .succeeded
        {
            notRedrivable = reason
        } else {
            notRedrivable = nil
        }
        let isChild = page.machine != page.owner
        again = offered("StartExecution", "again", !isChild && description.input.text.utf8.count <= 1 << 16)
        input = again == nil ? "" : (try? description.input.value().prettyText) ?? description.input.text
        command = "aws stepfunctions describe-execution --execution-arn \(summary.arn)"
    }
}
