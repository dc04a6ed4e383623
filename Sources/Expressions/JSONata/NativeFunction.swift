/// A function of the library.
final class NativeFunction: Sendable {
    typealias Body = @Sendable (Evaluator, Arguments) throws(JSONataError) -> Value

    let name: String
    let signature: Signature
    /// The number of arguments that a higher-order function offers it.
    let arity: Int
    let body: Body

    init(_ name: String, _ signature: Signature, arity: Int, _ body: @escaping Body) {
        self.name = name
        self.signature = signature
        self.arity = arity
        self.body = body
    }
}

/// The arguments of a call, checked against the signature; what is missing is undefined.
struct Arguments {
    let values: [Value]
    /// The context of the call.
    let input: Value
    /// The variables around the call; nil when it is made by another function.
    let frame: Frame?

    var count: Int { values.count }

    subscript(place: Int) -> Value { place < values.count ? values[place] : .undefined }

    func string(_ place: Int) -> String? { self[place].string }

    func number(_ place: Int) -> Double? { self[place].number }
}
