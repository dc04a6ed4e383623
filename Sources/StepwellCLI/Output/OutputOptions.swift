import ArgumentParser

/// How results are printed, the same for every command.
struct OutputOptions: ParsableArguments {
    @Flag(help: "Print the result as JSON, with AWS's names.")
    var json = false
}
