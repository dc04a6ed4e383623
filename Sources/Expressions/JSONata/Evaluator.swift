import JSON

/// One evaluation of a compiled expression.
final class Evaluator {
    let dialect: JSONataDialect
    let bounds: JSONataBounds
    let elapsed: @Sendable () -> Duration
    let now: Timestamp
    var random: any RandomNumberGenerator
    /// The variables from outside.
    let bindings: [String: Value]
    /// Whether one of them has the name of a library function.
    let hidesLibrary: Bool
    /// The numbers of the variables that the expression binds.
    var names: [String: Int]
    /// The value of `$$`.
    let root: Value

    let budget: Budget
    var depth = 0
    private let depthLimit: Int
    /// A call in tail position that whoever called the function around it has to make.
    var pendingCall: (function: Function, arguments: [Value], frame: Frame, position: Int)?
    /// Frames that hold functions that may hold them.
    private var cycles: [Frame] = []

    /// The nesting that any thread's stack has room for.
    static let smallStackDepth = 24

    init(
        program: JSONata.Program,
        root: Value,
        bindings: [String: Value],
        budget: Budget,
        environment: JSONataEnvironment,
        bounds: JSONataBounds,
        isOnLargeStack: Bool
    ) {
        dialect = program.dialect
        names = program.names
        self.root = root
        self.bindings = bindings
        hidesLibrary = bindings.keys.contains { Library.function($0, in: program.dialect) != nil }
        self.bounds = bounds
        self.budget = budget
        elapsed = environment.elapsed
        now = environment.now
        random = environment.random
        depthLimit = isOnLargeStack ? bounds.depth : min(bounds.depth, Self.smallStackDepth)
        lacksStack = !isOnLargeStack
    }

    private let lacksStack: Bool

    deinit {
        for frame in cycles { frame.clear() }
    }

    /// Takes note of a frame that has been given a value with a function in it.
    func mayBeCyclic(_ frame: Frame) { cycles.append(frame) }

    // MARK: Bounds

    /// What is thrown for lack of stack; whoever catches it starts again on a large one.
    static let stackError = JSONataError(code: "stack", reason: "the evaluation needs a larger stack")

    /// Fails on a small stack if a text is long enough to be nested too deeply for it.
    func checkStack(forParsing text: String) throws(JSONataError) {
        if lacksStack, !JSONata.Program.fitsSmallStack(text) { throw Self.stackError }
    }

    /// Counts a level of a value that a function walks down; ``leave()`` counts it back.
    @inline(__always)
    func enter() throws(JSONataError) {
        depth += 1
        if depth > depthLimit { try look() }
    }

    @inline(__always)
    func leave() { depth -= 1 }

    func look() throws(JSONataError) {
        if depth > depthLimit {
            if lacksStack && bounds.depth > depthLimit { throw Self.stackError }
            throw .bound(
                "the evaluation is nested deeper than \(bounds.depth) levels; does a function call itself forever?"
            )
        }
        guard budget.look() else {
            throw .bound("the evaluation takes more than \(bounds.steps) steps; does a function call itself forever?")
        }
        try checkMemory()
        guard elapsed() <= bounds.time else { throw .bound("the evaluation takes longer than \(bounds.time)") }
    }

    /// Counts work that a library function does in a loop of its own.
    @inline(__always)
    func step(_ count: Int = 1) throws(JSONataError) {
        if budget.step(count) { try look() }
    }

    /// Counts memory that is about to be used.
    func allocate(_ bytes: Int) throws(JSONataError) {
        guard budget.take(bytes) else { throw memoryError }
    }

    /// Fails if a text that grows has come so far that it may not fit once more, when it is enlarged or copied.
    @inline(__always)
    func checkRoom(_ bytes: Int) throws(JSONataError) {
        if bytes > budget.room / 3 { throw memoryError }
    }

    private var memoryError: JSONataError {
        .bound("the evaluation needs more than \(bounds.allocatedBytes) bytes of memory")
    }

    /// Fails if memory was refused where no error could be thrown.
    func checkMemory() throws(JSONataError) {
        if budget.isOutOfMemory { throw memoryError }
    }

    /// A list of so many whole numbers.
    func range(from first: Double, count: Int) -> Value { .list(List(from: first, count: count, budget)) }

    /// A value of the input or one like it.
    func value(of json: JSONValue) -> Value { Value(json, budget) }

    /// The arguments as a function gets them.
    func arguments(
        _ values: [Value],
        for signature: Signature,
        of function: String?,
        context: Value
    ) throws(JSONataError) -> [Value] {
        try signature.arguments(
            values,
            of: function.map { "function \"\($0)\"" } ?? "function",
            context: context,
            budget
        )
    }

    /// A list of values that have been computed.
    func list(_ items: [Value], _ traits: List.Traits = []) throws(JSONataError) -> Value {
        try allocate(Cost.list(items.count))
        let list = List(items, traits)
        try checkNesting(list.nesting)
        return .list(list)
    }

    func sequence(_ items: [Value]) throws(JSONataError) -> Value { try list(items, .sequence) }

