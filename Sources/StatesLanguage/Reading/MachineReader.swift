import JSON

/// What all parts of one reading share.
final class Reading {
    let findings: Findings
    let machineType: MachineType
    /// The language of states that name none.
    let language: QueryLanguage
    /// Whether there is only one state, whose surroundings are unknown.
    let isLoneState: Bool
    /// Where each state name, and each label of a Map, was first used.
    var stateNames: Set<String> = []
    var labels: Set<String> = []

    init(findings: Findings, machineType: MachineType, language: QueryLanguage, isLoneState: Bool) {
        self.findings = findings
        self.machineType = machineType
        self.language = language
        self.isLoneState = isLoneState
    }
}

/// Reads the top level of a definition.
struct MachineReader {
    /// The longest time that a definition can name.
    static let longestSeconds = 99_999_999
    /// The largest count, where AWS documents none.
    static let largestCount = Int(Int32.max)

    let fields: FieldReader
    let machineType: MachineType
    let isLoneState: Bool
    /// Whether it has been deployed: rules that came later are for those who deploy, not for what runs.
    var isDeployed = false

    /// The machine, when nothing is wrong with it; of one that has been deployed, when every state could be read.
    func read() -> StateMachine? {
        fields.rejectOthers(than: .machine)
        let comment = fields.string("Comment")
        _ = fields.oneOf("Version", ["1.0"])
        // AWS takes 0, which can only mean that there is none.
        let timeout = fields.integer("TimeoutSeconds", in: 0...Self.longestSeconds).flatMap { $0 == 0 ? nil : $0 }
        let language = fields.queryLanguage(inherited: .jsonPath)
        let reading = Reading(
            findings: fields.findings,
            machineType: machineType,
            language: language,
            isLoneState: isLoneState
        )
        guard let scope = ScopeReader(fields: fields, reading: reading, depth: 0).read() else { return nil }
        guard !fields.findings.hasErrors || isDeployed else { return nil }
        let machine = StateMachine(
            comment: comment,
            queryLanguage: language,
            timeoutSeconds: timeout,
            scope: scope
        )
        return !fields.findings.hasErrors || machine.states.count == reading.stateNames.count ? machine : nil
    }
}

extension FieldReader {
    /// The language of a machine or state. Anything but exactly `JSONPath` counts as JSONata, so that a misspelt
    /// language is one problem and not one for each field.
    func queryLanguage(inherited: QueryLanguage) -> QueryLanguage {
        guard has("QueryLanguage") else { return inherited }
        let name = oneOf("QueryLanguage", [QueryLanguage.jsonPath.rawValue, QueryLanguage.jsonata.rawValue])
        return name == QueryLanguage.jsonPath.rawValue ? .jsonPath : .jsonata
    }
}
