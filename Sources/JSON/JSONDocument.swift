import Synchronization

/// A JSON document that exists as text, as a value, or both, and is converted at most once in each direction.
///
/// Payloads travel through the engine as documents: one that a state only passes along is never parsed, and one that
/// was computed is written once however often it is recorded.
public final class JSONDocument: Sendable {
    private struct Forms {
        /// What was written of a document that was computed.
        var text: String?
        var value: JSONValue?
    }

    /// The text that the document was made from.
    private let original: String?
    private let forms: Mutex<Forms>

    /// A document from text whose syntax is already known to be right: it came from this engine's own writer or from
    /// a column that only holds JSON. Check text from outside with ``init(parsing:)``.
    public init(trusted text: String) {
        original = text
        forms = Mutex(Forms())
    }

    /// A document that is computed; its text is written when somebody asks for it.
    public init(_ value: JSONValue) {
        original = nil
        forms = Mutex(Forms(value: value))
    }

    /// A document from outside. Its text is kept as it came, spacing included.
    ///
    /// - Throws: ``JSONSyntaxError`` with the place of the first fault.
    public init(parsing text: String) throws(JSONSyntaxError) {
        let value = try JSONValue(parsing: text)
        original = text
        forms = Mutex(Forms(value: value))
    }

    /// The document as text: as it came, or written compactly.
    public var text: String {
        if let original { return original }
        return forms.withLock { forms in
            if let text = forms.text { return text }
            let text = (forms.value ?? .null).text
            forms.text = text
            return text
        }
    }

    /// The document as a value.
    ///
    /// - Throws: ``JSONSyntaxError`` when trusted text turns out not to be JSON.
    public func value() throws(JSONSyntaxError) -> JSONValue {
        let result: Result<JSONValue, JSONSyntaxError> = forms.withLock { forms in
            if let value = forms.value { return .success(value) }
            do throws(JSONSyntaxError) {
                let value = try JSONValue(parsing: original ?? "null")
                forms.value = value
                return .success(value)
            } catch {
                return .failure(error)
            }
        }
        return try result.get()
    }

    /// Whether the text exists already; if not, asking for it writes the value, however large that turns out to be.
    public var isWritten: Bool { original != nil || forms.withLock { $0.text != nil } }

    /// The text without the spacing between tokens: what a document looks like inside one that the engine makes.
    public var compactText: String {
        let text = text
        return JSONSpacing.isPresent(in: text.utf8) ? JSONSpacing.removed(from: text.utf8) : text
    }

    /// The size of the text in UTF-8 bytes, the measure of the payload limits.
    public var byteCount: Int { original?.utf8.count ?? text.utf8.count }
}

extension JSONDocument: Equatable {
    /// Whether both have the same text.
    public static func == (left: JSONDocument, right: JSONDocument) -> Bool {
        left === right || left.text == right.text
    }
}

extension JSONDocument: CustomStringConvertible {
    /// The text.
    public var description: String { text }
}
