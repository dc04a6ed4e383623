import ArgumentParser
import JSON
import StatesLanguage
import Store

/// Creates state machines from files, or gives them new revisions.
struct DeployCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "deploy",
        abstract: "Create or update a state machine from a file.",
        discussion: """
            Executions that run keep the revision they started with. The same text again changes nothing. \
            YAML is deployed as the JSON that it says.

              stepwell deploy ProcessOrder.asl.json
              stepwell deploy ProcessOrder.asl.yaml
              stepwell deploy definition.json --name ProcessOrder
              stepwell deploy Resize.asl.json --express
            """
    )

    @OptionGroup var definition: DefinitionArguments

    @Flag(help: "Make it an express state machine: executions run in memory, five minutes at most.")
    var express = false

    @OptionGroup var database: DatabaseOptions
    @OptionGroup var output: OutputOptions

    func run() async throws {
        let file = try DefinitionFile(reading: definition.file)
        let deployment = try await database.withStore { store in
            try await file.deploy(as: definition.name, type: express ? .express : nil, to: store)
        }
        if output.json {
            Console.show(deployment.json)
        } else {
            Console.show(deployment.summary)
        }
    }
}

extension DefinitionFile {
    /// Deploys the definition, or prints what is wrong with it.
    ///
    /// - Parameter type: nil: the type of the state machine that is there, or standard.
    func deploy(as name: String?, type: MachineType? = nil, to store: Store) async throws -> Deployment {
        for diagnostic in diagnostics { Console.note(render(diagnostic)) }
        guard isDeployable else {
            throw Failure(.negative, "the definition is invalid; nothing was deployed", at: file)
        }
        let deployment = try await store.deploy(name: name ?? defaultName, definition: text, type: type)
        for warning in deployment.warnings where !diagnostics.contains(warning) {
            Console.note(render(warning))
        }
        return deployment
    }
}

extension Deployment {
    /// `created ProcessOrder, revision 1`
    var summary: String { "\(outcome.rawValue) \(name.printable), revision \(revision)" }

    fileprivate var json: JSONValue {
        [
            "stateMachineArn": .string(arn), "name": .string(name), "outcome": .string(outcome.rawValue),
            "revision": .number(JSONNumber(revision)),
        ]
    }
}
