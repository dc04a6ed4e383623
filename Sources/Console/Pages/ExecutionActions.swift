import HTTPTypes
import Hummingbird
import JSON
import Server
import Store

/// What whoever looks may do with an execution.
struct ExecutionActions {
    /// What another execution may run: the newest definition, a version, or an alias.
    struct Target {
        let value: String
        let text: String
        let isChosen: Bool
    }

    let stop: String?
    let redrive: String?
    let notRedrivable: String?
    let again: String?
    let input: String
    let targets: [Target]
    let hasTargets: Bool
    let commands: [ShellCommand]

    /// What does not fit into a form is not offered to be edited, in bytes.
    private static let mostInput = 1 << 16
    private static let mostTargets = 20

    static func load(_ page: ExecutionPage, _ description: ExecutionDescription) async throws -> ExecutionActions {
        let (visit, summary) = (page.visit, description.summary)
        func offered(_ action: String, _ part: String, _ isPossible: Bool) -> String? {
            isPossible && visit.may(action, on: page.owner) ? page.address([part]) : nil
        }
        var notRedrivable: String?
        if case .notRedrivable(let reason) = description.redriveStatus, summary.status != .running,
            summary.status != .succeeded
        {
            notRedrivable = reason
        }
        let isChild = page.machine != page.owner
        let isEditable = !isChild && description.input.text.utf8.count <= mostInput
        let again = offered("StartExecution", "again", isEditable)
        let targets = again == nil ? [] : try await targets(page, summary)
        return ExecutionActions(
            stop: offered("StopExecution", "stop", summary.status == .running),
            redrive: offered("RedriveExecution", "redrive", description.redriveStatus == .redrivable),
            notRedrivable: notRedrivable,
            again: again,
            input: again == nil ? "" : (try? description.input.value().prettyText) ?? description.input.text,
            targets: targets,
            hasTargets: !targets.isEmpty,
            commands: ShellCommand.of(description, host: visit.request.head.authority ?? "")
        )
    }

    private static func targets(_ page: ExecutionPage, _ summary: ExecutionSummary) async throws -> [Target] {
        let was = summary.alias ?? summary.version.map(String.init)
        let aliases = try await page.store.aliases(
            ofStateMachine: page.owner,
            version: nil,
            after: nil,
            limit: mostTargets
        )
        let versions = try await page.store.versions(ofStateMachine: page.owner, before: nil, limit: mostTargets)
        var names = aliases.elements.map(\.name) + versions.elements.map { String($0.number) }
        if let was, !names.contains(was) { names.append(was) }
        guard !names.isEmpty else { return [] }
        return [Target(value: "", text: page.texts("action.newest"), isChosen: was == nil)]
            + names.map { Target(value: $0, text: $0, isChosen: $0 == was) }
    }
}
