import JSON

/// Holds a request against the constraints of its operation.
struct Validation {
    private let payloadLimit: Int
    private var violations: [String] = []

    private init(payloadLimit: Int) { self.payloadLimit = payloadLimit }

    /// - Parameter payloadLimit: how many characters an input or output may have.
    /// - Throws: `SerializationException` for a value of the wrong type; `ValidationException` that names every member
    ///   that violates a constraint.
    static func check(
        _ input: JSONObject,
        against members: [Constraint.Member],
        payloadLimit: Int = 262_144
    ) throws(APIError) {
        var validation = Validation(payloadLimit: payloadLimit)
        try validation.check(input, members, at: "")
        guard !validation.violations.isEmpty else { return }
        let count = validation.violations.count
        throw .validation(
            "\(count) validation error\(count == 1 ? "" : "s") detected: "
                + validation.violations.joined(separator: "; ")
        )
    }

    /// The longest value that a message repeats.
    private static let longestEcho = 4096

    private mutating func check(
        _ object: JSONObject,
        _ members: [Constraint.Member],
        at path: String
    ) throws(APIError) {
        for member in members {
            let place = path.isEmpty ? member.name : "\(path).\(member.name)"
            guard let value = object[member.name], !value.isNull else {
                if member.isRequired {
                    violations.append("Value null at '\(place)' failed to satisfy constraint: Member must not be null")
                }
                continue
            }
            try check(value, member.constraint, at: place)
        }
    }

    private mutating func check(
        _ value: JSONValue,
        _ constraint: Constraint,
        at place: String
    ) throws(APIError) {
        switch constraint {
        case .payload: try check(value, .text(0...payloadLimit, isSensitive: true), at: place)
        case .text(let range, let pattern, let isSensitive):
            guard let text = value.string else { throw Self.wrongType(value, "a String", place) }
            // Characters as UTF-16 counts them, as AWS does.
            let count = text.utf16.count
            if count > range.upperBound {
                violate(isSensitive ? nil : text, place, "have length less than or equal to \(range.upperBound)")
            } else if count < range.lowerBound {
                violate(isSensitive ? nil : text, place, "have length greater than or equal to \(range.lowerBound)")
            }
            if let pattern, !pattern.matches(text) {
                violate(isSensitive ? nil : text, place, "satisfy regular expression pattern: \(pattern.text)")
            }
        case .choice(let choices):
            guard let text = value.string else { throw Self.wrongType(value, "a String", place) }
            if !choices.contains(text) {
                violate(text, place, "satisfy enum value set: [\(choices.joined(separator: ", "))]")
            }
        case .integer(let range):
            guard let number = value.number else { throw Self.wrongType(value, "an Integer", place) }
            guard let integer = number.exactly(Int.self) else {
                throw .serialization("\(number.text.prefix(40)) can not be converted to an Integer")
            }
            if integer > range.upperBound {
                violate("\(integer)", place, "have value less than or equal to \(range.upperBound)")
            } else if integer < range.lowerBound {
                violate("\(integer)", place, "have value greater than or equal to \(range.lowerBound)")
            }
        case .number(let range):
            guard let number = value.number else { throw Self.wrongType(value, "a Float", place) }
            if number.double > range.upperBound {
                violate(number.text, place, "have value less than or equal to \(range.upperBound)")
            } else if !(number.double >= range.lowerBound) {
                violate(number.text, place, "have value greater than or equal to \(range.lowerBound)")
            }
        case .boolean:
            guard value.bool != nil else { throw Self.wrongType(value, "a Boolean", place) }
        case .list(let element, let range):
            guard let elements = value.array else { throw Self.wrongType(value, "a List", place) }
            if elements.count > range.upperBound {
                violate("[…]", place, "have length less than or equal to \(range.upperBound)")
            } else if elements.count < range.lowerBound {
                violate("[]", place, "have length greater than or equal to \(range.lowerBound)")
            }
            for (index, value) in elements.enumerated() where violations.count < 20 {
                let place = "\(place).\(index + 1).member"
                if value.isNull {
                    violations.append("Value null at '\(place)' failed to satisfy constraint: Member must not be null")
                } else {
                    try check(value, element, at: place)
                }
            }
        case .structure(let members):
            guard let object = value.object else { throw Self.wrongType(value, "a Structure", place) }
            try check(object, members, at: place)
        }
    }

    private mutating func violate(_ value: String?, _ place: String, _ rule: String) {
        let subject = value.map { "Value '\($0.prefix(Self.longestEcho))'" } ?? "Value"
        violations.append("\(subject) at '\(place)' failed to satisfy constraint: Member must \(rule)")
    }

    private static func wrongType(_ value: JSONValue, _ wanted: String, _ place: String) -> APIError {
        let found =
            switch value {
            case .null: "NULL_VALUE"
            case .bool(true): "TRUE_VALUE"
            case .bool(false): "FALSE_VALUE"
            case .number: "NUMBER_VALUE"
            case .string: "STRING_VALUE"
            case .array: "START_ARRAY"
            case .object: "START_OBJECT"
            }
        return .serialization("\(found) can not be converted to \(wanted) at '\(place)'")
    }
}