    /// A text that has been computed.
    func text(_ text: String) throws(JSONataError) -> Value {
        try step(text.utf8.count / 256)
        try allocate(text.utf8.count)
        return .string(text)
    }

    func checkNesting(_ nesting: Int) throws(JSONataError) {
        guard nesting <= 500 else { throw .bound("the evaluation makes a value of more than 500 levels") }
    }

    // MARK: Evaluation

    func evaluate(_ node: Node, _ input: Value, _ frame: Frame) throws(JSONataError) -> Value {
        depth += 1
        defer { depth -= 1 }
        if budget.step() || depth > depthLimit { try look() }
        var result = try evaluateKind(of: node, input, frame)
        if !node.isPlain { result = try applyFilters(of: node, to: result, frame) }
        guard case .list(let list) = result, list.isSequence, !list.traits.contains(.tuples) else { return result }
        if node.keepsArray { list.traits.insert(.keepsSingleton) }
        switch list.count {
        case 0: return .undefined
        case 1: return list.traits.contains(.keepsSingleton) ? result : list.items[0]
        default: return result
        }
    }

    private func applyFilters(
        of node: Node,
        to value: Value,
        _ frame: Frame
    ) throws(JSONataError) -> Value {
        var result = value
        for predicate in node.predicates { result = try filter(result, by: predicate, frame) }
        if let grouping = node.grouping, !node.isPath { result = try group(result, by: grouping, frame) }
        return result
    }

    private func evaluateKind(of node: Node, _ input: Value, _ frame: Frame) throws(JSONataError) -> Value {
        switch node.kind {
        case .path(let path): return try evaluatePath(node, path, input, frame)
        case .name(let name): return try lookUp(name, in: input)
        case .context:
            if case .list(let list) = input, list.traits.contains(.wrapper) { return list.items[0] }
            return input
        case .root: return root
        case .variable(let number, let name): return frame[number] ?? global(name)
        case .external(let name): return bindings[name] ?? .undefined
        case .library(let native):
            if hidesLibrary, let binding = bindings[native.name] { return binding }
            return .function(Function(.native(native)))
        case .string(let text): return .string(text)
        case .number(let number): return .number(number)
        case .constant(let constant):
            return switch constant {
            case .null: .null
            case .true: .bool(true)
            case .false: .bool(false)
            }
        case .regex(let regex): return .function(Function(.regex(regex)))
        case .wildcard: return try wildcard(input)
        case .descendants: return try descendants(input)
        case .placeholder: return .undefined
        case .negate(let operand): return try negate(operand, at: node, input, frame)
        case .array(let items): return try array(items, at: node, input, frame)
        case .object(let grouping): return try group(input, by: grouping, frame)
        case .block(let parts, let needsFrame):
            return try block(parts, input, needsFrame ? Frame(parent: frame) : frame)
        case .binary(let symbol, let left, let right):
            return try binary(symbol, left, right, at: node, input, frame)
        case .bind(let name, let value): return try bind(name, value, input, frame)
        case .call(let procedure, let arguments, let isTail):
            return try call(procedure, arguments, isTail: isTail, at: node, input, frame)
        case .partial(let procedure, let arguments):
            return try partial(procedure, arguments, at: node, input, frame)
        case .lambda(let lambda):
            let function = Function(.lambda(lambda, input: input, frame: frame))
            try checkNesting(function.nesting)
            try allocate(Cost.function)
            return .function(function)
        case .condition(let condition, let then, let otherwise):
            if try isTruthy(evaluate(condition, input, frame)) { return try evaluate(then, input, frame) }
            guard let otherwise else { return .undefined }
            return try evaluate(otherwise, input, frame)
        case .coalesce(let left, let right):
            let value = try evaluate(left, input, frame)
            return value.isUndefined ? try evaluate(right, input, frame) : value
        case .elvis(let left, let right):
            let value = try evaluate(left, input, frame)
            return try isTruthy(value) ? value : try evaluate(right, input, frame)
        case .transform(let transform):
            return .function(Function(.transform(transform, frame: frame)))
        case .sort: return try sort(input, by: node, frame)
        case .chain(let left, let procedure, let arguments):
            return try chain(left, procedure, arguments, at: node, input, frame)
        }
    }

    /// The meaning of a variable that is not bound in the expression.
    func global(_ name: String) -> Value {
        if let binding = bindings[name] { return binding }
        return Library.function(name, in: dialect).map { .function(Function(.native($0))) } ?? .undefined
    }

    private func block(_ parts: [Node], _ input: Value, _ frame: Frame) throws(JSONataError) -> Value {
        var result = Value.undefined
        for part in parts { result = try evaluate(part, input, frame) }
        return result
    }

    private func bind(_ name: Int, _ node: Node, _ input: Value, _ frame: Frame) throws(JSONataError) -> Value {
        let value = try evaluate(node, input, frame)
        frame.bind(name, value)
        if value.holdsFunction { mayBeCyclic(frame) }
        return value
    }
}
