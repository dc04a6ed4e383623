/// A problem in a definition: what, how bad, and where.
package struct Diagnostic: Sendable, Hashable {
    package enum Severity: String, Sendable, Hashable {
        case error = "ERROR"
        case warning = "WARNING"
    }

    package let severity: Severity
    /// AWS's code, `SCHEMA_VALIDATION_FAILED` …
    package let code: Code
    package let message: String
    /// Where in the definition: `/States/Charge/Next`; `/` for the whole; empty where AWS names no place.
    package let location: String
    /// Where in the source file; nil where nothing in the text corresponds.
    package let position: SourcePosition?
    /// What AWS's message leaves out: the reason, or what was probably meant.
    package let hint: String?

    package init(
        severity: Severity,
        code: Code,
        message: String,
        location: String,
        position: SourcePosition?,
        hint: String? = nil
    ) {
        self.severity = severity
        self.code = code
        self.message = message
        self.location = location
        self.position = position
        self.hint = hint
    }

    /// The codes of `ValidateStateMachineDefinition`, and one of our own for what AWS says nothing about.
    package enum Code: String, Sendable, Hashable, CaseIterable {
        case invalidJSONDescription = "INVALID_JSON_DESCRIPTION"
        case missingDescription = "MISSING_DESCRIPTION"
        case schemaValidationFailed = "SCHEMA_VALIDATION_FAILED"
        case invalidResource = "INVALID_RESOURCE"
        case missingEndState = "MISSING_END_STATE"
        case duplicateStateName = "DUPLICATE_STATE_NAME"
        case invalidStateName = "INVALID_STATE_NAME"
        case missingTransitionTarget = "MISSING_TRANSITION_TARGET"
        case duplicateLabelName = "DUPLICATE_LABEL_NAME"
        case invalidLabelName = "INVALID_LABEL_NAME"
        case invalidVariableName = "INVALID_VARIABLE_NAME"
        case reservedVariableName = "RESERVED_VARIABLE_NAME"
        case tooDeeplyNested = "TOO_DEEPLY_NESTED"
        case noDollar = "NO_DOLLAR"
        case noPath = "NO_PATH"
        case passResultIsStatic = "PASS_RESULT_IS_STATIC"
        case invalidJSONata = "INVALID_JSONATA_EXPRESSION"
        case unsupportedJSONata = "UNSUPPORTED_JSONATA_EXPRESSION"
        case suspiciousJSONata = "SUSPICIOUS_JSONATA"
    }
}

/// A place in a definition's text.
package struct SourcePosition: Sendable, Hashable {
    /// Bytes from the start.
    package let offset: Int
    /// Counted from 1.
    package let line: Int
    /// In Unicode scalars, counted from 1.
    package let column: Int

    package init(offset: Int, line: Int, column: Int) {
        self.offset = offset
        self.line = line
        self.column = column
    }
}
