import JSON

/// A value while an expression is evaluated.
enum Value {
    case undefined
    case null
    case bool(Bool)
    case number(Double)
    /// A number of the input that a double can't say as it is written; it keeps its digits as long as nobody counts
    /// with it.
    case exact(JSONNumber)
    case string(String)
    case list(List)
    case object(Object)
    case function(Function)
    /// One row of a tuple stream; never seen by an expression.
    case tuple(Tuple)
}

extension Value {
    init(_ json: JSONValue) {
        switch json {
        case .null: self = .null
        case .bool(let bool): self = .bool(bool)
        case .number(let number):
            if number.isWrittenAsInteger, let integer = number.integer, integer.magnitude <= 1 << 53 {
                self = .number(Double(integer))
            } else {
                self = .exact(number)
            }
        case .string(let string): self = .string(string)
        case .array(let elements): self = .list(List(elements))
        case .object(let members): self = .object(Object(members))
        }
    }

    @inline(__always)
    var isUndefined: Bool {
        if case .undefined = self { return true }
        return false
    }

    var isNull: Bool {
        if case .null = self { return true }
        return false
    }

    @inline(__always)
    var number: Double? {
        switch self {
        case .number(let number): number
        case .exact(let number): number.double
        default: nil
        }
    }

    var string: String? {
        if case .string(let string) = self { return string }
        return nil
    }

    var list: List? {
        if case .list(let list) = self { return list }
        return nil
    }

    var object: Object? {
        if case .object(let object) = self { return object }
        return nil
    }

    var function: Function? {
        if case .function(let function) = self { return function }
        return nil
    }

    /// The elements of a list; one value alone; nothing for undefined.
    var elements: [Value] {
        switch self {
        case .undefined: []
        case .list(let list): list.items
        default: [self]
        }
    }

    /// How many containers and closures stand inside one another.
    var nesting: Int {
        switch self {
        case .list(let list): list.nesting
        case .object(let object): object.nesting
        case .function(let function): function.nesting
        default: 0
        }
    }

    /// Whether a closure can be reached from here, and so possibly a frame that holds this value.
    var holdsFunction: Bool {
        switch self {
        case .list(let list): list.holdsFunction
        case .object(let object): object.holdsFunction
        case .function: true
        default: false
        }
    }

    /// What JSONata takes for true: neither empty nor zero nor null, and a list with such an element.
    var isTruthy: Bool {
        switch self {
        case .undefined, .null, .function, .tuple: return false
        case .bool(let bool): return bool
        case .number(let number): return number != 0 && !number.isNaN
        case .exact(let number): return number.double != 0
        case .string(let string): return !string.isEmpty
        case .object(let object): return object.count > 0
        case .list(let list):
            // Every level is looked through, and the depth of lists is bounded.
            return list.items.contains(where: \.isTruthy)
        }
    }

    /// Whether two values are deeply equal; the order of members does not matter, functions equal only themselves.
    func isEqual(to other: Value) -> Bool {
        if let left = number, let right = other.number {
            if case .exact(let left) = self, case .exact(let right) = other { return left.isSame(as: right) }
            return left == right
        }
        switch (self, other) {
        case (.undefined, .undefined), (.null, .null): return true
        case (.bool(let left), .bool(let right)): return left == right
        case (.string(let left), .string(let right)): return left.isIdentical(to: right)
        case (.list(let left), .list(let right)):
            return left === right
                || left.count == right.count && zip(left.items, right.items).allSatisfy { $0.isEqual(to: $1) }
        case (.object(let left), .object(let right)):
            if left === right { return true }
            return left.count == right.count
                && left.keys.allSatisfy { key in
                    let value = right[key]
                    return !value.isUndefined && left[key].isEqual(to: value)
                }
        case (.function(let left), .function(let right)): return left === right
        default: return false
        }
    }
}

/// One row of a tuple stream: a value and the variables that were bound on the way to it.
struct TupleRow {
    var value: Value
    var names: [Int] = []
    var values: [Value] = []

    mutating func bind(_ name: Int, _ value: Value) {
        if let place = names.firstIndex(of: name) {
            values[place] = value
        } else {
            names.append(name)
            values.append(value)
        }
    }
}

/// A row as a value.
final class Tuple {
    let row: TupleRow

    init(_ row: TupleRow) { self.row = row }
}
