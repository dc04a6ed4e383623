/// The functions that an expression finds without binding them.
enum Library {
    /// The function of a name, if the dialect has one.
    static func function(_ name: String, in dialect: JSONataDialect) -> NativeFunction? {
        switch dialect {
        case .standard: standard[name]
        case .stepFunctions: stepFunctions[name]
        }
    }

    private static let common =
        strings + encodings + matching + numbers + numberFormats + aggregation + arrays + objects + higherOrder
        + general + dates
    static let standard = table(common + [evaluation, standardRandom])
    static let stepFunctions = table(common + stepFunctionsOnly)

    private static func table(_ functions: [NativeFunction?]) -> [String: NativeFunction] {
        var table: [String: NativeFunction] = [:]
        for case let function? in functions { table[function.name] = function }
        return table
    }

    /// A function of the library; nil if the signature could not be read.
    static func define(
        _ name: String,
        _ signature: String,
        arity: Int,
        _ body: @escaping NativeFunction.Body
    ) -> NativeFunction? {
        guard let signature = try? Signature(signature) else { return nil }
        return NativeFunction(name, signature, arity: arity, body)
    }

    /// A function from one string to another.
    ///
    /// - Parameter stepsPerByte: What it costs; the result and all it needs meanwhile fit into three times the text.
    static func ofString(
        _ name: String,
        stepsPerByte: Double,
        _ body: @escaping @Sendable (String) throws(JSONataError) -> String
    ) -> NativeFunction? {
        define(name, "<s-:s>", arity: 1) { (evaluator, arguments) throws(JSONataError) in
            guard let text = arguments.string(0) else { return .undefined }
            try evaluator.step(Int(Double(text.utf8.count) * stepsPerByte))
            try evaluator.checkRoom(text.utf8.count)
            return try evaluator.text(try body(text))
        }
    }

    /// A function from one number to another.
    static func ofNumber(
        _ name: String,
        _ body: @escaping @Sendable (Double) throws(JSONataError) -> Double
    ) -> NativeFunction? {
        define(name, "<n-:n>", arity: 1) { (_, arguments) throws(JSONataError) in
            guard let number = arguments.number(0) else { return .undefined }
            return .number(try body(number))
        }
    }
}
