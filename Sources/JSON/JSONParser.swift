extension JSONValue {
    /// Parses strict JSON (RFC 8259): one value, at most 512 levels deep, valid UTF-8, no lone surrogates.
    ///
    /// - Throws: ``JSONSyntaxError`` with byte offset, line and column of the first fault.
    public init(parsing text: String) throws(JSONSyntaxError) {
        throw JSONSyntaxError(reason: "no parser", offset: 0, line: 1, column: 1)
    }

    /// Parses bytes that need not be valid UTF-8; those that aren't are refused with their place.
    ///
    /// - Throws: ``JSONSyntaxError`` with byte offset, line and column of the first fault.
    public init(parsing bytes: [UInt8]) throws(JSONSyntaxError) {
        throw JSONSyntaxError(reason: "no parser", offset: 0, line: 1, column: 1)
    }
}
