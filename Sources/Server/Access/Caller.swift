import JSON
import Store

/// Who sends a request, and what they may do.
package enum Caller: Sendable {
    /// Anybody on this machine, on a server without authentication.
    case anonymous
    case accessKey(id: String, grants: [Grant])

    /// Whether they may do something.
    ///
    /// - Parameter machine: the state machine that it is about; nil: all of them.
    package func may(_ action: String, on machine: String?) -> Bool {
        guard case .accessKey(_, let grants) = self else { return true }
        return grants.contains { $0.allows(action, on: machine) }
    }

    /// Whether they may do something that is about no state machine, or with some of them.
    package func may(_ action: String) -> Bool {
        guard case .accessKey(_, let grants) = self else { return true }
        return grants.contains { $0.allows(action) }
    }
}

extension Caller {
    /// - Throws: `AccessDeniedException` where no grant allows the action on the function.
    func authorize(_ action: String, on function: String) throws(APIError) {
        guard case .accessKey(let id, let grants) = self else { return }
        guard grants.contains(where: { $0.allows(action, on: function) }) else {
            throw APIError(
                "AccessDeniedException",
                "Access key \(id) is not authorized to perform: lambda:\(action)",
                status: 403
            )
        }
    }
}

extension Call {
    /// - Throws: `AccessDeniedException` where no grant allows it.
    func authorize(_ subject: Operation.Subject) throws(APIError) {
        guard case .accessKey(let id, let grants) = caller else { return }
        let isAllowed: Bool
        switch subject {
        case .nothing: isAllowed = grants.contains { $0.allows(action) }
        case .everything: isAllowed = grants.contains { $0.allows(action, on: nil) }
        case .stateMachineName(let member):
            let name = try arguments.required(member)
            isAllowed = grants.contains { $0.allows(action, on: name) }
        case .arn(let member):
            // Without the ARN it is about everything: ListExecutions.
            var name: String?
            if let arn = arguments.text(member) { name = try machine(of: arn) }
            isAllowed = grants.contains { $0.allows(action, on: name) }
        }
        guard isAllowed else { throw denied(id) }
    }

    /// The same for a state machine that the operation found out.
    func authorize(stateMachine name: String) throws(APIError) {
        guard case .accessKey(let id, let grants) = caller else { return }
        guard grants.contains(where: { $0.allows(action, on: name) }) else { throw denied(id) }
    }

    private func denied(_ id: String) -> APIError {
        APIError("AccessDeniedException", "Access key \(id) is not authorized to perform: states:\(action)")
    }

    private func machine(of arn: String) throws(APIError) -> String {
        switch try ResourceARN(arn, settings: store.settings).resource {
        case .stateMachine(let name), .version(let name, _), .alias(let name, _), .labeled(let name, _),
            .execution(let name, _), .mapChild(let name, _, _), .express(let name, _, _), .activity(let name),
            .mapRun(let name, _, _):
            return name
        }
    }
}
