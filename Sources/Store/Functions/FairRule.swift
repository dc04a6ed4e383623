package import Expressions
package import JSON
import Postgres

/// In which order the calls of a function wait.
package struct FairRule: Sendable, Hashable {
    /// Where a call stands.
    package struct Turn: Sendable, Hashable {
        /// Calls of one key take turns with those of others.
        package var key: String
        /// All calls of a higher one go before.
        package var priority: Int

        package init(key: String, priority: Int) {
            self.key = key
            self.priority = priority
        }
    }

    private static let priorities = 0...9
    /// Longer ones are told apart by their digests.
    private static let longestKey = 128
    private static let laneMark = "#"

    private let key: Path?
    private let priority: Path?

    /// - Throws: `.validation` for what is no path into an event.
    package init(key: String?, priority: String?) throws(StoreError) {
        self.key = try Self.path(key, named: "fair key")
        self.priority = try Self.path(priority, named: "priority")
    }

    static func path(_ text: String?, named name: String) throws(StoreError) -> Path? {
        guard let text else { return nil }
        do throws(ExpressionSyntaxError) {
            let path = try Path(text)
            if path.root == .input, path.isReference { return path }
        } catch {
            throw .validation("the \(name) is \"\(text)\": \(error)")
        }
        throw .validation("the \(name) is \"\(text)\": expected a path to one place in the event, such as $.tenant")
    }

    /// The turn of a call. What has no key shares one; what is no priority is 0.
    package func turn(of event: JSONDocument) -> Turn {
        guard let event = try? event.value() else { return Turn(key: "", priority: 0) }
        let scope = Scope(input: event)
        var turn = Turn(key: "", priority: 0)
        switch key.flatMap({ try? $0.find(in: scope) }) {
        case .string(let text): turn.key = text.storable
        case .number(let number): turn.key = JSONValue.number(number).text
        case .bool(let flag): turn.key = "\(flag)"
        case nil, .null, .array, .object: break
        }
        if turn.key.utf8.count > Self.longestKey {
            turn.key = Array(turn.key.utf8).withUnsafeBytes(Digest.hexadecimal)
        }
        if case .number(let number) = priority.flatMap({ try? $0.find(in: scope) }), let whole = number.integer {
            turn.priority = Int(min(max(whole, Int64(Self.priorities.lowerBound)), Int64(Self.priorities.upperBound)))
        }
        return turn
    }

    // MARK: Queues

    /// The queue in which calls of a function wait in order.
    package static func lane(of function: String) -> String { function + laneMark }

    package static func isLane(_ queue: String) -> Bool { queue.hasSuffix(laneMark) }

    /// The function for which a queue is.
    package static func function(ofQueue queue: String) -> String {
        isLane(queue) ? String(queue.dropLast()) : queue
    }
}

/// A call that needs a place in a lane.
package struct FairRequest: Sendable, Hashable {
    package var function: String
    package var turn: FairRule.Turn

    package init(function: String, turn: FairRule.Turn) {
        self.function = function
        self.turn = turn
    }
}

extension Store {
    /// The functions that have a lane, without their versions; nil: nothing is set for it any more.
    package func fairRules() async throws(StoreError) -> [String: FairRule?] {
        let rows = try await query("select name, fair_key, priority from stepwell.fair_functions")
        return try decode { () throws(PostgresError) in
            var rules: [String: FairRule?] = [:]
            for row in rows {
                let (key, priority) = (try row.optionalText(1), try row.optionalText(2))
                let rule = key == nil && priority == nil ? nil : try? FairRule(key: key, priority: priority)
                rules.updateValue(rule, forKey: try row.text(0))
            }
            return rules
        }
    }

    /// Places of calls in the lanes of a bucket, in the order of the calls.
    package func fairPlaces(
        _ requests: [FairRequest],
        bucket: Int32
    ) async throws(StoreError) -> [Timestamp] {
        let rows = try await query(
            Statement(
                "select p from unnest(stepwell.fair_places($1, $2, $3, $4)) with ordinality as u (p, i) order by i",
                [
                    .int4(bucket), .textArray(requests.map { FairRule.lane(of: $0.function) }),
                    .textArray(requests.map(\.turn.key)),
                    .int4Array(requests.map { Int32(clamping: $0.turn.priority) }),
                ]
            )
        )
        return try decode { () throws(PostgresError) in
            var places: [Timestamp] = []
            for row in rows { places.append(Timestamp(microseconds: try row.timestamp(0))) }
            return places
        }
    }

    /// Sets in which order calls of a function wait. A function that had a lane keeps it, for the calls that are in there.
    func putFairRule(of name: String, _ settings: FunctionSettings) async throws(StoreError) {
        _ = try await query(
            Statement(
                """
                insert into stepwell.fair_functions as f (name, fair_key, priority)
                select $1, $2, $3
                where $2::text is not null or $3::text is not null
                    or exists (select from stepwell.fair_functions f where f.name = $1)
                on conflict (name) do update set fair_key = excluded.fair_key, priority = excluded.priority
                where (f.fair_key, f.priority) is distinct from (excluded.fair_key, excluded.priority)
                """,
                [.text(name), .text(settings.fairKey), .text(settings.priority)]
            )
        )
    }
}
