package import Expressions
package import Interpreter
import Postgres
package import StatesLanguage

/// One deployed definition, parsed.
package final class Revision: Sendable {
    package let id: Int32
    package let machineID: Int32
    package let machineName: String
    package let machineARN: String
    /// 1, 2, 3 … per state machine.
    package let number: Int
    package let roleARN: String?
    package let machine: StateMachine
    package let type: MachineType
    package let logging: ExecutionLogging

    package init(
        id: Int32,
        machineID: Int32,
        machineName: String,
        machineARN: String,
        number: Int,
        roleARN: String?,
        machine: StateMachine,
        type: MachineType = .standard,
        logging: ExecutionLogging = ExecutionLogging()
    ) {
        self.id = id
        self.machineID = machineID
        self.machineName = machineName
        self.machineARN = machineARN
        self.number = number
        self.roleARN = roleARN
        self.machine = machine
        self.type = type
        self.logging = logging
    }

    /// Whether an execution that starts in a state is an express one: of an express state machine, or a child of a map
    /// run that has such.
    func runsInMemory(from state: String) -> Bool {
        if type == .express { return true }
        guard let owner = machine.owners[state], case .map(let map)? = machine.states[owner]?.kind else { return false }
        return map.distributed?.hasExpressChildren ?? false
    }
}

/// What a deployment did.
package struct Deployment: Sendable {
    package enum Outcome: String, Sendable {
        case created, updated, unchanged
    }
    package var outcome: Outcome
    package var name: String
    package var arn: String
    package var revision: Int
    package var warnings: [Diagnostic]
}

/// A state machine as lists show it.
package struct StateMachineSummary: Sendable {
    package var name: String
    package var arn: String
    package var revision: Int
    package var createdAt: Timestamp
    package var updatedAt: Timestamp
}
