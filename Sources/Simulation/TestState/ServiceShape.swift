import JSON

/// The shape of a service's answer, as far as a mock is held to it.
indirect enum ServiceShape: Sendable {
    case anything
    case boolean
    case number(atLeast: Double? = nil, atMost: Double? = nil)
    case text(length: ClosedRange<Int>?, allowed: [String])
    case list(ServiceShape)
    case map(ServiceShape)
    /// Fields that it does not name may be there too.
    case structure([String: ServiceShape], required: [String] = [])

    static var string: ServiceShape { .text(length: nil, allowed: []) }
    static func string(_ length: ClosedRange<Int>) -> ServiceShape { .text(length: length, allowed: []) }
    static func string(oneOf allowed: [String]) -> ServiceShape { .text(length: nil, allowed: allowed) }

    /// - Throws: The first difference between a mocked result and this shape.
    func check(_ value: JSONValue, requiresFields: Bool) throws(TestStateError) {
        try check(value, field: nil, requiresFields)
    }

    private func check(_ value: JSONValue, field: String?, _ requiresFields: Bool) throws(TestStateError) {
        func fail(_ reason: String) -> TestStateError {
            let subject = field.map { "Field '\($0)'" } ?? "It"
            return TestStateError(.validation, "Mock result schema validation error: \(subject) \(reason)")
        }
        switch self {
        case .anything: return
        case .boolean: if value.bool == nil { throw fail("must be a boolean") }
        case .number(let least, let most):
            guard let number = value.number?.double else { throw fail("must be a number") }
            if let least, number < least { throw fail("is less than the minimum value") }
            if let most, number > most { throw fail("is greater than the maximum value") }
        case .text(let length, let allowed):
            guard let text = value.string else { throw fail("must be a string") }
            if let length, text.unicodeScalars.count < length.lowerBound {
                throw fail("is smaller than the minimum length")
            }
            if let length, text.unicodeScalars.count > length.upperBound {
                throw fail("is larger than the maximum length")
            }
            if !allowed.isEmpty, !allowed.contains(text) { throw fail("is not an expected value") }
        case .list(let element):
            guard let elements = value.array else { throw fail("must be an array") }
            for value in elements { try element.check(value, field: field, requiresFields) }
        case .map(let element):
            guard let members = value.object else { throw fail("must be an object") }
            for (key, value) in members { try element.check(value, field: key, requiresFields) }
        case .structure(let fields, let required):
            guard let members = value.object else { throw fail("must be an object") }
            if requiresFields {
                for name in required where members[name] == nil {
                    throw TestStateError(
                        .validation,
                        "Mock result schema validation error: Required field '\(name)' is missing"
                    )
                }
            }
            for (name, value) in members { try fields[name]?.check(value, field: name, requiresFields) }
        }
    }
}
