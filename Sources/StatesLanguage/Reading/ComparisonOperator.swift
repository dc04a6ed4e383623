import Expressions
import JSON

/// The name of one of the 39 comparison operators of a Choice, taken apart.
struct ComparisonOperator {
    private enum Kind {
        case string(ChoiceComparison.Order)
        case numeric(ChoiceComparison.Order)
        case timestamp(ChoiceComparison.Order)
        case boolean
        case stringMatches
        case test(@Sendable (Bool) -> ChoiceComparison)
    }

    private let name: String
    private let kind: Kind
    private let isPath: Bool

    init?(name: String) {
        guard let (kind, isPath) = Self.table[name] else { return nil }
        self.name = name
        self.kind = kind
        self.isPath = isPath
    }

    static let names: [String] = table.keys.sorted()

    /// The comparison, with the operand that stands in the field.
    func read(_ fields: FieldReader) -> ChoiceComparison? {
        if !isPath { fields.warnOfMissingPath(name) }
        switch kind {
        case .string(let order): return operand(fields, fields.string).map { .string(order, $0) }
        case .numeric(let order): return operand(fields, fields.anyNumber).map { .numeric(order, $0) }
        case .timestamp(let order): return operand(fields, fields.timestamp).map { .timestamp(order, $0) }
        case .boolean: return operand(fields, fields.boolean).map { .boolean($0) }
        case .stringMatches: return fields.string(name).map { .stringMatches($0) }
        case .test(let make): return fields.boolean(name).map(make)
        }
    }

    private func operand<Constant: Sendable>(
        _ fields: FieldReader,
        _ constant: (String) -> Constant?
    ) -> ChoiceComparison.Operand<Constant>? {
        isPath ? fields.referencePath(name).map { .path($0) } : constant(name).map { .constant($0) }
    }

    private static let table: [String: (Kind, isPath: Bool)] = {
        var table: [String: (Kind, isPath: Bool)] = [
            "BooleanEquals": (.boolean, false),
            "BooleanEqualsPath": (.boolean, true),
            "StringMatches": (.stringMatches, false),
            "IsNull": (.test { .isNull($0) }, false),
            "IsPresent": (.test { .isPresent($0) }, false),
            "IsNumeric": (.test { .isNumeric($0) }, false),
            "IsString": (.test { .isString($0) }, false),
            "IsBoolean": (.test { .isBoolean($0) }, false),
            "IsTimestamp": (.test { .isTimestamp($0) }, false),
        ]
        for order in ChoiceComparison.Order.allCases {
            for (type, kind) in [
                ("String", Kind.string(order)), ("Numeric", .numeric(order)), ("Timestamp", .timestamp(order)),
            ] {
                table[type + order.rawValue] = (kind, false)
                table[type + order.rawValue + "Path"] = (kind, true)
            }
        }
        return table
    }()
}

extension FieldReader {
    /// A number of any size, digit for digit.
    fileprivate func anyNumber(_ name: String) -> JSONNumber? {
        guard let value = object[name] else { return nil }
        guard let number = value.number else { return wrongType(name, "Number") }
        return number
    }
}
