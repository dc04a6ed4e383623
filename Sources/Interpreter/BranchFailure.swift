package import JSON

/// How a Parallel or Map ended badly: what failed, and what went on in the other branches, which are gone.
package struct BranchFailure: Sendable, Equatable {
    package var error: String
    package var cause: String
    /// The iteration that failed, if it had begun.
    package var iteration: Int?
    /// The other branches that had begun and had not ended; those within one of them come after it.
    package var aborted: [AbortedBranch]

    package init(error: String, cause: String, iteration: Int? = nil, aborted: [AbortedBranch] = []) {
        self.error = error
        self.cause = cause
        self.iteration = iteration
        self.aborted = aborted
    }

    /// - Parameter branches: `{"i": ITERATION, "a": [[INDEX, STATE, BETWEEN STATES], …]}`, as the store keeps it.
    package init(error: String, cause: String, branches: JSONValue) {
        self.init(error: error, cause: cause, iteration: branches["i"]?.index)
        for element in branches["a"]?.array ?? [] {
            guard let index = element[0]?.index, let state = element[1]?.string else { continue }
            aborted.append(AbortedBranch(index: index, state: state, isBetweenStates: element[2]?.bool ?? false))
        }
    }
}

/// A branch that was cut short because another one failed.
package struct AbortedBranch: Sendable, Equatable {
    /// Its place among the branches of its Parallel or Map.
    package var index: Int
    /// The state that it was in, or about to enter.
    package var state: String
    package var isBetweenStates: Bool

    package init(index: Int, state: String, isBetweenStates: Bool) {
        self.index = index
        self.state = state
        self.isBetweenStates = isBetweenStates
    }
}

extension AbortedBranch {
    /// nil: it had not begun.
    package init?(_ branch: Branch, index: Int) {
        guard branch.phase != .fresh else { return nil }
        self.init(index: index, state: branch.state, isBetweenStates: branch.phase == .entering)
    }
}

extension JSONValue {
    fileprivate var index: Int? { number?.integer.flatMap(Int.init(exactly:)) }
}
