import JSON

/// What a reading has found so far, without positions: those are looked up once, at the end.
final class Findings {
    /// How many diagnostics a definition can have; the rest are dropped, warnings first.
    static let limit = 1_000
    /// How many errors come with a hint: guessing names takes time that a thousand problems do not deserve.
    private static let hintLimit = 100

    private struct Finding {
        let diagnostic: Diagnostic
        /// Where its position is to be looked up; nil for one that is known, or that is about nothing in particular.
        let place: Place?
    }

    private(set) var hasErrors = false
    private var errors: [Finding] = []
    private var warnings: [Finding] = []
    private var obstacles: [Finding] = []
    private var needs: [(offer: String, finding: Finding)] = []

    /// - Parameters:
    ///   - location: where AWS says that the problem is; nil for nowhere.
    ///   - place: the exact place, where it is another one.
    func error(
        code: Diagnostic.Code = .schemaValidationFailed,
        _ message: String,
        at location: Place?,
        exactly place: Place? = nil,
        hint: @autoclosure () -> String? = nil
    ) {
        hasErrors = true
        guard errors.count < Self.limit else { return }
        let hint = errors.count < Self.hintLimit ? hint() : nil
        errors.append(finding(.error, code, message, location, place, hint))
    }

    func warning(
        code: Diagnostic.Code,
        _ message: String,
        at location: Place,
        exactly place: Place? = nil,
        hint: String? = nil
    ) {
        warnings.appendBounded(finding(.warning, code, message, location, place, hint))
    }

    /// A reason why a valid machine can't run here yet.
    func obstacle(code: Diagnostic.Code = .schemaValidationFailed, _ message: String, at location: Place) {
        obstacles.appendBounded(finding(.error, code, message, location, nil, nil))
    }

    /// A Task that only workers can do that have an endpoint for its service.
    func needs(_ offer: String, at location: Place) {
        let service = offer.split(separator: ":").last ?? ""
        need(
            offer,
            "No worker has an endpoint for the service '\(service)': this Task will fail with States.Runtime unless one"
                + " is started with AWS_ENDPOINT_URL or the variable of this service in its environment",
            at: location
        )
    }

    /// A reader or writer that only workers can carry out that have object storage.
    func needsStorage(at location: Place, failingWith error: String) {
        need(
            ServiceIntegration.storageOffer,
            "No worker has object storage: this Map will fail with \(error) unless one is started with"
                + " AWS_ENDPOINT_URL_S3 or STEPWELL_STORAGE_DIRECTORY in its environment",
            at: location
        )
    }

    private func need(_ offer: String, _ message: String, at location: Place) {
        guard needs.count < Self.limit else { return }
        needs.append((offer, finding(.warning, .invalidResource, message, location, nil, nil)))
    }

    /// The text is not JSON.
    func syntaxError(_ error: JSONSyntaxError) {
        report(
            .error,
            .invalidJSONDescription,
            "\(error)",
            at: Place(),
            SourcePosition(offset: error.offset, line: error.line, column: error.column)
        )
    }

    /// Keys that stand twice in one object: the last one counts, and nobody who wrote both knows that.
    func reportDuplicateKeys(of value: JSONValue, in text: String) {
        let map = SourceMap(text)
        guard map.hasDuplicateKeys(value) else { return }
        for (object, key, position) in map.duplicateKeys(limit: Self.limit) {
            if object.isStatesOfScope {
                report(.error, .duplicateStateName, "Duplicate State name: \(key)", at: object.field(key), position)
            } else {
                let message = "Field '\(key)' appears more than once: the last one counts"
                report(.warning, .schemaValidationFailed, message, at: object.field(key), position)
            }
        }
    }

    private func report(
        _ severity: Diagnostic.Severity,
        _ code: Diagnostic.Code,
        _ message: String,
        at location: Place,
        _ position: SourcePosition
    ) {
        let diagnostic = finding(severity, code, message, location, nil, nil).diagnostic.positioned(at: position)
        let finding = Finding(diagnostic: diagnostic, place: nil)
        if severity == .error {
            hasErrors = true
            errors.appendBounded(finding)
        } else {
            warnings.appendBounded(finding)
        }
    }

    /// Everything found, in the order of the text.
    func resolved(in text: String) -> (diagnostics: [Diagnostic], obstacles: [Diagnostic], needs: [ServiceNeed]) {
        let kept = errors + warnings.prefix(Self.limit - errors.count)
        guard !kept.isEmpty || !obstacles.isEmpty || !needs.isEmpty else { return ([], [], []) }
        let all = kept + obstacles + needs.map(\.finding)
        let positions = SourceMap(text).positions(of: all.compactMap(\.place))
        func resolve(_ findings: [Finding]) -> [Diagnostic] {
            findings
                .map { finding in
                    finding.place.map { finding.diagnostic.positioned(at: positions[$0]) } ?? finding.diagnostic
                }
                .enumerated()
                .sorted { ($0.element.sortKey, $0.offset) < ($1.element.sortKey, $1.offset) }
                .map(\.element)
        }
        let services = needs.flatMap { need in
            resolve([need.finding]).map { ServiceNeed(offer: need.offer, warning: $0) }
        }
        return (resolve(kept), resolve(obstacles), services)
    }

    private func finding(
        _ severity: Diagnostic.Severity,
        _ code: Diagnostic.Code,
        _ message: String,
        _ location: Place?,
        _ place: Place?,
        _ hint: String?
    ) -> Finding {
        Finding(
            diagnostic: Diagnostic(
                severity: severity,
                code: code,
                message: message,
                location: location?.text ?? "",
                position: nil,
                hint: hint
            ),
            place: place ?? location
        )
    }
}

extension Array {
    fileprivate mutating func appendBounded(_ element: Element) {
        if count < Findings.limit { append(element) }
    }
}

extension Diagnostic {
    /// Findings without a place come last.
    fileprivate var sortKey: Int { position?.offset ?? .max }

    fileprivate func positioned(at position: SourcePosition?) -> Diagnostic {
        Diagnostic(
            severity: severity,
            code: code,
            message: message,
            location: location,
            position: position,
            hint: hint
        )
    }
}
