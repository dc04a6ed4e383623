import Expressions
import Hummingbird
import Interpreter
import JSON
import Postgres
import Server
import Store

/// One run of a distributed Map: how far it is, what failed in it, and its limits, which may be changed while it goes on.
struct MapRunPage {
    let visit: Visit
    let machine: String
    let label: String
    let id: PGUUID

    private enum View: String, CaseIterable { case all, running, failed }

    private struct Count {
        let name: String
        let value: String
        let tone: String
    }

    private struct Child {
        let row: ExecutionRow
        let index: Int
        let error: String?
        let cause: String?
    }

    private struct Limits {
        let concurrency: String
        let count: String
        let percentage: String
    }

    private struct Failure {
        let error: String
        let count: String
    }

    private struct Model {
        let run: MapRunsPage.Row
        let arn: String
        let ended: Moment?
        let error: String?
        let cause: String?
        let redrives: Int?
        let isRunning: Bool
        let items: [Count]
        let limits: Limits
        let concurrency: String
        let tolerance: String
        let update: String?
        let failures: [Failure]
        let hasFailures: Bool
        let failuresAreSample: Bool
        let tabs: [ExecutionPage.Tab]
        let children: [Child]
        let mayNotSee: Bool
        let next: String?
    }

    private static let pageSize = 50
    /// Of so many that failed it is counted what they failed with.
    private static let sample = 200

    private var texts: Texts { visit.texts }
    private var store: Store { visit.store }

    init(_ visit: Visit) throws(APIError) {
        let path = visit.address.path
        guard let id = PGUUID(path[3]) else { throw .noSuchPage }
        (self.visit, machine, label, self.id) = (visit, path[1], path[2], id)
    }

    private var address: String { Address.of(["map-runs", machine, label, id.description]) }

    func answer() async throws -> Response {
        try visit.require("DescribeMapRun", on: machine)
        guard let run = try await store.mapRun(id, ofStateMachine: machine, label: label) else {
            throw APIError.noSuchPage
        }
        let (record, counts) = (run.record, try await store.mapRunCounts(id))
        let now = try await store.databaseTime()
        let view = visit.address.query["view"].flatMap(View.init(rawValue:)) ?? .all
        let maySee = visit.may("ListExecutions", on: machine)
        let hasFailed = maySee && counts.executions.unsuccessful + counts.executions.pendingRedrive > 0
        let sample = hasFailed ? try await self.failed(run, after: nil, limit: Self.sample) : nil
        let shown = maySee ? try await children(view, run, counts.executions, now: now) : (children: [], next: nil)
        let isRunning = record.status == .running
        let limits = Limits(
            concurrency: record.maxConcurrency.map(String.init) ?? "",
            count: record.toleratedFailureCount.map(String.init) ?? "",
            percentage: record.toleratedFailurePercentage.map(Self.text) ?? ""
        )
        let model = Model(
            run: MapRunsPage.Row(run, counts.items, now: now, texts),
            arn: run.arn,
            ended: record.stoppedAt.map(Moment.init),
            error: record.failure?.error,
            cause: record.failure.map { EscapedHTML.beginning(of: $0.cause, bytes: 6000) },
            redrives: record.redriveCount == 0 ? nil : record.redriveCount,
            isRunning: isRunning,
            items: items(counts.items, total: record.itemTotal),
            limits: limits,
            concurrency: record.maxConcurrency.map { texts.count($0) } ?? texts("mapRun.unlimited"),
            tolerance: tolerance(limits),
            update: isRunning && visit.may("UpdateMapRun", on: machine) ? address + "/update" : nil,
            failures: Self.failures(sample?.elements ?? [], texts),
            hasFailures: sample?.elements.isEmpty == false,
            failuresAreSample: sample?.next != nil,
            tabs: View.allCases.enumerated()
                .map { number, other in
                    ExecutionPage.Tab(
                        address: "?view=\(other.rawValue)",
                        text: texts("mapRun.\(other.rawValue)"),
                        isHere: other == view,
                        key: "\(number + 1)"
                    )
                },
            children: shown.children,
            mayNotSee: !maySee,
            next: shown.next
        )
        return visit.page("mapRun", model, title: label)
    }

