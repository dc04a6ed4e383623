import ArgumentParser
import JSON
import StatesLanguage
import Store

/// Holds a file against what is deployed.
struct DiffCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "diff",
        abstract: "Show what deploying a file would change.",
        discussion: """
            One line per place, - for what is deployed and + for what the file says. Spacing and the order of members \
            say nothing. The exit status is 1 if there are differences, as diff's is.

              stepwell diff ProcessOrder.asl.yaml
              stepwell diff definition.json --name ProcessOrder --json
            """
    )

    @OptionGroup var definition: DefinitionArguments

    @OptionGroup var database: DatabaseOptions
    @OptionGroup var output: OutputOptions

    func run() async throws {
        let file = try DefinitionFile(reading: definition.file)
        let name = definition.name ?? file.defaultName
        let written = try value(of: file.text, at: file.file)
        let deployed = try await database.withStore { store -> String? in
            do throws(StoreError) {
                return try await store.definition(ofStateMachine: name)
            } catch {
                if case .stateMachineDoesNotExist = error { return nil }
                throw error
            }
        }
        let changes = try deployed.map {
            JSONDifference(from: try value(of: $0, at: name), to: written).changes
        }
        if output.json {
            Console.show(
                [
                    "name": .string(name), "isDeployed": .bool(deployed != nil),
                    "changes": .array((changes ?? [([], .added(written))]).map { $0.change.json(at: $0.path) }),
                ]
            )
        } else if let changes {
            for (path, change) in changes { change.show(at: path) }
        } else {
            Console.show("\(name.printable) is not deployed")
        }
        if changes?.isEmpty != true { throw Failure.silent(.negative) }
    }

    private func value(of text: String, at place: String) throws(Failure) -> JSONValue {
        do throws(JSONSyntaxError) {
            return try JSONValue(parsing: text)
        } catch {
            throw Failure(
                .refused,
                "the definition is not JSON: \(error.reason)",
                at: "\(place):\(error.line):\(error.column)"
            )
        }
    }
}

extension JSONDifference.Change {
    fileprivate func show(at path: [String]) {
        let place = path.isEmpty ? "/" : JSONDifference.pointer(path)
        func line(_ sign: String, _ value: JSONValue, _ tone: Style.Tone) {
            Console.show(Style.output(tone, "\(sign) \(place.printable): \(value.text.escapedAsJSON)"))
        }
        switch self {
        case .added(let value): line("+", value, .good)
        case .removed(let value): line("-", value, .bad)
        case .changed(let old, let new):
            line("-", old, .bad)
            line("+", new, .good)
        }
    }

    fileprivate func json(at path: [String]) -> JSONValue {
        var object: JSONObject = ["path": .string(JSONDifference.pointer(path))]
        switch self {
        case .added(let value): object["to"] = value
        case .removed(let value): object["from"] = value
        case .changed(let old, let new):
            object["from"] = old
            object["to"] = new
        }
        return .object(object)
    }
}
