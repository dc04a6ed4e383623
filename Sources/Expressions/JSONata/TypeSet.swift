/// Types of values, as signatures speak of them.
struct TypeSet: OptionSet {
    let rawValue: UInt8

    static let string = TypeSet(rawValue: 1)
    static let number = TypeSet(rawValue: 2)
    static let boolean = TypeSet(rawValue: 4)
    static let null = TypeSet(rawValue: 8)
    static let array = TypeSet(rawValue: 16)
    static let object = TypeSet(rawValue: 32)
    static let function = TypeSet(rawValue: 64)
    /// No value at all.
    static let missing = TypeSet(rawValue: 128)
    static let any: TypeSet = [.string, .number, .boolean, .null, .array, .object, .function, .missing]

    /// The type of a letter of a signature; none for a letter without a meaning.
    init(_ symbol: Character) {
        switch symbol {
        case "s": self = .string
        case "n": self = .number
        case "b": self = .boolean
        case "l": self = .null
        case "a": self = .array
        case "o": self = .object
        case "f": self = .function
        case "j": self = [.string, .number, .boolean, .null, .array, .object]
        case "x": self = .any
        default: self = []
        }
    }

    init(rawValue: UInt8) { self.rawValue = rawValue }

    /// The type for messages.
    var plural: String {
        switch self {
        case .string: #""strings""#
        case .number: #""numbers""#
        case .boolean: #""booleans""#
        case .array: #""arrays""#
        case .object: #""objects""#
        case .function: #""functions""#
        default: "undefined"
        }
    }
}

extension Value {
    var type: TypeSet {
        switch self {
        case .undefined, .tuple: .missing
        case .null: .null
        case .bool: .boolean
        case .number, .exact: .number
        case .string: .string
        case .list: .array
        case .object: .object
        case .function: .function
        }
    }
}
