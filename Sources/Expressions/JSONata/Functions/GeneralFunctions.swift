/// Functions on values of every type.
extension Library {
    static let general: [NativeFunction?] = [
        define("boolean", "<x-:b>", arity: 1) { (evaluator, arguments) throws(JSONataError) in
            arguments[0].isUndefined ? .undefined : .bool(try evaluator.isTruthy(arguments[0]))
        },
        define("not", "<x-:b>", arity: 1) { (evaluator, arguments) throws(JSONataError) in
            arguments[0].isUndefined ? .undefined : .bool(try !evaluator.isTruthy(arguments[0]))
        },
        define("exists", "<x:b>", arity: 1) { (_, arguments) in .bool(!arguments[0].isUndefined) },
        define("type", "<x:s>", arity: 1) { (_, arguments) in
            switch arguments[0] {
            case .undefined, .tuple: .undefined
            case .null: .string("null")
            case .bool: .string("boolean")
            case .number, .exact: .string("number")
            case .string: .string("string")
            case .list: .string("array")
            case .object: .string("object")
            case .function: .string("function")
            }
        },
        define("clone", "<(oa)-:o>", arity: 1) { (evaluator, arguments) throws(JSONataError) in
            arguments[0].isUndefined ? .undefined : try evaluator.copy(arguments[0])
        },
        define("error", "<s?:x>", arity: 1) { (_, arguments) throws(JSONataError) in
            throw JSONataError(code: "D3137", reason: arguments.string(0) ?? "$error() function evaluated")
        },
        define("assert", "<bs?:x>", arity: 2) { (evaluator, arguments) throws(JSONataError) in
            guard try !evaluator.isTruthy(arguments[0]) else { return .undefined }
            throw JSONataError(code: "D3141", reason: arguments.string(1) ?? "$assert() statement failed")
        },
    ]

    static let evaluation = define("eval", "<sx?:x>", arity: 2) { (evaluator, arguments) throws(JSONataError) in
        guard let text = arguments.string(0) else { return .undefined }
        var input = arguments[1].isUndefined ? arguments.input : arguments[1]
        if case .list(let list) = input, !list.isSequence, !list.traits.contains(.wrapper) {
            input = try evaluator.list([input], [.sequence, .wrapper])
        }
        let frame = Frame(parent: arguments.frame)
        let node: Node
        do throws(JSONataError) {
            try evaluator.checkStack(forParsing: text)
            try evaluator.step(text.utf8.count)
            try evaluator.allocate(text.utf8.count * 64)
            let syntax = try JSONata.Program.syntax(of: text)
            var compiler = Compiler(names: evaluator.names, dialect: evaluator.dialect)
            node = try compiler.compile(syntax)
            evaluator.names = compiler.names
        } catch {
            throw error.code == "U1001" || error.code == Evaluator.stackError.code
                ? error
                : JSONataError(
                    code: "D3120",
                    reason: "Syntax error in expression passed to function eval: \(error.reason)"
                )
        }
        do throws(JSONataError) {
            return try evaluator.evaluate(node, input, frame)
        } catch {
            throw error.code == "U1001" || error.code == Evaluator.stackError.code
                ? error
                : JSONataError(
                    code: "D3121",
                    reason: "Dynamic error evaluating the expression passed to function eval: \(error.reason)"
                )
        }
    }
}
