import Expressions
import Interpreter
import JSON
import Postgres
import StatesLanguage

/// Where the branches of an execution stood when it ended, by their steps' ids: what its history says.
struct Standings {
    /// A branch.
    struct Standing {
        var phase: Branch.Phase
        var state: String
        var enteredEvent: Int
        var enteredAt: Timestamp
        var input: JSONDocument
        var variables: [String: JSONValue] = [:]
        /// The event with which the state has forked last: its number is in the ids of the branches.
        var fork: Int?
        /// How many iterations a Map had.
        var length: Int?
        /// The ARN of the state's map run.
        var mapRun: String?
        /// What the branch came to, if it is done.
        var output: JSONDocument?
    }

    private let machine: StateMachine
    private(set) var branches: [Int64: Standing] = [:]

    init(machine: StateMachine) {
        self.machine = machine
    }

    /// Takes the next event of a branch.
    mutating func add(_ event: HistoryEvent, id: Int, of step: Int64) {
        let type = event.type.rawValue
        if type.hasSuffix("StateEntered"), let state = event.text("name"), let input = event.payload("input") {
            branches[step] = Standing(
                phase: .retrying,
                state: state,
                enteredEvent: id,
                enteredAt: event.timestamp,
                input: input,
                variables: branches[step]?.variables ?? [:]
            )
        } else if type.hasSuffix("StateExited"), let state = event.text("name"), let output = event.payload("output") {
            exit(state, output: output, of: step)
            for variable in event.assigned {
                branches[step]?.variables[variable.name] = (try? variable.value.value()) ?? .null
            }
        } else if event.type == .parallelStateStarted || event.type == .mapStateStarted {
            branches[step]?.fork = id
            branches[step]?.length = event.integer("length")
        } else if event.type == .mapRunStarted {
            branches[step]?.mapRun = event.text("mapRunArn")
        }
    }

    private mutating func exit(_ state: String, output: JSONDocument, of step: Int64) {
        switch machine.states[state]?.transition {
        case .next(let next)?:
            branches[step]?.phase = .entering
            branches[step]?.state = next
            branches[step]?.input = output
            branches[step]?.fork = nil
            branches[step]?.mapRun = nil
        case .end?: branches[step]?.output = output
        case nil:
            // A Choice has entered the next state in the same breath; a Succeed is the end.
            if case .succeed? = machine.states[state]?.kind { branches[step]?.output = output }
        }
    }
}

extension Standings {
    /// A branch as the interpreter takes it.
    static func branch(
        _ standing: Standing,
        outer: [String: JSONValue] = [:],
        item: MapItem? = nil,
        entry: Int,
        lastEvent: Int
    ) -> Branch {
        var branch = Branch(
            startAt: standing.state,
            input: standing.input,
            item: item,
            lastEvent: .recorded(lastEvent)
        )
        branch.phase = standing.phase
        branch.variables = standing.variables
        branch.outerVariables = outer
        branch.enteredAt = standing.enteredAt
        branch.enteredEvent = .recorded(standing.enteredEvent)
        branch.entry = entry
        return branch
    }
}

extension Store {
    /// Reads the history of an execution.
    func standings(of key: StepKey, in machine: StateMachine) async throws(StoreError) -> Standings {
        var standings = Standings(machine: machine)
        var next = 0
        while true {
            let rows = try await query(
                Statement(
                    """
                    select first_event, at, events, step from stepwell.history
                    where bucket = $1 and execution = $2 and first_event > $3
                    order by first_event limit 500
                    """,
                    [.int4(key.bucket), .uuid(key.execution), .int4(Int32(clamping: next))]
                )
            )
            var unpacked: [(events: UnpackedEvents, step: Int64)] = []
            var references: Set<PGUUID> = []
            for row in rows {
                let (first, at, text, step) = try decode { () throws(PostgresError) in
                    (try row.int(0), Timestamp(microseconds: try row.timestamp(1)), try row.text(2), try row.int64(3))
                }
                let events = try UnpackedEvents(text: text, firstEvent: first, at: at)
                references.formUnion(events.references)
                unpacked.append((events, step))
                next = first
            }
            let stored = try await payloads(references, bucket: key.bucket, execution: key.execution)
            for (row, step) in unpacked {
                for event in row.events {
                    standings.add(try row.historyEvent(event, stored: stored), id: event.id, of: step)
                }
            }
            if rows.count < 500 { return standings }
        }
    }
}

extension HistoryEvent {
    private func value(_ name: String) -> DetailValue? { details.first { $0.name == name }?.value }

    fileprivate func text(_ name: String) -> String? {
        if case .string(let text)? = value(name) { text } else { nil }
    }

    fileprivate func integer(_ name: String) -> Int? {
        if case .integer(let number)? = value(name) { number } else { nil }
    }

    fileprivate func payload(_ name: String) -> JSONDocument? {
        if case .payload(let document)? = value(name) { document } else { nil }
    }

    fileprivate var assigned: [AssignedVariable] {
        if case .variables(let variables)? = value("assignedVariables") { variables } else { [] }
    }
}
