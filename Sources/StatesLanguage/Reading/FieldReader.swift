import JSON

/// Reads the fields of one object of a definition; what is wrong with a field is reported at its place, and the field
/// is nil.
struct FieldReader {
    let object: JSONObject
    let place: Place
    let findings: Findings

    subscript(name: String) -> JSONValue? { object[name] }

    func has(_ name: String) -> Bool { object[name] != nil }

    /// Reports the fields that must be there and are not, all in one message.
    func require(_ names: String...) {
        let missing = names.filter { !has($0) }
        guard !missing.isEmpty else { return }
        findings.error("These fields are required: [\(missing.joined(separator: ", "))]", at: place)
    }

    /// Which of several fields is there, when exactly one must be.
    func exactlyOne(of names: [String]) -> String? {
        let present = names.filter(has)
        switch present.count {
        case 0:
            let list = names.joined(separator: ", ")
            findings.error("This object should have only one of the following fields: [\(list)]", at: place)
            return nil
        case 1: return present[0]
        default:
            reportExclusive(names, present)
            return nil
        }
    }

    /// Which of several fields is there, when at most one may be.
    func atMostOne(of names: [String]) -> String? {
        let present = names.filter(has)
        if present.count > 1 {
            reportExclusive(names, present)
            return nil
        }
        return present.first
    }

    private func reportExclusive(_ names: [String], _ present: [String]) {
        findings.error(
            "There should only be one of the following fields: [\(names.joined(separator: ", "))]",
            at: place,
            exactly: place.field(present[1])
        )
    }

    // MARK: Typed fields

    func string(_ name: String) -> String? {
        guard let value = object[name] else { return nil }
        guard let string = value.string else { return wrongType(name, "String") }
        return string
    }

    func boolean(_ name: String) -> Bool? {
        guard let value = object[name] else { return nil }
        guard let bool = value.bool else { return wrongType(name, "Boolean") }
        return bool
    }

    func integer(_ name: String, in range: ClosedRange<Int>) -> Int? {
        guard let value = object[name] else { return nil }
        guard let number = value.number, number.isWrittenAsInteger else { return wrongType(name, "Integer") }
        // Digits beyond Int64 are out of every range.
        let double = number.double
        guard let integer = number.integer.flatMap(Int.init(exactly:)) else {
            return outOfRange(name, double < 0 ? "Minimum value is \(range.lowerBound)" : maximum(range))
        }
        if integer < range.lowerBound { return outOfRange(name, "Minimum value is \(range.lowerBound)") }
        if integer > range.upperBound { return outOfRange(name, maximum(range)) }
        return integer
    }

    func number(_ name: String, in range: ClosedRange<Double>) -> Double? {
        guard let value = object[name] else { return nil }
        guard let double = value.number?.double else { return wrongType(name, "Double") }
        if double < range.lowerBound { return outOfRange(name, "Minimum value is \(range.lowerBound)") }
        guard double <= range.upperBound else { return outOfRange(name, "Maximum value is \(range.upperBound)") }
        return double
    }

    func oneOf(_ name: String, _ allowed: [String]) -> String? {
        guard let value = object[name] else { return nil }
        guard let string = value.string else { return wrongType(name, "String") }
        guard allowed.contains(string) else {
            // AWS has two sentences for one thing; that of `Type` names the field.
            let beginning =
                name == "Type"
                ? "The field 'Type' should have one of these values:" : "Value should be one of the following:"
            findings.error(
                "\(beginning) [\(allowed.joined(separator: ", "))]",
                at: place.field(name),
                hint: suggestion(for: string, among: allowed)
            )
            return nil
        }
        return string
    }

    func nested(_ name: String) -> FieldReader? {
        guard let value = object[name] else { return nil }
        guard let object = value.object else { return wrongType(name, "Object") }
        return FieldReader(object: object, place: place.field(name), findings: findings)
    }

    /// The elements of an array of objects; those that are none are reported and left out.
    func nestedList(_ name: String) -> [FieldReader]? {
        guard let value = object[name] else { return nil }
        guard let array = value.array else { return wrongType(name, "Array") }
        let place = place.field(name)
        return array.enumerated()
            .compactMap { index, element in
                guard let object = element.object else {
                    findings.error("Expected value of type Object", at: place.item(index))
                    return nil
                }
                return FieldReader(object: object, place: place.item(index), findings: findings)
            }
    }

    /// As ``nestedList(_:)``, but the array must not be empty.
    func nestedNonEmptyList(_ name: String) -> [FieldReader]? {
        if object[name]?.array?.isEmpty == true { return empty(name) }
        return nestedList(name)
    }

    /// The strings of an array that must not be empty.
    func nonEmptyStrings(_ name: String) -> [String]? {
        guard let value = object[name] else { return nil }
        guard let array = value.array else { return wrongType(name, "Array") }
        guard !array.isEmpty else { return empty(name) }
        return array.enumerated()
            .compactMap { index, element in
                if element.string == nil {
                    findings.error("Expected value of type String", at: place.field(name).item(index))
                }
                return element.string
            }
    }

    // MARK: Reports

    func wrongType<Value>(_ name: String, _ type: String) -> Value? {
        findings.error("Expected value of type \(type)", at: place.field(name))
        return nil
    }

    private func empty<Value>(_ name: String) -> Value? {
        findings.error("Value cannot be empty", at: place.field(name))
        return nil
    }

    private func outOfRange<Value>(_ name: String, _ message: String) -> Value? {
        findings.error(message, at: place.field(name))
        return nil
    }

    private func maximum(_ range: ClosedRange<Int>) -> String { "Maximum value is \(range.upperBound)" }
}
