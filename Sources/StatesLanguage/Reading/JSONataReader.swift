import JSON

/// States in JSONata: the graph and the shape of every field are checked, expressions are kept as they are written.
extension StateReader {
    func readJSONataKind(_ type: StateType) -> State.Kind? {
        fields.checkVariableNames()
        var scopes: [StateScope] = []
        switch type {
        case .pass, .succeed: break
        case .task: checkTask()
        case .choice: checkChoice()
        case .wait: checkWait()
        case .fail: checkFail()
        case .parallel: scopes = readBranches() ?? []
        case .map:
            checkDistributedFields(language: .jsonata)
            fields.checkNumberOrExpression("MaxConcurrency", 0...MachineReader.longestSeconds)
            checkItems()
            scopes = readProcessor().map { [$0.scope] } ?? []
        }
        return .jsonata(JSONataState(type: type.rawValue, source: .object(fields.object), scopes: scopes))
    }

    private func checkTask() {
        fields.checkNumberOrExpression("TimeoutSeconds", 1...MachineReader.longestSeconds)
        fields.checkNumberOrExpression("HeartbeatSeconds", 1...MachineReader.longestSeconds)
        if !fields.isJSONata("Credentials") { fields.nested("Credentials")?.checkRole() }
        _ = readResource(parameters: "Arguments")
    }

    private func checkChoice() {
        fields.require("Choices")
        _ = fields.string("Default")
        for rule in fields.nestedNonEmptyList("Choices") ?? [] {
            rule.rejectOthers(than: .choiceRule, language: .jsonata)
            rule.require("Condition", "Next")
            _ = rule.string("Comment")
            _ = rule.string("Next")
            rule.checkVariableNames()
            if rule.has("Condition"), rule["Condition"]?.bool == nil, !rule.isJSONata("Condition") {
                let _: Bool? = rule.wrongType("Condition", "Boolean")
            }
        }
    }

    private func checkWait() {
        switch fields.exactlyOne(of: ["Seconds", "Timestamp"]) {
        case "Seconds": fields.checkNumberOrExpression("Seconds", 0...MachineReader.longestSeconds)
        case "Timestamp": if !fields.isJSONata("Timestamp") { _ = fields.timestamp("Timestamp") }
        default: break
        }
    }

    private func checkFail() {
        _ = fields.string("Error")
        _ = fields.string("Cause")
    }

    private func checkItems() {
        guard let items = fields["Items"], items.array == nil, items.object == nil, !fields.isJSONata("Items")
        else { return }
        let _: Bool? = fields.wrongType("Items", "Array")
    }
}
