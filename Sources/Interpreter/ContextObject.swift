import Expressions
import JSON
import StatesLanguage

extension Run {
    /// The context object (`$$`) as the current state sees it.
    func contextObject() throws(StateFailure) -> JSONValue {
        if let inspection { return try contextObject(of: inspection) }
        var executionMembers: JSONObject = ["Id": .string(execution.arn)]
        if let input = execution.input { executionMembers["Input"] = try value(of: input) }
        executionMembers["StartTime"] = .string(execution.startTime.description)
        executionMembers["Name"] = .string(execution.name)
        if let role = execution.roleARN { executionMembers["RoleArn"] = .string(role) }
        if !execution.isExpress {
            executionMembers["RedriveCount"] = .number(JSONNumber(execution.redriveCount))
            if let time = execution.redriveTime { executionMembers["RedriveTime"] = .string(time.description) }
        }

        // An iteration that has not begun evaluates the ItemSelector of its Map.
        let name = branch.phase == .fresh ? machine.owners[branch.state] ?? branch.state : branch.state
        var state: JSONObject = ["Name": .string(name), "EnteredTime": .string(branch.enteredAt.description)]
        if machine.states[name]?.kind.hasResult ?? false {
            state["RetryCount"] = .number(JSONNumber(branch.retryCount))
        }

        var context: JSONObject = [
            "Execution": .object(executionMembers),
            "StateMachine": .object([
                "Id": .string(execution.stateMachineARN), "Name": .string(execution.stateMachineName),
            ]),
            "State": .object(state),
        ]
        if case .task(let task) = machine.states[name]?.kind, task.resource.waitsForToken {
            let attempt = TaskAttempt(entry: branch.entry, attempt: branch.retryCount)
            context["Task"] = .object(["Token": .string(taskToken(attempt))])
        }
        if let item = branch.item { context["Map"] = try mapMember(item) }
        return .object(context)
    }

    private func contextObject(of inspection: Inspection) throws(StateFailure) -> JSONValue {
        guard let item = branch.item, case .object(var members) = inspection.context else { return inspection.context }
        members["Map"] = try mapMember(item)
        return .object(members)
    }

    private func mapMember(_ item: MapItem) throws(StateFailure) -> JSONValue {
        var members: JSONObject = ["Index": .number(JSONNumber(item.index)), "Value": try value(of: item.value)]
        if let key = item.key { members["Key"] = .string(key) }
        if let source = item.source { members["Source"] = .string(source) }
        return .object(["Item": .object(members)])
    }

    /// A document's value. The text of a document is JSON by its type's contract; one that is not ends the execution
    /// instead of the process.
    func value(of document: JSONDocument) throws(StateFailure) -> JSONValue {
        do throws(JSONSyntaxError) {
            return try document.value()
        } catch {
            throw StateFailure(runtime: "A stored document is not JSON: \(error)")
        }
    }
}

extension Path {
    var readsContext: Bool { root == .context }
}

extension TemplateExpression {
    var readsContext: Bool { paths.contains(where: \.readsContext) }
}

extension PayloadTemplate {
    var readsContext: Bool { expressions.contains { $0.expression.readsContext } }
}
