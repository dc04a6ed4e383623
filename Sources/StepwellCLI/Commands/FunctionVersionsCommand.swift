import ArgumentParser
import Expressions
import Foundation
import FunctionHost
import JSON
import StatesLanguage
import Store

struct FunctionPublishCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "publish",
        abstract: "Publish what a function is now as a version, which never changes.",
        discussion: """
            The function's files and its declaration are copied to functions.versions/NAME/NUMBER in the folder of \
            functions.json. Workers that are started on this folder offer it from then on: Tasks call it as NAME:NUMBER, \
            or by an alias. If nothing has changed since the last version, that is the answer, as on Lambda.

              stepwell functions publish charge --functions functions/ --description 'with receipts'
            """
    )

    @Argument(help: "The function.")
    var name: String

    @Option(help: "What is said about the version.")
    var description = ""

    @OptionGroup var hosted: FunctionOptions
    @OptionGroup var database: DatabaseOptions
    @OptionGroup var output: OutputOptions

    func run() async throws {
        guard let folder = hosted.folder else {
            throw Failure(.refused, "No folder of functions is named.", remedy: "--functions FOLDER")
        }
        do {
            let draft = try FunctionDraft(of: name, in: URL(filePath: folder))
            let version: Int
            do {
                version = try await database.withStore {
                    try await $0.publishFunction(name, digest: draft.digest, description: description)
                }
            } catch {
                draft.discard()
                throw error
            }
            try draft.keep(as: version)
            if output.json {
                return Console.show(["FunctionName": .string(name), "Version": .string("\(version)")])
            }
            Console.show("\(name):\(version)")
            Console.note("workers that are started on \(folder.printable) offer it")
        } catch let error as FunctionHostError {
            throw Failure(.refused, "\(error)", at: folder)
        }
    }
}

struct FunctionVersionsCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "versions",
        abstract: "List the versions of a function.",
        discussion: """
              stepwell functions versions charge
            """
    )

    @Argument(help: "The function.")
    var name: String

    @OptionGroup var database: DatabaseOptions
    @OptionGroup var output: OutputOptions

    func run() async throws {
        let versions = try await database.withStore { try await $0.functionQualifiers(of: name) }.versions
        if output.json {
            return Console.show(["Versions": .array(versions.map { $0.json(of: name) })])
        }
        guard !versions.isEmpty else { return Console.note("no version of it was published") }
        var table = Table("VERSION", "PUBLISHED", "SHA-256", "DESCRIPTION")
        for version in versions {
            table.add(
                Table.Cell("\(version.version)"),
                Table.Cell(version.publishedAt.description),
                Table.Cell(String(version.digest.prefix(12)).printable),
                Table.Cell(version.description.printable)
            )
        }
        table.show()
    }
}

struct FunctionAliasCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "alias",
        abstract: "Give versions of a function a name that can lead elsewhere tomorrow.",
        discussion: """
            Workers follow a change within a second. Of an alias for two versions, a Task takes one: the same for every \
            attempt of its Retry, and after crashes, as long as the alias stays as it is.

              stepwell functions alias put charge live --version 3
              stepwell functions alias put charge live --version 3 --other 4 --weight 0.1
              stepwell functions alias list charge
              stepwell functions alias delete charge live
            """,
        subcommands: [
            FunctionAliasPutCommand.self, FunctionAliasListCommand.self, FunctionAliasDeleteCommand.self,
        ]
    )
}

struct FunctionAliasPutCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "put",
        abstract: "Make an alias, or let it lead elsewhere.",
        discussion: """
              stepwell functions alias put charge live --version 3 --other 4 --weight 0.1
              stepwell functions alias put charge next --version '$LATEST'
            """
    )

    @Argument(help: "The function.")
    var name: String

    @Argument(help: "The alias.")
    var alias: String

    @Option(help: "Where it leads: a version's number, or $LATEST.")
    var version: VersionArgument

    @Option(help: "A second version, which gets a part of the calls.")
    var other: Int?

    @Option(help: "How large that part is, from 0 to 1.")
    var weight: Double?

    @Option(help: "What is said about the alias.")
    var description = ""

    @OptionGroup var database: DatabaseOptions
    @OptionGroup var output: OutputOptions

    func validate() throws {
        guard (other == nil) == (weight == nil) else { throw ValidationError("--other and --weight go together.") }
    }

    func run() async throws {
        var alias = FunctionAlias(name: alias, version: version.number, description: description)
        if let other, let weight { alias.other = FunctionAlias.Other(version: other, weight: weight) }
        try await database.withStore { [alias] in try await $0.putFunctionAlias(alias, of: name) }
        if output.json { return Console.show(alias.json(of: name)) }
        FunctionAliasListCommand.show([alias])
    }
}

struct FunctionAliasListCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "list",
        abstract: "List the aliases of a function.",
        discussion: """
              stepwell functions alias list charge
            """
    )

    @Argument(help: "The function.")
    var name: String

    @OptionGroup var database: DatabaseOptions
    @OptionGroup var output: OutputOptions

    func run() async throws {
        let aliases = try await database.withStore { try await $0.functionQualifiers(of: name) }.aliases
        if output.json { return Console.show(["Aliases": .array(aliases.map { $0.json(of: name) })]) }
        guard !aliases.isEmpty else { return Console.note("it has no alias") }
        Self.show(aliases)
    }

    static func show(_ aliases: [FunctionAlias]) {
        var table = Table("ALIAS", "VERSION", "OTHER", "WEIGHT", "DESCRIPTION")
        for alias in aliases {
            table.add(
                Table.Cell(alias.name.printable),
                Table.Cell(alias.version.map { "\($0)" } ?? FunctionReference.latest),
                Table.Cell(alias.other.map { "\($0.version)" } ?? "-"),
                Table.Cell(alias.other.map { "\($0.weight)" } ?? "-"),
                Table.Cell(alias.description.printable)
            )
        }
        table.show()
    }
}

struct FunctionAliasDeleteCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "delete",
        abstract: "Delete an alias: Tasks that name it fail from then on.",
        discussion: """
              stepwell functions alias delete charge live
            """
    )

    @Argument(help: "The function.")
    var name: String

    @Argument(help: "The alias.")
    var alias: String

    @OptionGroup var database: DatabaseOptions

    func run() async throws {
        try await database.withStore { try await $0.deleteFunctionAlias(alias, of: name) }
    }
}

/// A version as it is typed.
struct VersionArgument: ExpressibleByArgument {
    /// Nil: the function as it is now.
    var number: Int?

    init?(argument: String) {
        guard argument != FunctionReference.latest else { return }
        guard let number = Int32(argument), number > 0 else { return nil }
        self.number = Int(number)
    }
}

extension FunctionVersion {
    /// What of Lambda's `FunctionConfiguration` is known.
    fileprivate func json(of name: String) -> JSONValue {
        [
            "FunctionName": .string(name), "Version": .string("\(version)"), "CodeSha256": .string(digest),
            "Description": .string(description), "LastModified": .string(publishedAt.description),
        ]
    }
}

extension FunctionAlias {
    /// Lambda's `AliasConfiguration`.
    fileprivate func json(of function: String) -> JSONValue {
        var object: JSONObject = [
            "Name": .string(name), "FunctionName": .string(function),
            "FunctionVersion": .string(version.map { "\($0)" } ?? FunctionReference.latest),
            "Description": .string(description),
        ]
        if let other, let weight = JSONNumber(other.weight) {
            object["RoutingConfig"] = ["AdditionalVersionWeights": .object(["\(other.version)": .number(weight)])]
        }
        return .object(object)
    }
}
