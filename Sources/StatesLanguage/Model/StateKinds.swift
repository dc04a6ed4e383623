package import Expressions
package import JSON

/// What only a Pass has.
package struct PassState: Sendable {
    /// `Result`: static data instead of the effective input.
    package var result: JSONValue?

    package init(result: JSONValue? = nil) { self.result = result }
}

/// What only a Task has.
package final class TaskState: Sendable {
    package let resource: Resource
    /// Default: none.
    package let timeout: IntegerField?
    package let heartbeat: IntegerField?
    package let credentials: Template?

    package init(
        resource: Resource,
        timeout: IntegerField? = nil,
        heartbeat: IntegerField? = nil,
        credentials: Template? = nil
    ) {
        self.resource = resource
        self.timeout = timeout
        self.heartbeat = heartbeat
        self.credentials = credentials
    }
}

/// What only a Choice has.
package struct ChoiceState: Sendable {
    package var rules: [ChoiceRule]
    package var defaultNext: String?

    package init(rules: [ChoiceRule], defaultNext: String?) {
        self.rules = rules
        self.defaultNext = defaultNext
    }
}

/// One top-level rule of a Choice.
package struct ChoiceRule: Sendable {
    package var condition: ChoiceCondition
    package var next: String
    /// JSONata's `Output`.
    package var output: JSONataTemplate?
    package var assign: Template?

    package init(
        condition: ChoiceCondition,
        next: String,
        output: JSONataTemplate? = nil,
        assign: Template? = nil
    ) {
        self.condition = condition
        self.next = next
        self.output = output
        self.assign = assign
    }
}

/// A condition of a Choice rule.
package indirect enum ChoiceCondition: Sendable {
    case and([ChoiceCondition])
    case or([ChoiceCondition])
    case not(ChoiceCondition)
    case comparison(variable: Path, ChoiceComparison)
    /// JSONata's `Condition` without an expression.
    case constant(Bool)
    /// JSONata's `Condition`.
    case jsonata(JSONataField)
}

/// One of the 39 comparisons.
package enum ChoiceComparison: Sendable {
    package enum Order: String, Sendable, CaseIterable {
        case equals = "Equals"
        case lessThan = "LessThan"
        case greaterThan = "GreaterThan"
        case lessThanEquals = "LessThanEquals"
        case greaterThanEquals = "GreaterThanEquals"
    }

    /// The other side of a comparison: written in the definition, or at a path (`…Path`).
    package enum Operand<Constant: Sendable>: Sendable {
        case constant(Constant)
        case path(Path)
    }

    case string(Order, Operand<String>)
    case numeric(Order, Operand<JSONNumber>)
    case timestamp(Order, Operand<Timestamp>)
    case boolean(Operand<Bool>)
    /// `*` matches any run of characters; `\*` and `\\` are literal.
    case stringMatches(String)
    case isNull(Bool)
    case isPresent(Bool)
    case isNumeric(Bool)
    case isString(Bool)
    case isBoolean(Bool)
    case isTimestamp(Bool)
}

/// The forms of Wait.
package enum WaitState: Sendable {
    case seconds(Int)
    case secondsPath(Path)
    case timestamp(Timestamp)
    case timestampPath(Path)
    case secondsExpression(JSONataField)
    case timestampExpression(JSONataField)
}

/// What only a Fail has.
package struct FailState: Sendable {
    package var error: StringField?
    package var cause: StringField?

    package init(error: StringField? = nil, cause: StringField? = nil) {
        self.error = error
        self.cause = cause
    }
}

/// What only a Parallel has.
package struct ParallelState: Sendable {
    package var branches: [StateScope]

    package init(branches: [StateScope]) { self.branches = branches }
}

/// What only a Map has.
package struct MapState: Sendable {
    package var processor: StateScope
    /// Default: `$`.
    package var itemsPath: Path?
    /// JSONata's `Items`. Default: the input.
    package var items: JSONataTemplate?
    /// `ItemSelector`, or the older `Parameters`.
    package var itemSelector: Template?
    /// 0 = unlimited. Default: 0.
    package var maxConcurrency: IntegerField
    /// Mode `DISTRIBUTED`; nil: inline, the iterations are branches of the execution.
    package var distributed: DistributedMap?

    package init(
        processor: StateScope,
        itemsPath: Path? = nil,
        items: JSONataTemplate? = nil,
        itemSelector: Template? = nil,
        maxConcurrency: IntegerField = .constant(0),
        distributed: DistributedMap? = nil
    ) {
        self.processor = processor
        self.itemsPath = itemsPath
        self.items = items
        self.itemSelector = itemSelector
        self.maxConcurrency = maxConcurrency
        self.distributed = distributed
    }
}
