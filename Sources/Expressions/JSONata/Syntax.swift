/// A part of an expression as it is parsed and then arranged: paths are gathered from their dots, and the steps that
/// `%` refers to are found. ``Compiler`` makes an immutable tree of it.
final class Syntax {
    enum Kind {
        case name(String)
        case variable(String)
        case string(String)
        case number(Double)
        case constant(JSONataConstant)
        case regex(pattern: String, flags: String)
        case wildcard
        case descendants
        case parent(AncestorSlot)
        /// The `?` of a partial application.
        case placeholder
        /// An operator where a value was expected: `and`, `or` and `in` are names then.
        case word(String)
        case end
        case negate(Syntax)
        case array([Syntax])
        case object([Pair])
        case block([Syntax])
        case binary(String, Syntax, Syntax)
        case filter(Syntax, by: Syntax)
        case group(Syntax, [Pair])
        case order(Syntax, [Term])
        case focus(Syntax, name: String)
        case index(Syntax, name: String)
        case bind(name: String, Syntax)
        case call(Syntax, [Syntax], isPartial: Bool)
        case lambda(parameters: [String], signature: Signature?, body: Syntax)
        case condition(Syntax, then: Syntax, otherwise: Syntax?)
        case coalesce(Syntax, Syntax)
        case elvis(Syntax, Syntax)
        case transform(pattern: Syntax, update: Syntax, delete: Syntax?)
        case path([Syntax])
        case sort([Term])
    }

    struct Pair {
        var key: Syntax
        var value: Syntax
    }

    struct Term {
        var isDescending: Bool
        var expression: Syntax
    }

    enum Stage {
        case filter(Syntax)
        case index(String)
    }

    var kind: Kind
    let position: Int
    /// How many levels it has.
    let height: Int
    /// Filters of a part that stands alone.
    var predicates: [Syntax]?
    /// Filters and index bindings of a step of a path.
    var stages: [Stage]?
    var grouping: [Pair]?
    /// Written with `[]`: one result stays an array.
    var keepsArray = false
    /// A path with such a step.
    var keepsSingleton = false
    /// An array constructor at the start or end of a path, whose array stays together.
    var isConstructedArray = false
    /// A step whose results remember the bindings that led to them.
    var isTuple = false
    var focus: String?
    var index: String?
    var ancestor: AncestorSlot?
    /// The `%` inside whose ancestors lie outside.
    var seekingParents: [AncestorSlot]?
    /// A call in tail position.
    var isTail = false

    init(_ kind: Kind, at position: Int) {
        self.kind = kind
        self.position = position
        height = 1 + (Self.parts(of: kind).map(\.height).max() ?? 0)
    }

    private static func parts(of kind: Kind) -> [Syntax] {
        switch kind {
        case .negate(let part), .focus(let part, _), .index(let part, _), .bind(_, let part), .lambda(_, _, let part):
            [part]
        case .array(let parts), .block(let parts), .path(let parts): parts
        case .object(let pairs): pairs.flatMap { [$0.key, $0.value] }
        case .binary(_, let left, let right), .filter(let left, let right), .coalesce(let left, let right),
            .elvis(let left, let right):
            [left, right]
        case .group(let part, let pairs): [part] + pairs.flatMap { [$0.key, $0.value] }
        case .order(let part, let terms): [part] + terms.map(\.expression)
        case .sort(let terms): terms.map(\.expression)
        case .call(let procedure, let arguments, _): [procedure] + arguments
        case .condition(let condition, let then, let otherwise): [condition, then] + (otherwise.map { [$0] } ?? [])
        case .transform(let pattern, let update, let delete): [pattern, update] + (delete.map { [$0] } ?? [])
        case .name, .variable, .string, .number, .constant, .regex, .wildcard, .descendants, .parent, .placeholder,
            .word, .end:
            []
        }
    }
}

extension Syntax {
    /// Everything inside, once arranged.
    var allParts: [Syntax] {
        var parts = Self.parts(of: kind) + (predicates ?? [])
        for case .filter(let part) in stages ?? [] { parts.append(part) }
        for pair in grouping ?? [] { parts += [pair.key, pair.value] }
        return parts
    }

    /// Whether evaluating this binds a variable of the block around it.
    var bindsHere: Bool {
        switch kind {
        case .bind: true
        case .block, .lambda: (predicates ?? []).contains(where: \.bindsHere)
        default: allParts.contains(where: \.bindsHere)
        }
    }
}

/// What a `%` refers to: the input of the step that is `level` steps back.
final class AncestorSlot {
    var label: Int
    var level = 1

    init(label: Int) { self.label = label }
}

/// The three words that are values.
extension Syntax.Kind {
    /// A number or constant as JSON.
    var literal: String {
        switch self {
        case .number(let number): NumberText.text(of: number)
        case .constant(.true): "true"
        case .constant(.false): "false"
        default: "null"
        }
    }
}

enum JSONataConstant: Sendable {
    case null
    case `true`
    case `false`
}
