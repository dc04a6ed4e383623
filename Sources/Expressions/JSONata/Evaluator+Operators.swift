import JSON

/// Operators and constructors.
extension Evaluator {
    /// The longest range.
    private static let rangeLimit = 10_000_000.0

    func binary(
        _ symbol: Node.Operator,
        _ left: Node,
        _ right: Node,
        at node: Node,
        _ input: Value,
        _ frame: Frame
    ) throws(JSONataError) -> Value {
        let first = try evaluate(left, input, frame)
        switch symbol {
        case .and:
            guard try isTruthy(first) else { return .bool(false) }
            return .bool(try isTruthy(evaluate(right, input, frame)))
        case .or:
            if try isTruthy(first) { return .bool(true) }
            return .bool(try isTruthy(evaluate(right, input, frame)))
        case .apply: return try applyTo(first, right, at: node, input, frame)
        default: break
        }
        let second = try evaluate(right, input, frame)
        do throws(JSONataError) {
            switch symbol {
            case .add, .subtract, .multiply, .divide, .remainder: return try calculate(symbol, first, second)
            case .equal: return .bool(try isSame(first, second) ?? false)
            case .notEqual: return .bool(try isSame(first, second).map { !$0 } ?? false)
            case .less, .lessOrEqual, .greater, .greaterOrEqual: return try compare(symbol, first, second)
            case .concatenate: return try text(string(first) + string(second))
            case .in:
                guard !first.isUndefined, !second.isUndefined else { return .bool(false) }
                for item in second.elements {
                    try step()
                    if try isEqual(item, first) { return .bool(true) }
                }
                return .bool(false)
            case .range: return try range(first, second)
            case .and, .or, .apply: return .undefined
            }
        } catch {
            throw error.located(at: node.position, token: symbol.rawValue)
        }
    }

    private func isSame(_ left: Value, _ right: Value) throws(JSONataError) -> Bool? {
        if left.isUndefined || right.isUndefined { return nil }
        return try isEqual(left, right)
    }

    /// A number that is one; nil for undefined.
    private func operand(
        _ value: Value,
        _ symbol: Node.Operator,
        code: String,
        _ side: String
    ) throws(JSONataError) -> Double? {
        if let number = value.number { return try finite(number) }
        if value.isUndefined { return nil }
        throw JSONataError(
            code: code,
            reason: "The \(side) side of the \"\(symbol.rawValue)\" operator must evaluate to a number"
        )
    }

    func finite(_ number: Double) throws(JSONataError) -> Double {
        guard number.isFinite else {
            // The library that AWS runs writes the number as JSON, which has none for it.
            throw JSONataError(code: "D1001", reason: "Number out of range: null")
        }
        return number
    }

    private func calculate(_ symbol: Node.Operator, _ left: Value, _ right: Value) throws(JSONataError) -> Value {
        let first = try operand(left, symbol, code: "T2001", "left")
        let second = try operand(right, symbol, code: "T2002", "right")
        guard let first, let second else { return .undefined }
        return switch symbol {
        case .add: .number(first + second)
        case .subtract: .number(first - second)
        case .multiply: .number(first * second)
        case .divide: .number(first / second)
        default: .number(first.truncatingRemainder(dividingBy: second))
        }
    }

    private func compare(_ symbol: Node.Operator, _ left: Value, _ right: Value) throws(JSONataError) -> Value {
        for value in [left, right] where !value.isUndefined && value.number == nil && value.string == nil {
            throw JSONataError(
                code: "T2010",
                reason:
                    "The expressions either side of operator \"\(symbol.rawValue)\" must evaluate to numeric or string"
                    + " values"
            )
        }
        let order: Int
        if let first = left.number, let second = right.number {
            guard !first.isNaN, !second.isNaN else { return .bool(false) }
            order = first < second ? -1 : first == second ? 0 : 1
        } else if let first = left.string, let second = right.string {
            order = first.order(to: second)
        } else if left.isUndefined || right.isUndefined {
            return .undefined
        } else {
            throw JSONataError(
                code: "T2009",
                reason: "The values \(left.quoted) and \(right.quoted) either side of operator \"\(symbol.rawValue)\""
                    + " must be of the same data type"
            )
        }
        return switch symbol {
        case .less: .bool(order < 0)
        case .lessOrEqual: .bool(order <= 0)
        case .greater: .bool(order > 0)
        default: .bool(order >= 0)
        }
    }

