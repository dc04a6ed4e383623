/// The floating-point types that JSON numbers are decoded to and encoded from.
protocol JSONFloat: BinaryFloatingPoint, LosslessStringConvertible, Codable {
    /// Nil for an infinity or NaN.
    var jsonNumber: JSONNumber? { get }
}

extension Double: JSONFloat {
    var jsonNumber: JSONNumber? { JSONNumber(self) }
}

extension Float: JSONFloat {
    var jsonNumber: JSONNumber? { JSONNumber(self) }
}

/// Conversions for decoding. They throw `DecodingError` with the path they are given, which is computed only then.
extension JSONValue {
    typealias Path = [any CodingKey]

    func asObject(at path: @autoclosure () -> Path) throws(DecodingError) -> JSONObject {
        guard case .object(let object) = self else { throw mismatch(JSONObject.self, "object", at: path()) }
        return object
    }

    func asArray(at path: @autoclosure () -> Path) throws(DecodingError) -> [JSONValue] {
        guard case .array(let array) = self else { throw mismatch([JSONValue].self, "array", at: path()) }
        return array
    }

    func asBool(at path: @autoclosure () -> Path) throws(DecodingError) -> Bool {
        guard case .bool(let bool) = self else { throw mismatch(Bool.self, "Bool", at: path()) }
        return bool
    }

    func asString(at path: @autoclosure () -> Path) throws(DecodingError) -> String {
        guard case .string(let string) = self else { throw mismatch(String.self, "String", at: path()) }
        return string
    }

    func asInteger<Integer: FixedWidthInteger>(
        _ type: Integer.Type,
        at path: @autoclosure () -> Path
    ) throws(DecodingError) -> Integer {
        guard case .number(let number) = self else { throw mismatch(type, "\(type)", at: path()) }
        guard let integer = number.exactly(type) else { throw unrepresentable(as: type, at: path()) }
        return integer
    }

    func asFloat<Value: JSONFloat>(
        _ type: Value.Type,
        at path: @autoclosure () -> Path
    ) throws(DecodingError) -> Value {
        guard case .number(let number) = self else { throw mismatch(type, "\(type)", at: path()) }
        let value: Value? =
            switch number.storage {
            case .integer(let integer): Value(integer)
            case .text(let text): Value(text)
            }
        guard let value, value.isFinite else { throw unrepresentable(as: type, at: path()) }
        return value
    }

    private func mismatch(_ type: any Any.Type, _ expected: String, at path: Path) -> DecodingError {
        let context = DecodingError.Context(
            codingPath: path,
            debugDescription: "expected \(expected), found \(summary)"
        )
        return isNull ? .valueNotFound(type, context) : .typeMismatch(type, context)
    }

    private func unrepresentable(as type: any Any.Type, at path: Path) -> DecodingError {
        .dataCorrupted(.init(codingPath: path, debugDescription: "expected \(type), found \(summary)"))
    }

    /// Kind and beginning of the value, in a few words.
    private var summary: String {
        switch self {
        case .null, .bool: text
        case .number(let number): "number \(number.text.prefix(40))"
        case .string(let string): "string \(JSONValue.string(String(string.prefix(40))).text)"
        case .array(let array): "array of \(array.count)"
        case .object(let object): "object with \(object.count) \(object.count == 1 ? "member" : "members")"
        }
    }
}
