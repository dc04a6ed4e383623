import JSON

/// The intrinsic functions of JSONPath states.
package enum Intrinsic: String, Sendable, CaseIterable {
    case array = "States.Array"
    case arrayPartition = "States.ArrayPartition"
    case arrayContains = "States.ArrayContains"
    case arrayRange = "States.ArrayRange"
    case arrayGetItem = "States.ArrayGetItem"
    case arrayLength = "States.ArrayLength"
    case arrayUnique = "States.ArrayUnique"
    case base64Encode = "States.Base64Encode"
    case base64Decode = "States.Base64Decode"
    case hash = "States.Hash"
    case jsonMerge = "States.JsonMerge"
    case stringToJson = "States.StringToJson"
    case jsonToString = "States.JsonToString"
    case mathRandom = "States.MathRandom"
    case mathAdd = "States.MathAdd"
    case stringSplit = "States.StringSplit"
    case uuid = "States.UUID"
    case format = "States.Format"

    /// How many arguments it takes.
    var arity: ClosedRange<Int> {
        switch self {
        case .array: 0...Int.max
        case .format: 1...Int.max
        case .uuid: 0...0
        case .arrayLength, .arrayUnique, .base64Encode, .base64Decode, .stringToJson, .jsonToString: 1...1
        case .arrayPartition, .arrayContains, .arrayGetItem, .hash, .mathAdd, .stringSplit: 2...2
        case .arrayRange, .jsonMerge: 3...3
        case .mathRandom: 2...3
        }
    }

    var arityInWords: String {
        let fewest = arity.lowerBound
        if arity.upperBound == .max { return "at least \(fewest) argument\(fewest == 1 ? "" : "s")" }
        if fewest < arity.upperBound { return "\(fewest) or \(arity.upperBound) arguments" }
        return fewest == 0 ? "no arguments" : "\(fewest) argument\(fewest == 1 ? "" : "s")"
    }

    /// Whether the result is a string, or may be one.
    var givesString: Bool {
        switch self {
        case .arrayGetItem, .base64Encode, .base64Decode, .format, .jsonToString, .hash, .uuid: true
        default: false
        }
    }

    /// The value for as many arguments as ``arity`` allows.
    func call(
        _ arguments: [JSONValue],
        random: inout some RandomNumberGenerator
    ) throws(IntrinsicFailure) -> JSONValue {
        let arguments = IntrinsicArguments(values: arguments)
        switch self {
        case .array: return .array(arguments.values)
        case .arrayPartition: return try Self.partition(arguments)
        case .arrayContains: return try Self.contains(arguments)
        case .arrayRange: return try Self.range(arguments)
        case .arrayGetItem: return try Self.item(arguments)
        case .arrayLength: return .number(JSONNumber(try arguments.array(0).count))
        case .arrayUnique: return try Self.unique(arguments)
        case .base64Encode: return try Self.base64Encode(arguments)
        case .base64Decode: return try Self.base64Decode(arguments)
        case .hash: return try Self.hash(arguments)
        case .jsonMerge: return try Self.merge(arguments)
        case .stringToJson: return try Self.parse(arguments)
        case .jsonToString: return .string(try arguments.json(0))
        case .mathRandom: return try Self.randomNumber(arguments, random: &random)
        case .mathAdd: return try Self.sum(arguments)
        case .stringSplit: return try Self.split(arguments)
        case .uuid: return .string(Self.uuid(random: &random))
        case .format: return try Self.format(arguments)
        }
    }
}

/// Why a function refused its arguments.
struct IntrinsicFailure: Error {
    let reason: String
}

/// The arguments of one call, taken by place and type.
struct IntrinsicArguments {
    let values: [JSONValue]

    /// The most characters that functions on texts accept.
    static let textLimit = 10_000

    func array(_ place: Int) throws(IntrinsicFailure) -> [JSONValue] {
        guard case .array(let elements) = values[place] else { throw mismatch(place, "an array") }
        return elements
    }

    func object(_ place: Int) throws(IntrinsicFailure) -> JSONObject {
        guard case .object(let members) = values[place] else { throw mismatch(place, "an object") }
        return members
    }

    func string(_ place: Int) throws(IntrinsicFailure) -> String {
        guard case .string(let text) = values[place] else { throw mismatch(place, "a string") }
        return text
    }

    /// A string of at most ``textLimit`` characters.
    func shortString(_ place: Int) throws(IntrinsicFailure) -> String {
        try checkLength(try string(place), place)
    }

    func checkLength(_ text: String, _ place: Int) throws(IntrinsicFailure) -> String {
        guard text.utf8.count <= Self.textLimit || text.utf16.count <= Self.textLimit else {
            throw IntrinsicFailure(
                reason: "The \(Self.ordinal(place)) argument may have at most \(Self.textLimit) characters."
            )
        }
        return text
    }

    /// A number rounded half up to a whole one in the range of 32 bits.
    func integer(_ place: Int) throws(IntrinsicFailure) -> Int {
        guard case .number(let number) = values[place] else { throw mismatch(place, "a number") }
        let floor = number.double.rounded(.down)
        let rounded = number.double - floor >= 0.5 ? floor + 1 : floor
        guard let value = Int32(exactly: rounded) else {
            throw IntrinsicFailure(
                reason: "The \(Self.ordinal(place)) argument must be between \(Int32.min) and \(Int32.max)"
                    + " but was \(number.text)."
            )
        }
        return Int(value)
    }

    /// The argument as JSON text.
    func json(_ place: Int) throws(IntrinsicFailure) -> String {
        guard values[place].isWritable(bytes: JSONValue.sizeLimit) else {
            throw IntrinsicFailure(reason: "The \(Self.ordinal(place)) argument is too large to be written as text.")
        }
        return values[place].text
    }

    func mismatch(_ place: Int, _ expected: String) -> IntrinsicFailure {
        IntrinsicFailure(
            reason: "The \(Self.ordinal(place)) argument must be \(expected) but was \(values[place].kind)."
        )
    }

    static func ordinal(_ place: Int) -> String {
        ["first", "second", "third"][min(place, 2)]
    }
}
