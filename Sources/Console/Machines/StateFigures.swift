import Store

/// How the states of a machine have fared in its newest executions.
struct StateFigures {
    /// How many executions are looked at, and how many transitions of each: a page takes the same time however many there
    /// are, and however long they are.
    static let mostExecutions = 30
    private static let mostTransitions = 40

    struct State {
        var succeeded = 0
        var caught = 0
        var failed = 0
        var running = 0
        var retries = 0

        fileprivate var ended: Int { succeeded + caught + failed }
        /// All of a hundred only if it is all.
        fileprivate var rate: Int { ended == 0 ? 0 : succeeded * 100 / ended }
    }

    private(set) var states: [String: State] = [:]
    let executions: Int

    static func load(_ latest: LatestExecutions, from store: Store) async throws(StoreError) -> StateFigures {
        let executions = Array(latest.elements.prefix(mostExecutions))
        let outlines = try await store.outlines(of: executions, transitions: mostTransitions)
        return StateFigures(outlines)
    }

    init(_ outlines: [[OutlinedEvent]]) {
        executions = outlines.count
        for events in outlines {
            for span in Spans(events).all {
                var state = states[span.state] ?? State()
                switch span.outcome {
                case .succeeded: state.succeeded += 1
                case .caught: state.caught += 1
                case .failed: state.failed += 1
                case .running: state.running += 1
                // Something else had failed: it says nothing about this state.
                case .aborted: break
                }
                state.retries += span.retries
                states[span.state] = state
            }
        }
    }

    /// The colour of a state, and its figures in words; nil: it was not entered.
    func look(_ name: String, _ texts: Texts) -> (tone: String, note: String)? {
        guard let state = states[name] else { return nil }
        guard state.ended > 0 else {
            guard state.running > 0 else { return nil }
            return ("running", texts("figures.running", ["count": texts.count(state.running)]))
        }
        var note = texts("figures.rate", ["percent": "\(state.rate)", "count": texts.count(state.ended)])
        if state.retries > 0 { note += " · " + texts("timeline.retries", ["count": texts.count(state.retries)]) }
        let tone = state.succeeded == state.ended ? "succeeded" : state.rate >= 50 ? "caught" : "failed"
        return (tone, note)
    }
}
