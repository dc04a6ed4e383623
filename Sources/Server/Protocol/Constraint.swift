/// What a member of a request must be. The texts of violations are those of AWS's own services.
indirect enum Constraint: Sendable {
    /// A text of so many characters.
    case text(ClosedRange<Int>, pattern: Pattern? = nil, isSensitive: Bool = false)
    /// An input or output: as long as they may be here. No message repeats it.
    case payload
    /// One of these, named in this order.
    case choice([String])
    case integer(ClosedRange<Int>)
    case number(ClosedRange<Double>)
    case boolean
    case list(of: Constraint, ClosedRange<Int> = 0...Int.max)
    case structure([Member])

    /// A regular expression as AWS states it, and what it means.
    struct Pattern: Sendable {
        let text: String
        let matches: @Sendable (String) -> Bool
    }

    /// A member and whether it has to be there.
    struct Member: Sendable {
        let name: String
        let isRequired: Bool
        let constraint: Constraint

        static func required(_ name: String, _ constraint: Constraint) -> Member {
            Member(name: name, isRequired: true, constraint: constraint)
        }

        static func optional(_ name: String, _ constraint: Constraint) -> Member {
            Member(name: name, isRequired: false, constraint: constraint)
        }
    }

    /// Any text.
    static let anyText = Constraint.text(0...Int.max)
    static let sensitiveData = Constraint.text(0...262_144, isSensitive: true)
}