    private func range(_ left: Value, _ right: Value) throws(JSONataError) -> Value {
        for (value, code, side) in [(left, "T2003", "left"), (right, "T2004", "right")] where !value.isUndefined {
            guard let number = value.number, try finite(number) == number.rounded(.down) else {
                throw JSONataError(
                    code: code,
                    reason: "The \(side) side of the range operator (..) must evaluate to an integer"
                )
            }
        }
        guard let first = left.number, let last = right.number, first <= last else { return .undefined }
        let count = last - first + 1
        guard count <= Self.rangeLimit, let size = Int(exactly: count) else {
            throw JSONataError(
                code: "D2014",
                reason:
                    "The size of the sequence allocated by the range operator (..) must not exceed 1e6.  Attempted to"
                    + " allocate \(number: count)."
            )
        }
        return range(from: first, count: size)
    }

    func negate(_ operand: Node, at node: Node, _ input: Value, _ frame: Frame) throws(JSONataError) -> Value {
        let value = try evaluate(operand, input, frame)
        if value.isUndefined { return .undefined }
        guard let number = value.number else {
            throw JSONataError(
                code: "D1002",
                reason: "Cannot negate a non-numeric value: \(value.quoted)",
                position: node.position,
                token: "-"
            )
        }
        return .number(-number)
    }

    func array(_ parts: [Node], at node: Node, _ input: Value, _ frame: Frame) throws(JSONataError) -> Value {
        var items: [Value] = []
        items.reserveCapacity(parts.count)
        for part in parts {
            let value = try evaluate(part, input, frame)
            switch value {
            case .undefined: break
            case .list(let list):
                if case .array = part.kind {
                    items.append(value)
                    continue
                }
                if parts.count == 1, let copy = list.copyOfRange(node.isConstructedArray ? .constructed : []) {
                    return .list(copy)
                }
                items += list.items
            default: items.append(value)
            }
        }
        return try list(items, node.isConstructedArray ? .constructed : [])
    }
}

extension Value {
    /// The value as errors show it: as JSON where it is short, else what sort of value it is.
    var quoted: String {
        switch self {
        case .string(let text) where text.utf8.count <= 1000: JSONValue.string(text).text
        case .bool(let bool): "\(bool)"
        case .number(let number): NumberText.text(of: number)
        case .exact(let number): number.text
        case .list, .object: shown(depth: 3).excerpt
        default: described
        }
    }

    /// The value without what is deep inside or far behind.
    private func shown(depth: Int) -> JSONValue {
        switch self {
        case .list(let list) where depth > 0: .array(list.items.prefix(30).map { $0.shown(depth: depth - 1) })
        case .object(let object) where depth > 0:
            .object(JSONObject(object.members.prefix(30).map { ($0.key, $0.value.shown(depth: depth - 1)) }))
        case .string(let text): .string(text)
        case .bool(let bool): .bool(bool)
        case .number(let number): JSONNumber(number).map(JSONValue.number) ?? .null
        case .exact(let number): .number(number)
        default: .null
        }
    }

    /// What sort of value this is, with its article.
    var described: String {
        switch self {
        case .undefined, .tuple: "nothing"
        case .null: "null"
        case .bool: "a boolean"
        case .number(let number): "the number \(number: number)"
        case .exact(let number): "the number \(number.text)"
        case .string: "a string"
        case .list: "an array"
        case .object: "an object"
        case .function: "a function"
        }
    }
}

extension DefaultStringInterpolation {
    /// A number as JavaScript writes it.
    mutating func appendInterpolation(number: Double) { appendLiteral(NumberText.text(of: number)) }
}
