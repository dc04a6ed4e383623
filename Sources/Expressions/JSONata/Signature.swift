/// What arguments a function takes, in JSONata's notation: `<s-nn?:s>`.
struct Signature: Sendable {
    private struct Parameter: Sendable {
        /// The types it takes.
        var types: TypeSet
        var isArray = false
        /// The type of an array's elements.
        var elements: TypeSet?
        var isOptional = false
        var isRepeated = false
        /// Whether the context stands in when the argument is missing.
        var takesContext = false

        /// The context in place of an argument.
        func checked(_ context: Value, place: Int, of function: String) throws(JSONataError) -> Value {
            guard types.contains(context.type) else {
                throw JSONataError(
                    code: "T0411",
                    reason: "Context value is not a compatible type with argument \(place + 1) of \(function)"
                )
            }
            return context
        }
    }

    private var parameters: [Parameter] = []
    /// Whether one of the parameters takes more than one argument.
    private var isRepeated = false

    /// - Throws: `S0401` or `S0402` for a notation that isn't one.
    init(_ text: String) throws(JSONataError) {
        let symbols = Array(text)
        var place = 1
        while place < symbols.count, symbols[place] != ":", !(symbols[place] == ">" && place == symbols.count - 1) {
            let symbol = symbols[place]
            switch symbol {
            case "s", "n", "b", "l", "o": parameters.append(Parameter(types: [TypeSet(symbol), .missing]))
            case "a": parameters.append(Parameter(types: .any, isArray: true))
            case "f": parameters.append(Parameter(types: .function))
            case "j": parameters.append(Parameter(types: .any.subtracting(.function)))
            case "x": parameters.append(Parameter(types: .any))
            case "-": change { $0.takesContext = true }
            case "?": change { $0.isOptional = true }
            case "+":
                change { $0.isRepeated = true }
                isRepeated = true
            case "(":
                let end = try Self.closing("(", ")", in: symbols, from: place)
                let choice = symbols[place + 1..<end]
                guard !choice.contains("<") else {
                    throw JSONataError(
                        code: "S0402",
                        reason: "Choice groups containing parameterized types are not supported"
                    )
                }
                parameters.append(Parameter(types: choice.reduce(into: .missing) { $0.formUnion(TypeSet($1)) }))
                place = end
            case "<":
                let end = try Self.closing("<", ">", in: symbols, from: place)
                guard let last = parameters.last, last.isArray || last.types == .function else {
                    throw JSONataError(
                        code: "S0401",
                        reason: "Type parameters can only be applied to functions and arrays"
                    )
                }
                let inner = symbols[place + 1..<end]
                change { if $0.isArray { $0.elements = inner.first.map { TypeSet($0) } } }
                place = end
            default: break
            }
            place += 1
        }
    }

    private mutating func change(_ body: (inout Parameter) -> Void) {
        if !parameters.isEmpty { body(&parameters[parameters.count - 1]) }
    }

    private static func closing(
        _ open: Character,
        _ close: Character,
        in symbols: [Character],
        from start: Int
    ) throws(JSONataError) -> Int {
        var depth = 0
        for place in start..<symbols.count {
            if symbols[place] == open { depth += 1 }
            if symbols[place] == close { depth -= 1 }
            if depth == 0 { return place }
        }
        throw JSONataError(code: "S0402", reason: "the signature has a '\(open)' without '\(close)'")
    }

