import Expressions
import JSON
import StatesLanguage

extension Run {
    /// The context object (`$$`) as the current state sees it.
    func contextObject() throws(StateFailure) -> JSONValue {
        var executionMembers = JSONObject()
        executionMembers["Id"] = .string(execution.arn)
        if let input = execution.input { executionMembers["Input"] = try value(of: input) }
        executionMembers["Name"] = .string(execution.name)
        if let role = execution.roleARN { executionMembers["RoleArn"] = .string(role) }
        executionMembers["StartTime"] = .string(execution.startTime.description)
        executionMembers["RedriveCount"] = .number(JSONNumber(execution.redriveCount))

        var context = JSONObject()
        context["Execution"] = .object(executionMembers)
        if let item = branch.item {
            let itemMembers: JSONObject = [
                "Index": .number(JSONNumber(item.index)), "Value": try value(of: item.value),
            ]
            context["Map"] = .object(["Item": .object(itemMembers)])
        }
        context["State"] = .object([
            "EnteredTime": .string(branch.enteredAt.description),
            "Name": .string(branch.state),
            "RetryCount": .number(JSONNumber(branch.retryCount)),
        ])
        context["StateMachine"] = .object([
            "Id": .string(execution.stateMachineARN), "Name": .string(execution.stateMachineName),
        ])
        return .object(context)
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
