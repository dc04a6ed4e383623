/// Calling functions.
extension Evaluator {
    func call(
        _ procedure: Node,
        _ arguments: [Node],
        isTail: Bool,
        at node: Node,
        _ input: Value,
        _ frame: Frame
    ) throws(JSONataError) -> Value {
        if case .library(let native) = procedure.kind, !hidesLibrary, procedure.isPlain {
            let values = try evaluate(arguments, input, frame)
            guard !isTail else { return postponed(Function(.native(native)), values, frame, at: node) }
            return try call(native, values, input: input, frame, at: node.position)
        }
        let callee = try evaluate(procedure, input, frame)
        let values = try evaluate(arguments, input, frame)
        let function = try self.function(callee, of: procedure, at: node.position, frame, missing: "T1005", "T1006")
        guard !isTail else { return postponed(function, values, frame, at: node) }
        return try call(function, values, of: procedure, at: node.position, input)
    }

    /// Leaves a call to whoever called the function around it. That saves the stack, and it decides what comes of the
    /// result: nobody takes one value out of a list on the way, so that `$map(rows, function($row) { $filter(…) })`
    /// has a list for each row.
    private func postponed(_ function: Function, _ arguments: [Value], _ frame: Frame, at node: Node) -> Value {
        pendingCall = (function, arguments, frame, node.position)
        return .undefined
    }

    func chain(
        _ left: Node,
        _ procedure: Node,
        _ arguments: [Node],
        at node: Node,
        _ input: Value,
        _ frame: Frame
    ) throws(JSONataError) -> Value {
        let first = try evaluate(left, input, frame)
        let callee = try evaluate(procedure, input, frame)
        let values = [first] + (try evaluate(arguments, input, frame))
        let function = try self.function(callee, of: procedure, at: node.position, frame, missing: "T1005", "T1006")
        return try call(function, values, of: procedure, at: node.position, input)
    }

    private func evaluate(_ nodes: [Node], _ input: Value, _ frame: Frame) throws(JSONataError) -> [Value] {
        var values: [Value] = []
        values.reserveCapacity(nodes.count)
        for node in nodes { values.append(try evaluate(node, input, frame)) }
        return values
    }

    private func call(
        _ function: Function,
        _ arguments: [Value],
        of procedure: Node,
        at position: Int,
        _ input: Value
    ) throws(JSONataError) -> Value {
        do throws(JSONataError) {
            return try apply(function, arguments, input: input)
        } catch {
            throw error.located(at: position, token: procedure.calledName)
        }
    }

    /// The function to call, or the error that says why there is none.
    private func function(
        _ callee: Value,
        of procedure: Node,
        at position: Int,
        _ frame: Frame,
        missing: String,
        _ wrong: String
    ) throws(JSONataError) -> Function {
        if case .function(let function) = callee { return function }
        let name = procedure.calledName
        if callee.isUndefined, procedure.isPath, let name, isVariable(name, frame) {
            throw JSONataError(
                code: missing,
                reason: "Attempted to invoke a non-function. Did you mean $\(name)?",
                position: position,
                token: name
            )
        }
        throw JSONataError(
            code: wrong,
            reason: "Attempted to invoke a non-function",
            position: position,
            token: name
        )
    }

    private func isVariable(_ name: String, _ frame: Frame) -> Bool {
        if let number = names[name], let value = frame[number] { return !value.isUndefined }
        return !global(name).isUndefined
    }

    func call(
        _ native: NativeFunction,
        _ arguments: [Value],
        input: Value,
        _ frame: Frame?,
        at position: Int
    ) throws(JSONataError) -> Value {
        do throws(JSONataError) {
            return try run(native, arguments, input: input, frame)
        } catch {
            throw error.located(at: position, token: native.name)
        }
    }

    private func run(
        _ native: NativeFunction,
        _ arguments: [Value],
        input: Value,
        _ frame: Frame?
    ) throws(JSONataError) -> Value {
        try step(2)
        let values = try self.arguments(arguments, for: native.signature, of: native.name, context: input)
        return try native.body(self, Arguments(values: values, input: input, frame: frame))
    }

