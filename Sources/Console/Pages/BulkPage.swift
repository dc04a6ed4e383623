import Expressions
import Hummingbird
import JSON
import Postgres
import Server
import Signing
import Store

/// What a stop or a redrive of many executions will touch, and that done, a few at a time.
enum BulkPage {
    private struct Field {
        let name: String
        let value: String
    }

    /// An execution that it could not be done to.
    private struct Refusal: Sendable {
        let execution: String
        let reason: String
    }

    private struct Model {
        let title: String
        let explanation: String
        let action: String
        let isStop: Bool
        let filter: [Field]
        let hasFilter: Bool
        /// nil: there is nothing to do it to.
        let count: String?
        let button: String
        let table: ExecutionTable
        let isMore: Bool
        let query: String
        let moment: String
        let confirmation: String
        let back: String
    }

    /// How many are counted and, of those, shown.
    private static let mostCounted = 2000
    private static let mostShown = 20
    /// How many are done in one request, and how many of those at once.
    private static let batch = 40
    private static let width = 4

    static func answer(_ visit: Visit) async throws -> Response {
        guard let action = visit.address.query["action"].flatMap(BulkChange.Action.init(rawValue:)) else {
            throw APIError.noSuchPage
        }
        let (texts, query) = (visit.texts, ExecutionQuery(visit.address.query))
        let change = BulkChange(action, query)
        try change.require(visit)
        let now = try await visit.store.databaseTime()
        var (count, shown) = (QueueFigures.Count(), FoundExecutions(executions: []))
        if let filter = change.filter(now: now) {
            count = try await visit.store.countExecutions(filter, upTo: mostCounted)
            shown = try await visit.store.findExecutions(filter, limit: mostShown)
        }
        let filter = query.pairs.compactMap { name, value in
            value.map { Field(name: texts("executions.\(name)"), value: shownValue(name, $0, query, texts)) }
        }
        let hasAny = count.count > 0 || count.isAtLeast
        let model = Model(
            title: texts("bulk.\(action.rawValue)"),
            explanation: texts("bulk.\(action.rawValue)Explanation"),
            action: action.rawValue,
            isStop: action == .stop,
            filter: filter,
            hasFilter: !filter.isEmpty,
            count: hasAny ? texts("bulk.count", ["count": texts.count(count)]) : nil,
            button: texts("bulk.\(action.rawValue)Button", ["count": texts.count(count)]),
            table: ExecutionTable(shown.executions, now: now, texts),
            isMore: shown.next != nil,
            query: Address.of([], query.pairs),
            moment: "\(now.microseconds)",
            confirmation: change.confirmation(at: now, for: visit),
            back: Address.of(["executions"], query.pairs)
        )
        return visit.page("bulk", model, title: model.title)
    }

    private static func shownValue(_ name: String, _ value: String, _ query: ExecutionQuery, _ texts: Texts) -> String {
        switch name {
        case "status": query.status.map { texts($0) } ?? value
        case "since": texts("since.\(value)")
        default: value
        }
    }

    /// Does it to the next few.
    static func act(_ visit: Visit) async throws -> Response {
        let fields = try await RequestBody.fields(of: visit.request)
        guard let action = fields["action"].flatMap(BulkChange.Action.init(rawValue:)),
            let moment = fields["moment"].flatMap({ Int64($0) }).map(Timestamp.init(microseconds:)),
            let filter = fields["filter"]
        else { throw APIError.validation("The form does not say what to do.") }
        let query = filter.split(separator: "?", maxSplits: 1, omittingEmptySubsequences: false).dropFirst().first ?? ""
        let change = BulkChange(action, ExecutionQuery(Fields(String(query))))
        try change.require(visit)
        let now = try await visit.store.databaseTime()
        guard SHA256.areEqual(fields["confirmation"] ?? "", change.confirmation(at: moment, for: visit)),
            let filter = change.filter(now: moment), BulkChange.isFresh(moment, now: now)
        else { throw APIError.validation(visit.texts("bulk.stale")) }
        let after = fields.filled("after").flatMap(PGUUID.init).map(ExecutionCursor.init(startedBefore:))
        if after == nil {
            try await visit.record(
                action.name,
                of: change.query.text,
                detail: ["before": .string("\(moment)")]
            )
        }
        let found = try await visit.store.findExecutions(filter, limit: batch, after: after)
        let refusals = await perform(action, on: found.executions, fields, visit)
        let refused = refusals.prefix(10)
            .map { refusal -> JSONValue in
                ["execution": .string(refusal.execution), "reason": .string(refusal.reason)]
            }
        return .json([
            "done": .number(JSONNumber(found.executions.count - refusals.count)),
            "refused": .number(JSONNumber(refusals.count)), "reasons": .array(Array(refused)),
            "next": found.next.map { .string($0.startedBefore.description) } ?? .null,
        ])
    }

    /// - Returns: those that it could not be done to, and why.
    private static func perform(
        _ action: BulkChange.Action,
        on executions: [ExecutionSummary],
        _ fields: Fields,
        _ visit: Visit
    ) async -> [Refusal] {
        @Sendable func change(_ arn: String) async -> Refusal? {
            var arguments: JSONObject = ["executionArn": .string(arn)]
            if action == .stop {
                if let error = fields.filled("error") { arguments["error"] = .string(error) }
                if let cause = fields.filled("cause") { arguments["cause"] = .string(cause) }
            }
            do {
                try await visit.perform(action.operation, on: arn, arguments)
                return nil
            } catch {
                return Refusal(
                    execution: arn,
                    reason: (error as? APIError)?.message ?? APIError.internalFailure.message
                )
            }
        }
        return await withTaskGroup(of: Refusal?.self) { group in
            var refusals: [Refusal] = []
            for (index, execution) in executions.enumerated() {
                if index >= width, let refusal = await group.next() ?? nil { refusals.append(refusal) }
                group.addTask { await change(execution.arn) }
            }
            for await refusal in group { if let refusal { refusals.append(refusal) } }
            return refusals
        }
    }
}
