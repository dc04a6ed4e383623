import Expressions
package import JSON
import StatesLanguage

/// What the child executions of a map run get.
extension Interpreter {
    /// The items of a distributed Map without a reader, as the state's input has them.
    ///
    /// - Parameter branch: the branch of the Map, in phase `mapping`.
    package func items(of branch: Branch) -> Result<[KeyedItem], MapRunFailure> {
        var run = Run(self, branch: branch, now: branch.enteredAt, random: SystemRandomNumberGenerator())
        return Self.attempt { () throws(StateFailure) in
            let (state, map) = try run.mapState()
            return try run.keyedItems(of: map, in: run.effectiveInput(state), language: state.queryLanguage)
        }
    }

    /// What an item is after `ItemSelector`.
    ///
    /// - Parameters:
    ///   - branch: the branch of the Map, in phase `mapping`.
    ///   - random: for intrinsics of the selector that draw numbers.
    package func selectItems(
        _ items: [MapItem],
        of branch: Branch,
        random: inout some RandomNumberGenerator
    ) -> Result<[JSONDocument], MapRunFailure> {
        var run = Run(self, branch: branch, now: branch.enteredAt, random: random)
        defer { random = run.random }
        return Self.attempt { () throws(StateFailure) in
            let (state, map) = try run.mapState()
            guard let selector = map.itemSelector else { return items.map(\.value) }
            let input = try run.effectiveInput(state)
            var selected: [JSONDocument] = []
            selected.reserveCapacity(items.count)
            for item in items {
                run.branch.item = item
                selected.append(JSONDocument(try run.evaluate(selector, seeing: .input(input))))
            }
            return selected
        }
    }

    private static func attempt<Value>(_ body: () throws(StateFailure) -> Value) -> Result<Value, MapRunFailure> {
        do throws(StateFailure) {
            return .success(try body())
        } catch {
            return .failure(MapRunFailure(error: error.error, cause: error.cause))
        }
    }
}

/// An item of a distributed Map, as the state's input has it.
package struct KeyedItem: Sendable, Equatable {
    /// The key of a member of an object.
    package var key: String?
    package var value: JSONValue
}

/// Why a map run failed; the outcome `failed` of its branch.
package struct MapRunFailure: Error, Sendable, Equatable {
    package var error: String
    package var cause: String

    package init(error: String, cause: String) {
        self.error = error
        self.cause = cause
    }

    /// The items could not be read.
    package static func itemReader(_ cause: String) -> MapRunFailure {
        MapRunFailure(error: ErrorName.itemReaderFailed, cause: cause)
    }

    /// The results could not be written.
    package static func resultWriter(_ cause: String) -> MapRunFailure {
        MapRunFailure(error: ErrorName.resultWriterFailed, cause: cause)
    }

    /// More children failed than the definition tolerates.
    package static let tooManyFailures = MapRunFailure(
        error: ErrorName.exceedToleratedFailureThreshold,
        cause: "The specified tolerated failure threshold was exceeded"
    )

    /// What a child would get is larger than a payload may be.
    package static func inputTooLarge(state: String) -> MapRunFailure {
        let failure = StateFailure(tooLargeAt: state, verb: "provided parameters")
        return MapRunFailure(error: failure.error, cause: failure.cause)
    }

    /// The results together are larger than a payload may be.
    package static func resultTooLarge(state: String) -> MapRunFailure {
        let failure = StateFailure(tooLargeAt: state, verb: "returned a result")
        return MapRunFailure(error: failure.error, cause: failure.cause)
    }
}

extension Run {
    /// The distributed Map that the branch stands in.
    fileprivate func mapState() throws(StateFailure) -> (State, MapState) {
        guard let state = machine.states[branch.state], case .map(let map) = state.kind else {
            throw StateFailure(runtime: "'\(branch.state)' is not a Map.")
        }
        return (state, map)
    }
}
