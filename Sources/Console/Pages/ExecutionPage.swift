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
        let data: DataView?
        let mapRuns: [MapRunLine]
        let tasks: [TaskLine]
        let answer: String?
    }

    struct TimelineView {
        let rows: [Timeline.Row]
        let whole: String
        /// Which rows they are, where there are more.
        let range: String?
        let first: String?
        let previous: String?
        let next: String?
        let last: String?
        let failure: String?
    }

    private struct DataView {
        let search: StatePanel.Search?
        let blocks: [JSONBlock]
    }

    /// An address of this execution.
    func address(_ parts: [String] = [], _ fields: [(String, String?)] = []) -> String {
        Address.of(["executions", machine, name] + parts, fields)
    }

    func answer() async throws -> Response {
        try visit.require("DescribeExecution", on: owner)
        let view = visit.address.query["view"].flatMap(View.init(rawValue:)) ?? .graph
        let report = try await ExecutionReport.load(
            arn,
            from: store,
            visit.console.reports,
            readsHistory: view == .graph || view == .timeline
        )
        let description = report.description
        let summary = description.summary
        let now = description.observedAt
        let (why, notes) = try await why(description)
        let tasks = summary.status == .running ? try await TaskLine.load(self) : []
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
            error: description.error.map { EscapedHTML.beginning(of: $0, bytes: 1000) },
            cause: description.cause.map {
                EscapedHTML.beginning(of: Cause.text($0, of: description.error), bytes: 8000)
            },
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
            actions: try await ExecutionActions.load(self, description),
            missing: report.missing == 0 || view == .events
                ? nil : texts("execution.missing", ["count": texts.count(report.missing)]),
            graph: view == .graph ? try await ExecutionGraph.load(self, report) : nil,
            timeline: view == .timeline ? timeline(report) : nil,
            events: view == .events ? try await EventTable.load(self, report) : nil,
            data: view == .data ? data(description) : nil,
            mapRuns: try await MapRunLine.load(self),
            tasks: tasks,
            answer: tasks.isEmpty ? nil : address(["answer"])
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
        let query = visit.address.query
        let open = query["open"].flatMap { Int($0) }
        let timeline = Timeline(
            report.spans.all,
            start: summary.startedAt,
            end: summary.stoppedAt ?? report.description.observedAt,
            unfolded: open,
            from: query["row"].flatMap { Int($0) } ?? 0,
            texts
        )
        let (first, count) = (min(max(0, query["row"].flatMap { Int($0) } ?? 0), timeline.count), timeline.count)
        let (page, end) = (Timeline.pageSize, first + timeline.rows.count)
        func place(_ row: Int) -> String {
            "?view=timeline" + (open.map { "&open=\($0)" } ?? "") + "&row=\(max(0, row))"
        }
        let values = ["first": texts.count(first + 1), "last": texts.count(end), "count": texts.count(count)]
        return TimelineView(
            rows: timeline.rows,
            whole: texts.duration(from: summary.startedAt, to: summary.stoppedAt ?? report.description.observedAt),
            range: count > page ? texts("timeline.range", values) : nil,
            first: first > 0 ? place(0) : nil,
            previous: first > 0 ? place(first - page) : nil,
            next: end < count ? place(end) : nil,
            last: end < count ? place(count - page) : nil,
            failure: count > page ? timeline.firstFailure.map { place($0 - 5) } : nil
        )
    }

    private func data(_ description: ExecutionDescription) -> DataView {
        var values = [(name: texts("execution.input"), text: description.input.text, of: "input")]
        if let output = description.output { values.append((texts("execution.output"), output.text, "output")) }
        return DataView(
            search: StatePanel.search(self, in: values.map { ($0.name, $0.text) }, keeping: [("view", "data")]),
            blocks: values.map { JSONBlock($0.name, $0.text, whole: address(["value"], [("of", $0.of)])) }
        )
    }
}
