package import JSON
import StatesLanguage

/// The test of one state: what takes the place of its work, and what becomes visible on the way.
///
/// While a state is inspected the interpreter stops where the state is left, and causes of failures name no events.
package struct Inspection: Sendable {
    /// A point of the way that data takes through a state, with AWS's name.
    package enum Point: String, Sendable, Hashable, CaseIterable {
        case afterArguments
        case afterInputPath
        case afterParameters
        case afterItemsPath
        case afterItemSelector
        case result
        case afterResultSelector
        case afterResultPath
    }

    /// nil: the work is asked for as always.
    package var mock: MockedWork?
    /// How many iterations of a Map failed, whatever the mock says.
    package var failedIterations = 0
    /// What a Map works on that would have to be read first.
    package var items: JSONDocument?
    /// The context object.
    package var context: JSONValue

    package fileprivate(set) var data: [Point: JSONDocument] = [:]
    /// How many items a Map works on.
    package internal(set) var itemCount: Int?
    package internal(set) var maxConcurrency: Int?
    package internal(set) var toleratedFailureCount: Int?
    package internal(set) var toleratedFailurePercentage: Double?
    /// The retrier that matched, whether or not it allowed another attempt.
    package internal(set) var retryIndex: Int?
    /// Seconds until the attempt that it allowed.
    package internal(set) var retryBackoff: Double?
    /// The catcher that goes on.
    package internal(set) var catchIndex: Int?
    /// The failure that Retry and Catch were asked about.
    package internal(set) var failure: (error: String, cause: String)?
    /// Where the state goes when it is left.
    package internal(set) var nextState: String?

    package init(mock: MockedWork?, context: JSONValue) {
        self.mock = mock
        self.context = context
    }
}

extension Run {
    /// Shows data to a test; what a state's language or type does not have is not shown.
    mutating func show(_ document: JSONDocument, as point: Inspection.Point, in state: State) {
        guard inspection != nil, point.exists(in: state) else { return }
        inspection?.data[point] = document
    }

    /// What the work of a state under test comes to, without being done; nil: it is to be done.
    mutating func mocked(_ state: State) -> Step? {
        guard let mock = inspection?.mock else { return nil }
        switch mock {
        case .result(let result): return conclude(state, result: result)
        case .failure(let error, let cause):
            let failure = StateFailure(error: error, cause: cause)
            return settle(failure, in: state, resumingWith: .failure(failure))
        }
    }
}

extension Inspection.Point {
    /// What AWS shows of states of one type and language.
    fileprivate func exists(in state: State) -> Bool {
        guard state.queryLanguage == .jsonPath else {
            guard case .task = state.kind else { return false }
            return self == .afterArguments || self == .result
        }
        switch (self, state.kind) {
        case (.afterArguments, _): return false
        case (.result, .task): return true
        case (.result, .pass(let pass)): return pass.result != nil
        case (.result, _): return false
        case (.afterInputPath, .parallel), (.afterParameters, .parallel): return false
        default: return true
        }
    }
}
