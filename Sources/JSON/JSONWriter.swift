extension JSONValue {
    /// The value as compact JSON: no spaces, members in their order, numbers digit for digit, `/` and non-ASCII
    /// characters unescaped.
    public var text: String { "" }
}