    /// Calls a function, and whatever is called in its tail position, without growing the stack. All of them have the
    /// same context.
    func apply(_ callee: Function, _ values: [Value], input: Value) throws(JSONataError) -> Value {
        var function = callee
        var arguments = values
        var tail: (frame: Frame, position: Int)?
        let level = depth
        defer { depth = level }
        while true {
            try step(2)
            switch function.kind {
            case .native(let native):
                guard let tail else { return try run(native, arguments, input: input, nil) }
                try deepen()
                return try call(native, arguments, input: input, tail.frame, at: tail.position)
            case .lambda(let lambda, let captured, let frame):
                if let signature = lambda.signature {
                    arguments = try self.arguments(arguments, for: signature, of: nil, context: input)
                }
                let scope = Frame(parent: frame, names: lambda.parameters, values: padded(arguments, lambda))
                try checkNesting(scope.nesting)
                let result = try evaluate(lambda.body, captured, scope)
                guard let next = pendingCall else { return result }
                pendingCall = nil
                (function, arguments, tail) = (next.function, next.arguments, (next.frame, next.position))
            case .partial(let inner, let given):
                var rest = arguments[...]
                arguments = given.map { $0 ?? rest.popFirst() ?? .undefined }
                function = inner
            case .composition(let first, let second):
                let value = try nested { () throws(JSONataError) in
                    try self.apply(first, arguments, input: input)
                }
                arguments = [value]
                function = second
            case .regex(let regex):
                let text = Arguments(values: arguments, input: input, frame: nil)[0].string ?? ""
                return try match(regex, in: text)
            case .nextMatch(let regex, let text, let start): return try match(regex, in: text, after: start)
            case .transform(let transform, let frame):
                if tail != nil { try deepen() }
                guard arguments.count == 1 else {
                    throw JSONataError(
                        code: "T0410",
                        reason: "Argument \(min(arguments.count, 1) + 1) of function \"transform\" does not match"
                            + " function signature",
                        position: transform.position
                    )
                }
                return try self.transform(Arguments(values: arguments, input: input, frame: nil)[0], transform, frame)
            }
        }
    }

    /// Counts what a call in tail position takes of the stack when it is no lambda's: as much as the call and the
    /// expression around it would, since a function that it calls may end in the same call.
    private func deepen() throws(JSONataError) {
        try enter()
        try enter()
    }

    /// Counts a level of nesting that no part of the expression stands for.
    func nested(_ body: () throws(JSONataError) -> Value) throws(JSONataError) -> Value {
        depth += 1
        defer { depth -= 1 }
        try look()
        return try body()
    }

    private func padded(_ arguments: [Value], _ lambda: Lambda) -> [Value] {
        let count = lambda.parameters.count
        if arguments.count == count { return arguments }
        if arguments.count > count { return Array(arguments.prefix(count)) }
        return arguments + Array(repeating: .undefined, count: count - arguments.count)
    }

    func partial(
        _ procedure: Node,
        _ arguments: [Node],
        at node: Node,
        _ input: Value,
        _ frame: Frame
    ) throws(JSONataError) -> Value {
        var given: [Value?] = []
        for argument in arguments {
            if case .placeholder = argument.kind {
                given.append(nil)
            } else {
                given.append(try evaluate(argument, input, frame))
            }
        }
        let callee = try evaluate(procedure, input, frame)
        let function = try self.function(callee, of: procedure, at: node.position, frame, missing: "T1007", "T1008")
        let result = Function(.partial(function, given))
        try allocate(Cost.function)
        try checkNesting(result.nesting)
        return .function(result)
    }

    func applyTo(
        _ value: Value,
        _ right: Node,
        at node: Node,
        _ input: Value,
        _ frame: Frame
    ) throws(JSONataError) -> Value {
        guard case .function(let function) = try evaluate(right, input, frame) else {
            throw JSONataError(
                code: "T2006",
                reason: "The right side of the function application operator ~> must be a function",
                position: node.position,
                token: "~>"
            )
        }
        guard case .function(let first) = value else {
            return try call(function, [value], of: right, at: node.position, .null)
        }
        let composition = Function(.composition(first, function))
        try allocate(Cost.function)
        try checkNesting(composition.nesting)
        return .function(composition)
    }
}

extension Node {
    /// The name under which a function is called, for messages.
    var calledName: String? {
        switch kind {
        case .path(let path): path.steps.first?.calledName
        case .name(let name), .external(let name), .variable(_, let name): name
        case .library(let native): native.name
        default: nil
        }
    }
}