    /// The arguments as the function gets them: the context filled in, single values made arrays.
    ///
    /// - Parameter function: what errors call it.
    /// - Throws: `T0410` for a wrong argument, `T0411` for a wrong context, `T0412` for wrong elements.
    func arguments(
        _ values: [Value],
        of function: String,
        context: Value,
        _ budget: Budget
    ) throws(JSONataError) -> [Value] {
        if let result = try fittingOneByOne(values, of: function, context, budget) { return result }
        let types = values.map(\.type)
        var failures: Set<Int> = []
        var counts = [Int](repeating: 0, count: parameters.count)
        var reached = 0
        guard match(types, from: 0, parameter: 0, &counts, &reached, &failures) else {
            throw JSONataError(
                code: "T0410",
                reason: "Argument \(reached + 1) of \(function) does not match function signature"
            )
        }
        var result: [Value] = []
        result.reserveCapacity(parameters.count)
        var next = 0
        for (place, parameter) in parameters.enumerated() {
            if counts[place] == 0 {
                if parameter.takesContext {
                    result.append(try parameter.checked(context, place: next, of: function))
                } else {
                    result.append(next < values.count ? values[next] : .undefined)
                    next += 1
                }
            }
            for _ in 0..<counts[place] {
                result.append(
                    // A parameter before this one may have passed over an argument that is not there for it.
                    next < values.count
                        ? try Self.converted(
                            values[next],
                            for: parameter,
                            of: function,
                            place: next,
                            counts[place],
                            budget
                        ) : .undefined
                )
                next += 1
            }
        }
        return result
    }

    /// The usual case, decided quickly: each argument is of a type that fits the parameter at its place, and the
    /// parameters after the last can do without.
    private func fittingOneByOne(
        _ values: [Value],
        of function: String,
        _ context: Value,
        _ budget: Budget
    ) throws(JSONataError) -> [Value]? {
        guard values.count == parameters.count || values.count < parameters.count && !isRepeated else { return nil }
        var isAsGiven = values.count == parameters.count
        for (place, parameter) in parameters.enumerated() {
            if place < values.count {
                guard parameter.types.contains(values[place].type) else { return nil }
                if parameter.isArray { isAsGiven = false }
            } else {
                guard parameter.isOptional || parameter.takesContext else { return nil }
            }
        }
        if isAsGiven { return values }
        var result: [Value] = []
        result.reserveCapacity(parameters.count)
        for (place, parameter) in parameters.enumerated() {
            if place < values.count {
                result.append(
                    try Self.converted(values[place], for: parameter, of: function, place: place, 1, budget)
                )
            } else {
                result.append(
                    try parameter.takesContext ? parameter.checked(context, place: place, of: function) : .undefined
                )
            }
        }
        return result
    }

    /// Finds how many arguments each parameter takes, as many as possible first.
    private func match(
        _ types: [TypeSet],
        from start: Int,
        parameter place: Int,
        _ counts: inout [Int],
        _ reached: inout Int,
        _ failures: inout Set<Int>
    ) -> Bool {
        guard place < parameters.count else {
            reached = max(reached, start)
            return start == types.count
        }
        // What has failed once fails again, so the search takes no more than every place with every parameter.
        guard failures.insert(start * (parameters.count + 1) + place).inserted else { return false }
        let parameter = parameters[place]
        var most = 0
        while start + most < types.count, most == 0 || parameter.isRepeated,
            parameter.types.contains(types[start + most])
        {
            most += 1
        }
        let least = parameter.isOptional || parameter.takesContext ? 0 : 1
        guard most >= least else {
            reached = max(reached, start)
            return false
        }
        for count in stride(from: most, through: least, by: -1) {
            counts[place] = count
            if match(types, from: start + count, parameter: place + 1, &counts, &reached, &failures) { return true }
        }
        return false
    }

    private static func converted(
        _ value: Value,
        for parameter: Parameter,
        of function: String,
        place: Int,
        _ count: Int,
        _ budget: Budget
    ) throws(JSONataError) -> Value {
        guard parameter.isArray, !value.isUndefined else { return value }
        if let elements = parameter.elements {
            var isFitting = true
            if case .list(let list) = value {
                _ = budget.step(list.count / 16)
                if let first = list.items.first {
                    isFitting = first.type == elements && list.items.allSatisfy { $0.type == elements }
                }
            } else {
                isFitting = value.type == elements && count == 1
            }
            guard isFitting else {
                throw JSONataError(
                    code: "T0412",
                    reason: "Argument \(place + 1) of \(function) must be an array of \(elements.plural)"
                )
            }
        }
        if case .list = value { return value }
        _ = budget.take(Cost.list(1))
        return .list(List([value]))
    }
}
