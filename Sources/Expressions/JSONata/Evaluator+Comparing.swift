import JSON

/// Truth and equality. Values share parts, so looking at every part of a small one can take forever: each is a step.
extension Evaluator {
    /// What JSONata takes for true: neither empty nor zero nor null, and a list with such an element.
    @inline(__always)
    func isTruthy(_ value: Value) throws(JSONataError) -> Bool {
        if case .bool(let bool) = value { return bool }
        return try isTruthyOrList(value)
    }

    private func isTruthyOrList(_ value: Value) throws(JSONataError) -> Bool {
        switch value {
        case .undefined, .null, .function, .tuple: return false
        case .bool(let bool): return bool
        case .number(let number): return number != 0 && !number.isNaN
        case .exact(let number): return number.double != 0
        case .string(let string): return !string.isEmpty
        case .object(let object): return object.count > 0
        case .list(let list):
            try enter()
            defer { leave() }
            for item in list.items {
                try step()
                if try isTruthyOrList(item) { return true }
            }
            return false
        }
    }

    /// Whether two values are deeply equal; the order of members does not matter, functions equal only themselves.
    func isEqual(_ first: Value, _ second: Value) throws(JSONataError) -> Bool {
        if let left = first.number, let right = second.number {
            if case .exact(let left) = first, case .exact(let right) = second { return left.isSame(as: right) }
            return left == right
        }
        switch (first, second) {
        case (.undefined, .undefined), (.null, .null): return true
        case (.bool(let left), .bool(let right)): return left == right
        case (.string(let left), .string(let right)):
            try step(min(left.utf8.count, right.utf8.count) / 512)
            return left.isIdentical(to: right)
        case (.list(let left), .list(let right)):
            if left === right { return true }
            guard left.count == right.count else { return false }
            try enter()
            defer { leave() }
            for (left, right) in zip(left.items, right.items) {
                try step()
                guard try isEqual(left, right) else { return false }
            }
            return true
        case (.object(let left), .object(let right)):
            if left === right { return true }
            guard left.count == right.count else { return false }
            try enter()
            defer { leave() }
            for (key, value) in left.members {
                try step(2)
                let other = right[key]
                guard !other.isUndefined, try isEqual(value, other) else { return false }
            }
            return true
        case (.function(let left), .function(let right)): return left.isSame(as: right)
        default: return false
        }
    }
}
