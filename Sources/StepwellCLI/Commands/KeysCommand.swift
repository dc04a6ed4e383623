import ArgumentParser
import Expressions
import JSON
import Server
import Store

/// Access keys of the HTTP endpoint.
struct KeysCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "keys",
        abstract: "Create, list and revoke access keys of the server.",
        discussion: """
            A server that is not started with --insecure-no-auth answers only requests that are signed with such a key.

              stepwell keys create ci --key-file stepwell.key --allow '*'
            """,
        subcommands: [CreateKeyCommand.self, ListKeysCommand.self, RevokeKeyCommand.self]
    )
}

struct CreateKeyCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "create",
        abstract: "Create an access key, and show its secret this once.",
        discussion: """
            A key may do what it is allowed and nothing else. Each --allow names operations, and after an @ what the \
            names of the state machines begin with:

              stepwell keys create ci --allow '*'
              stepwell keys create shop --allow 'StartExecution,DescribeExecution@Order'
            """
    )

    @Argument(help: "What the key is for; shown in lists.")
    var name: String

    @Option(help: ArgumentHelp("Operations, and perhaps the state machines; may be repeated.", valueName: "grant"))
    var allow: [Grant] = []

    @Option(help: "Requests a second that it may send to each server; without it as many as the server allows.")
    var rateLimit: Int?

    @OptionGroup var key: KeyFileOptions
    @OptionGroup var database: DatabaseOptions
    @OptionGroup var output: OutputOptions

    func validate() throws {
        if let rateLimit, !(1...1_000_000_000).contains(rateLimit) {
            throw ValidationError("--rate-limit takes a number from 1.")
        }
        if allow.isEmpty { throw ValidationError("A key that may do nothing is of no use; see --allow.") }
    }

    func run() async throws {
        let sealer = try key.sealer()
        let new = NewAccessKey()
        guard let sealed = sealer.seal(new.secret, id: new.id) else {
            throw Failure(.unavailable, "the secret could not be sealed")
        }
        try await database.withStore { store in
            try await store.addAccessKey(
                StoredAccessKey(
                    id: new.id,
                    name: name,
                    sealedSecret: sealed,
                    grants: .array(allow.map(\.json)),
                    rateLimit: rateLimit,
                    createdAt: .distantPast
                )
            )
        }
        if output.json {
            Console.show(["accessKeyId": .string(new.id), "secretAccessKey": .string(new.secret)])
        } else {
            Console.show("AWS_ACCESS_KEY_ID=\(new.id)\nAWS_SECRET_ACCESS_KEY=\(new.secret)")
            Console.note("the secret can't be shown again")
        }
    }
}

struct ListKeysCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "list",
        abstract: "List access keys.",
        discussion: """
            Secrets are not shown: nobody can, but with the file that seals them.

              stepwell keys list
            """
    )

    @OptionGroup var database: DatabaseOptions
    @OptionGroup var output: OutputOptions

    func run() async throws {
        let keys = try await database.withStore { store in try await store.accessKeys() }
        if output.json {
            Console.show(["accessKeys": .array(keys.map(\.json))])
            return
        }
        guard !keys.isEmpty else {
            Console.note("no access keys")
            return
        }
        var table = Table("ID", "NAME", "CREATED", "REVOKED", "MAY")
        for key in keys {
            table.add(
                Table.Cell(key.id),
                Table.Cell(key.name),
                Table.Cell(key.createdAt.displayText),
                Table.Cell(key.revokedAt?.displayText ?? "-"),
                Table.Cell((key.grants.array ?? []).compactMap(Grant.init).map(\.text).joined(separator: " "))
            )
        }
        table.show()
    }
}

struct RevokeKeyCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "revoke",
        abstract: "Make an access key useless.",
        discussion: """
            Servers that know the key forget it within seconds.

              stepwell keys revoke SWAAAABBBBCCCCDDDDEE
            """
    )

    @Argument(help: "The key's id.")
    var id: String

    @OptionGroup var database: DatabaseOptions

    func run() async throws {
        guard try await database.withStore({ store in try await store.revokeAccessKey(id) }) else {
            throw Failure(.refused, "there is no such access key", at: id, remedy: "see them: stepwell keys list")
        }
        Console.show("revoked \(id)")
    }
}

extension Grant: ExpressibleByArgument {
    /// A grant as it is written on a command line.
    public init?(argument: String) { self.init(argument) }
}

extension StoredAccessKey {
    fileprivate var json: JSONValue {
        [
            "accessKeyId": .string(id), "name": .string(name), "createDate": .string("\(createdAt)"),
            "revokeDate": revokedAt.map { .string("\($0)") } ?? nil, "grants": grants,
            "rateLimit": rateLimit.map { .number(JSONNumber($0)) } ?? nil,
        ]
    }
}
