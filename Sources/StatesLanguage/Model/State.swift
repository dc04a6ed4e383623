package import Expressions

/// One state, with the fields that several types share; what only one type has is in `kind`.
package final class State: Sendable {
    package let name: String
    package let comment: String?
    package let queryLanguage: QueryLanguage
    package let kind: Kind
    /// Where a Pass, Task, Wait, Parallel or Map goes; nil for Choice, Succeed and Fail.
    package let transition: Transition?
    package let data: DataFlow
    /// Task, Parallel and Map; empty elsewhere.
    package let retriers: [Retrier]
    /// Task, Parallel and Map; empty elsewhere.
    package let catchers: [Catcher]

    package init(
        name: String,
        comment: String? = nil,
        queryLanguage: QueryLanguage = .jsonPath,
        kind: Kind,
        transition: Transition?,
        data: DataFlow = DataFlow(),
        retriers: [Retrier] = [],
        catchers: [Catcher] = []
    ) {
        self.name = name
        self.comment = comment
        self.queryLanguage = queryLanguage
        self.kind = kind
        self.transition = transition
        self.data = data
        self.retriers = retriers
        self.catchers = catchers
    }

    package enum Kind: Sendable {
        case pass(PassState)
        case task(TaskState)
        case choice(ChoiceState)
        case wait(WaitState)
        case succeed
        case fail(FailState)
        case parallel(ParallelState)
        case map(MapState)

        /// The nested scopes: branches or item processor.
        package var scopes: [StateScope] {
            switch self {
            case .parallel(let parallel): parallel.branches
            case .map(let map): [map.processor]
            case .pass, .task, .choice, .wait, .succeed, .fail: []
            }
        }
    }
}

/// What follows a state.
package enum Transition: Sendable, Hashable {
    case next(String)
    case end
}

/// The fields through which data flows, in the order in which they are applied. A field that a state's type or language
/// does not have keeps its default, which changes nothing.
package struct DataFlow: Sendable {
    /// `InputPath`: `$` when absent.
    package var inputPath: PathOrNothing
    /// `Parameters` (for a Map: see ``MapState/itemSelector``), in JSONata `Arguments`.
    package var parameters: Template?
    package var resultSelector: PayloadTemplate?
    package var resultPath: ResultPath
    /// `OutputPath`: `$` when absent.
    package var outputPath: PathOrNothing
    /// JSONata's `Output`, which takes the place of the three fields before.
    package var output: JSONataTemplate?
    /// `Assign`: an object template whose top-level keys are variable names.
    package var assign: Template?

    package init(
        inputPath: PathOrNothing = .whole,
        parameters: Template? = nil,
        resultSelector: PayloadTemplate? = nil,
        resultPath: ResultPath = .replace,
        outputPath: PathOrNothing = .whole,
        output: JSONataTemplate? = nil,
        assign: Template? = nil
    ) {
        self.inputPath = inputPath
        self.parameters = parameters
        self.resultSelector = resultSelector
        self.resultPath = resultPath
        self.outputPath = outputPath
        self.output = output
        self.assign = assign
    }
}

/// `InputPath` and `OutputPath`.
package enum PathOrNothing: Sendable, Hashable {
    /// `$`, or absent: the data as it is.
    case whole
    case path(Path)
    /// `null`: an empty object.
    case nothing
}

/// `ResultPath`.
package enum ResultPath: Sendable, Hashable {
    /// `$`, or absent: the result replaces the input.
    case replace
    /// The result is put into the raw input.
    case put(ReferencePath)
    /// `null`: the result is dropped, the input goes on.
    case discard
}

/// An integer field that may also be given by a path (`TimeoutSeconds` / `TimeoutSecondsPath`) or, in JSONata, by an
/// expression.
package enum IntegerField: Sendable, Hashable {
    case constant(Int)
    case path(Path)
    case jsonata(JSONataField)
}

/// A string field of Fail that may also be given by a path or a string-returning intrinsic (`Error` / `ErrorPath`) or,
/// in JSONata, by an expression.
package enum StringField: Sendable, Hashable {
    case constant(String)
    case expression(TemplateExpression)
    case jsonata(JSONataField)
}

/// One element of `Retry`.
package struct Retrier: Sendable, Hashable {
    package var errorEquals: [String]
    /// Seconds before the first retry.
    package var intervalSeconds: Int
    package var maxAttempts: Int
    package var backoffRate: Double
    package var maxDelaySeconds: Int?
    /// `JitterStrategy: FULL`.
    package var hasFullJitter: Bool

    package init(
        errorEquals: [String],
        intervalSeconds: Int = 1,
        maxAttempts: Int = 3,
        backoffRate: Double = 2,
        maxDelaySeconds: Int? = nil,
        hasFullJitter: Bool = false
    ) {
        self.errorEquals = errorEquals
        self.intervalSeconds = intervalSeconds
        self.maxAttempts = maxAttempts
        self.backoffRate = backoffRate
        self.maxDelaySeconds = maxDelaySeconds
        self.hasFullJitter = hasFullJitter
    }
}

/// One element of `Catch`.
package struct Catcher: Sendable {
    package var errorEquals: [String]
    package var next: String
    package var resultPath: ResultPath
    /// JSONata's `Output`, which takes the place of `ResultPath`.
    package var output: JSONataTemplate?
    package var assign: Template?

    package init(
        errorEquals: [String],
        next: String,
        resultPath: ResultPath = .replace,
        output: JSONataTemplate? = nil,
        assign: Template? = nil
    ) {
        self.errorEquals = errorEquals
        self.next = next
        self.resultPath = resultPath
        self.output = output
        self.assign = assign
    }
}
