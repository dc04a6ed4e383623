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
    init(_ json: JSONValue, _ budget: Budget) {
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
        case .array(let elements): self = .list(List(elements, budget))
        case .object(let members): self = .object(Object(members, budget))
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
