package import JSON

/// A JSONata expression, read once and evaluated as often as wanted.
package struct JSONata: Sendable {
    /// The text it was read from.
    package let text: String
    let program: Program

    /// The variables that it reads and doesn't set, without the dollar sign; names of functions among them.
    package var externalNames: Set<String> { program.externals }

    /// - Throws: The first error of the text, with its place.
    package init(_ text: String, dialect: JSONataDialect = .stepFunctions) throws(JSONataError) {
        self.text = text
        program = try Program(text, dialect: dialect)
    }

    /// Evaluates the expression.
    ///
    /// - Parameters:
    ///   - input: The value of `$` and `$$`; nil for none.
    ///   - bindings: Values of variables by name, without the dollar sign.
    ///   - environment: The present and chance.
    ///   - bounds: What the evaluation may use.
    /// - Returns: The result, or nil when the expression has none (undefined).
    /// - Throws: Why there is no result; `U1001` when a bound was reached.
    package func evaluate(
        input: JSONValue?,
        bindings: [String: JSONValue] = [:],
        environment: JSONataEnvironment,
        bounds: JSONataBounds = JSONataBounds()
    ) throws(JSONataError) -> JSONValue? {
        do throws(JSONataError) {
            return try program.run(input, bindings, environment, bounds, isOnLargeStack: false)
        } catch {
            guard error.code == Evaluator.stackError.code else { throw error }
        }
        let program = program
        return try LargeStack.run { () throws(JSONataError) in
            try program.run(input, bindings, environment, bounds, isOnLargeStack: true)
        }
    }

    /// A compiled expression.
    struct Program: Sendable {
        let node: Node
        let names: [String: Int]
        let externals: Set<String>
        let dialect: JSONataDialect

        /// Whether the tree of a text surely fits every stack: each of its levels takes a bracket, an operator, or a word
        /// between spaces, so it has no more levels than the text has characters other than letters and digits.
        static func fitsSmallStack(_ text: String) -> Bool {
            var count = 0
            for byte in text.utf8 {
                switch byte {
                case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                    UInt8(ascii: "0")...UInt8(ascii: "9"):
                    break
                default:
                    count += 1
                    if count > 40 { return false }
                }
            }
            return true
        }

        init(_ text: String, dialect: JSONataDialect) throws(JSONataError) {
            self =
                Self.fitsSmallStack(text)
                ? try Self.read(text, dialect)
                : try LargeStack.run { () throws(JSONataError) in try Self.read(text, dialect) }
        }

        private init(node: Node, names: [String: Int], externals: Set<String>, dialect: JSONataDialect) {
            self.node = node
            self.names = names
            self.externals = externals
            self.dialect = dialect
        }

        private static func read(_ text: String, _ dialect: JSONataDialect) throws(JSONataError) -> Program {
            let syntax = try syntax(of: text)
            var compiler = Compiler(dialect: dialect)
            let node = try compiler.compile(syntax)
            return Program(node: node, names: compiler.names, externals: compiler.externals, dialect: dialect)
        }

        static func syntax(of text: String) throws(JSONataError) -> Syntax {
            var parser = try Parser(text)
            return try Arranger.arrange(try parser.parse())
        }

        func run(
            _ input: JSONValue?,
            _ bindings: [String: JSONValue],
            _ environment: JSONataEnvironment,
            _ bounds: JSONataBounds,
            isOnLargeStack: Bool
        ) throws(JSONataError) -> JSONValue? {
            let budget = Budget(bounds)
            var root = Value.undefined
            if let input {
                root = Value(input, budget)
                if case .list = root { root = .list(List([root], [.sequence, .wrapper])) }
            }
            let evaluator = Evaluator(
                program: self,
                root: root,
                bindings: bindings.mapValues { Value($0, budget) },
                budget: budget,
                environment: environment,
                bounds: bounds,
                isOnLargeStack: isOnLargeStack
            )
            do throws(JSONataError) {
                let result = try evaluator.json(try evaluator.evaluate(node, root, Frame(parent: nil)))
                try evaluator.checkMemory()
                return result
            } catch {
                // Lack of memory shows in other errors as well; it is the one to tell.
                try evaluator.checkMemory()
                throw error
            }
        }
    }
}
