import ArgumentParser
import JSON
import Store

/// Shows the settings of an installation, and changes its limits.
struct SettingsCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "settings",
        abstract: "Show or change the limits of the whole installation.",
        discussion: """
            With --strict-aws on, what exceeds AWS's limits fails here as it does there: payloads of 262,144 bytes, \
            histories of 25,000 events, executions of a year, 40 iterations of an inline Map at once. Without it, the \
            limits are wide, and can be set.

              stepwell settings
              stepwell settings --strict-aws on
              stepwell settings --payload-bytes 1048576

            Workers and servers take a change up when they start again.
            """
    )

    enum Switch: String, ExpressibleByArgument, CaseIterable {
        case on, off
    }

    @Option(help: "Whether all limits are AWS's (on, off).")
    var strictAws: Switch?

    @Option(help: "The largest input, output or result, in bytes of UTF-8.")
    var payloadBytes: Int?

    @Option(help: "The most events of one execution.")
    var historyEvents: Int?

    @OptionGroup var database: DatabaseOptions
    @OptionGroup var output: OutputOptions

    func validate() throws {
        guard payloadBytes.map({ (1024...268_435_456).contains($0) }) ?? true else {
            throw ValidationError("--payload-bytes takes a number from 1024 to 268435456.")
        }
        guard historyEvents.map({ (100...100_000_000).contains($0) }) ?? true else {
            throw ValidationError("--history-events takes a number from 100 to 100000000.")
        }
        if strictAws == .on, payloadBytes != nil || historyEvents != nil {
            throw ValidationError("With --strict-aws on, the limits are AWS's and can't be given.")
        }
    }

    func run() async throws {
        let isChange = strictAws != nil || payloadBytes != nil || historyEvents != nil
        let settings = try await database.withStore { store in
            guard isChange else { return store.settings }
            if store.settings.isStrict, strictAws == nil {
                throw Failure(
                    .refused,
                    "the limits are AWS's, because strict-aws is on",
                    remedy: "turn it off first: stepwell settings --strict-aws off"
                )
            }
            return try await store.changeSettings(
                isStrict: strictAws.map { $0 == .on },
                payloadBytes: payloadBytes,
                historyEvents: historyEvents
            )
        }
        guard !output.json else { return Console.show(.object(settings.members)) }
        var table = Table()
        for (name, value) in settings.members { table.add(.init(name), .init(value.string ?? value.text)) }
        table.show()
        if isChange { Console.note("workers and servers take it up when they start again") }
    }
}

extension Settings {
    /// As they are shown, in this order.
    fileprivate var members: JSONObject {
        [
            "strict-aws": .string(isStrict ? "on" : "off"),
            "payload-bytes": .number(JSONNumber(payloadBytes)), "history-events": .number(JSONNumber(historyEvents)),
            "buckets": .number(JSONNumber(Int(buckets))), "region": .string(region), "account": .string(account),
        ]
    }
}
