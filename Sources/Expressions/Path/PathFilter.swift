import JSON

/// The condition of `[?(…)]`.
indirect enum PathFilter: Sendable, Hashable {
    case any([PathFilter])
    case all([PathFilter])
    case not(PathFilter)
    /// A path alone: whether it leads anywhere.
    case exists(Reference)
    case comparison(Operand, Comparator, Operand)

    /// A path within a filter: `@…` starts at the node under test, `$…` at the root of the document.
    struct Reference: Sendable, Hashable {
        var isRelative: Bool
        var steps: PathSteps
    }

    enum Operand: Sendable, Hashable {
        case reference(Reference)
        case literal(JSONValue)
    }

    enum Comparator: String, Sendable, Hashable {
        case equal = "=="
        case less = "<"
        case lessOrEqual = "<="
        case greater = ">"
        case greaterOrEqual = ">="
        case isIn = "in"
        case isSubset = "subsetof"
        case hasAny = "anyof"
        case hasNone = "noneof"
        case contains
        case size
        case isEmpty = "empty"
    }
}

extension PathFilter.Comparator {
    /// Compares two operands; nil stands for a path that leads nowhere.
    ///
    /// Jayway's rules: nothing equals a missing value, order exists only between two numbers or two strings, and a
    /// number equals a string that spells it.
    func holds(_ left: JSONValue?, _ right: JSONValue?) -> Bool {
        guard let left, let right else { return false }
        switch self {
        case .equal: return Self.areEqual(left, right)
        case .less: return Self.isOrdered(left, right) { $0 < 0 }
        case .lessOrEqual: return Self.isOrdered(left, right) { $0 <= 0 }
        case .greater: return Self.isOrdered(left, right) { $0 > 0 }
        case .greaterOrEqual: return Self.isOrdered(left, right) { $0 >= 0 }
        case .isIn: return right.array?.contains { Self.areEqual(left, $0) } ?? false
        case .isSubset: return Self.lists(left, right) { Set($0).isSubset(of: Set($1)) }
        case .hasAny: return Self.lists(left, right) { !Set($0).isDisjoint(with: Set($1)) }
        case .hasNone: return Self.lists(left, right) { Set($0).isDisjoint(with: Set($1)) }
        case .contains: return Self.contains(left, right)
        case .size: return Self.size(left).map { right.number?.integer == Int64($0) } ?? false
        case .isEmpty: return Self.size(left).map { ($0 == 0) == right.bool } ?? false
        }
    }

    private static func areEqual(_ left: JSONValue, _ right: JSONValue) -> Bool {
        switch (left, right) {
        case (.number(let number), .string(let text)):
            // No number in use is longer, and a string may be a large document.
            guard text.utf8.count <= 100, let other = try? JSONValue(parsing: text).number else { return false }
            return number.isSame(as: other)
        case (.string(let text), .number(let number)): return text == number.text
        default: return left.isSame(as: right)
        }
    }

    private static func isOrdered(_ left: JSONValue, _ right: JSONValue, _ accepts: (Int) -> Bool) -> Bool {
        switch (left, right) {
        case (.number(let left), .number(let right)): accepts(left.order(to: right))
        case (.string(let left), .string(let right)): accepts(left.order(to: right))
        default: false
        }
    }

    private static func lists(
        _ left: JSONValue,
        _ right: JSONValue,
        _ accepts: ([SameValue], [SameValue]) -> Bool
    ) -> Bool {
        guard let left = left.array, let right = right.array else { return false }
        return accepts(left.map(SameValue.init), right.map(SameValue.init))
    }

    private static func contains(_ left: JSONValue, _ right: JSONValue) -> Bool {
        switch (left, right) {
        case (.array(let elements), _): elements.contains { areEqual($0, right) }
        case (.string(let text), .string(let part)): Substrings.contains(part, in: text)
        default: false
        }
    }

    private static func size(_ value: JSONValue) -> Int? {
        switch value {
        case .array(let elements): elements.count
        case .object(let members): members.count
        case .string(let text): text.utf16.count
        case .null, .bool, .number: nil
        }
    }
}
