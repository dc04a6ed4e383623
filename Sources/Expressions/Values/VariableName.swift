/// The rule for names of workflow variables.
package enum VariableName {
    /// The longest name in characters.
    package static let lengthLimit = 80

    /// Whether `name` is a Unicode identifier (underscores may stand anywhere) of at most 80 characters.
    package static func isValid(_ name: String) -> Bool {
        guard let first = name.unicodeScalars.first, first == "_" || first.properties.isIDStart else { return false }
        return name.count <= lengthLimit
            && name.unicodeScalars.allSatisfy { $0 == "_" || $0.properties.isIDContinue }
    }
}