    /// Changes the limits of the run.
    func update() async throws -> Response {
        let fields = try await RequestBody.fields(of: visit.request)
        let arn = store.settings.mapRunARN(machine: machine, label: label, id: id)
        var (arguments, limits): (JSONObject, JSONObject) = (["mapRunArn": .string(arn)], [:])
        for name in ["maxConcurrency", "toleratedFailureCount", "toleratedFailurePercentage"] {
            guard let text = fields.filled(name) else { continue }
            guard let number = try? JSONValue(parsing: text), number.number != nil else {
                throw APIError.validation(texts("mapRun.noNumber", ["text": String(text.prefix(40))]))
            }
            arguments[name] = number
            limits[name] = number
        }
        try await visit.perform("UpdateMapRun", on: arn, arguments, detail: .object(limits))
        return .goOn(to: address)
    }

    private func children(
        _ view: View,
        _ run: MapRunDescription,
        _ counts: MapRunCounts,
        now: Timestamp
    ) async throws -> (children: [Child], next: String?) {
        let after = visit.address.query.filled("after")
        func child(_ index: Int, _ summary: ExecutionSummary, _ error: String? = nil, _ cause: String? = nil) -> Child {
            Child(row: ExecutionRow(summary, now: now, texts), index: index, error: error, cause: cause)
        }
        switch view {
        case .all:
            let page = try await store.mapRunExecutions(
                id,
                status: nil,
                after: after.flatMap { Int($0) },
                limit: Self.pageSize
            )
            return (
                page.elements.map { child($0.index, $0.summary) }, page.next.map { "?view=all&after=\($0)" }
            )
        case .running:
            // Among those that have ended they would be looked for in vain.
            guard counts.running > 0 else { return ([], nil) }
            let running = try await store.runningChildren(ofMapRun: id, limit: Self.pageSize)
            return (running.map { child($0.index, $0.summary) }, nil)
        case .failed:
            let page = try await self.failed(run, after: after.flatMap(PGUUID.init), limit: Self.pageSize)
            return (
                page.elements.map { child($0.index, $0.summary, $0.error, $0.cause) },
                page.next.map { "?view=failed&after=\($0)" }
            )
        }
    }

    private func failed(
        _ run: MapRunDescription,
        after: PGUUID?,
        limit: Int
    ) async throws -> Page<MapRunFailedChild, PGUUID> {
        try await store.failedChildren(
            ofMapRun: id,
            startedAt: run.record.startedAt,
            after: after,
            limit: limit
        )
    }

    private func items(_ counts: MapRunCounts, total: Int?) -> [Count] {
        let pending = max(0, (total ?? counts.started) - counts.started)
        let all = [
            ("total", total ?? counts.started, "plain"), ("pending", pending, "plain"),
            ("RUNNING", counts.running, "running"), ("SUCCEEDED", counts.succeeded, "succeeded"),
            ("FAILED", counts.failed, counts.failed > 0 ? "failed" : "plain"),
            ("TIMED_OUT", counts.timedOut, counts.timedOut > 0 ? "failed" : "plain"),
            ("ABORTED", counts.aborted, "plain"), ("PENDING_REDRIVE", counts.pendingRedrive, "plain"),
        ]
        return all.filter { ["total", "pending", "RUNNING", "SUCCEEDED", "FAILED"].contains($0.0) || $0.1 > 0 }
            .map { name, count, tone in
                let key = name == "total" || name == "pending" ? "mapRun.\(name)" : "status.\(name)"
                return Count(name: texts(key), value: texts.count(count), tone: tone)
            }
    }

    private func tolerance(_ limits: Limits) -> String {
        var parts: [String] = []
        if !limits.count.isEmpty { parts.append(limits.count) }
        if !limits.percentage.isEmpty { parts.append("\(limits.percentage) %") }
        return parts.isEmpty ? texts("mapRun.none") : parts.joined(separator: " / ")
    }

    private static func failures(_ children: [MapRunFailedChild], _ texts: Texts) -> [Failure] {
        var counts: [String: Int] = [:]
        for child in children {
            counts[child.error ?? texts("status.\(child.summary.status.rawValue)"), default: 0] += 1
        }
        return counts.sorted { ($1.value, $0.key) < ($0.value, $1.key) }.prefix(20)
            .map { Failure(error: $0.key, count: texts.count($0.value)) }
    }

    /// A percentage without a fraction that says nothing.
    private static func text(_ percentage: Double) -> String {
        JSONNumber(percentage)?.text ?? "\(percentage)"
    }
}
