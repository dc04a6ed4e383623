/// The rule of names of state machines, executions and activities.
enum ResourceName {
    /// Source: https://docs.aws.amazon.com/step-functions/latest/apireference/API_CreateStateMachine.html
    ///
    /// - Throws: `InvalidName`.
    static func check(_ name: String) throws(APIError) {
        guard !name.unicodeScalars.contains(where: isForbidden) else { throw .invalidName(name) }
    }

    private static func isForbidden(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.value {
        case 0...0x20, 0x7F...0x9F, 0xFFFE, 0xFFFF, 0x10FFFF: true
        default: scalar.properties.isWhitespace || ##"<>{}[]?*"#%\^|~`$&,;:/"##.unicodeScalars.contains(scalar)
        }
    }
}
