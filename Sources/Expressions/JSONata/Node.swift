/// A part of a compiled expression; variables are numbers, and functions of the library that nobody redefines are
/// found already.
final class Node: Sendable {
    indirect enum Kind: Sendable {
        case name(String)
        /// `$`
        case context
        /// `$$`
        case root
        /// A variable that the expression binds somewhere, and its meaning where it doesn't.
        case variable(Int, global: String)
        /// A variable from outside.
        case external(String)
        /// A function of the library, unless a variable from outside has its name.
        case library(NativeFunction)
        case string(String)
        case number(Double)
        case constant(JSONataConstant)
        case regex(Regex)
        case wildcard
        case descendants
        case placeholder
        case negate(Node)
        case array([Node])
        case object(Grouping)
        case block([Node], needsFrame: Bool)
        case binary(Operator, Node, Node)
        case bind(Int, Node)
        case call(Node, [Node], isTail: Bool)
        case partial(Node, [Node])
        case lambda(Lambda)
        case condition(Node, then: Node, otherwise: Node?)
        case coalesce(Node, Node)
        case elvis(Node, Node)
        case transform(Transform)
        case path(Path)
        case sort([SortTerm])
        /// `value ~> function(…)`: the value becomes the first argument.
        case chain(Node, Node, [Node])
    }

    let kind: Kind
    /// Where the part ends in the text, in code points.
    let position: Int
    let predicates: [Node]
    let stages: [Stage]
    let grouping: Grouping?
    let keepsArray: Bool
    let isConstructedArray: Bool
    let isTuple: Bool
    let focus: Int?
    let index: Int?
    let ancestor: Int?
    /// Whether a result needs nothing done to it: no filter, no grouping. (A path does its own grouping.)
    let isPlain: Bool
    let isPath: Bool

    init(
        _ kind: Kind,
        _ syntax: Syntax,
        predicates: [Node],
        stages: [Stage],
        grouping: Grouping?,
        focus: Int?,
        index: Int?
    ) {
        self.kind = kind
        position = syntax.position
        self.predicates = predicates
        self.stages = stages
        self.grouping = grouping
        keepsArray = syntax.keepsArray
        isConstructedArray = syntax.isConstructedArray
        isTuple = syntax.isTuple
        self.focus = focus
        self.index = index
        ancestor = syntax.ancestor.map { -1 - $0.label }
        if case .path = kind { isPath = true } else { isPath = false }
        isPlain = predicates.isEmpty && (grouping == nil || isPath)
    }

    enum Operator: String, Sendable {
        case add = "+"
        case subtract = "-"
        case multiply = "*"
        case divide = "/"
        case remainder = "%"
        case equal = "="
        case notEqual = "!="
        case less = "<"
        case lessOrEqual = "<="
        case greater = ">"
        case greaterOrEqual = ">="
        case concatenate = "&"
        case and
        case or
        case `in`
        case range = ".."
        case apply = "~>"
    }

    enum Stage: Sendable {
        case filter(Node)
        case index(Int)
    }

    struct Grouping: Sendable {
        let pairs: [(key: Node, value: Node)]
        let position: Int
    }

    struct Path: Sendable {
        let steps: [Node]
        let keepsSingleton: Bool
        /// Whether the result is handed on as a tuple stream.
        let isTuple: Bool
        /// Whether the first step is a variable, so that the input is not iterated over.
        let isAbsolute: Bool
    }

    struct SortTerm: Sendable {
        let isDescending: Bool
        let expression: Node
    }
}

/// A function as it is written.
final class Lambda: Sendable {
    let parameters: [Int]
    let signature: Signature?
    let body: Node

    init(parameters: [Int], signature: Signature?, body: Node) {
        self.parameters = parameters
        self.signature = signature
        self.body = body
    }
}

/// A transformation as it is written: `|pattern|update, delete|`.
final class Transform: Sendable {
    let pattern: Node
    let update: Node
    let delete: Node?
    let position: Int

    init(pattern: Node, update: Node, delete: Node?, position: Int) {
        self.pattern = pattern
        self.update = update
        self.delete = delete
        self.position = position
    }
}
