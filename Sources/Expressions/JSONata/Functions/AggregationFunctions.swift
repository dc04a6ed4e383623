/// Functions that make one number of many.
extension Library {
    static let aggregation: [NativeFunction?] = [
        overNumbers("sum") { $0.reduce(0, +) },
        overNumbers("max") { $0.max() },
        overNumbers("min") { $0.min() },
        overNumbers("average") { $0.isEmpty ? nil : $0.reduce(0, +) / Double($0.count) },
        define("count", "<a:n>", arity: 1) { (_, arguments) in
            .number(Double(arguments[0].list?.count ?? 0))
        },
    ]

    private static func overNumbers(
        _ name: String,
        _ body: @escaping @Sendable ([Double]) -> Double?
    ) -> NativeFunction? {
        define(name, "<a<n>:n>", arity: 1) { (evaluator, arguments) throws(JSONataError) in
            guard case .list(let list) = arguments[0] else { return .undefined }
            try evaluator.step(list.count / 8)
            return body(list.items.compactMap(\.number)).map { .number($0) } ?? .undefined
        }
    }
}
