import ArgumentParser

/// A definition in a file, and the state machine that it is for.
struct DefinitionArguments: ParsableArguments {
    @Argument(help: "A definition (JSON, or .yaml); - reads JSON from standard input.")
    var file: String

    @Option(help: "The state machine's name (default: the file's name without .asl.json).")
    var name: String?

    func validate() throws {
        guard file != "-" || name != nil else {
            throw ValidationError("A definition from standard input needs --name.")
        }
    }
}
