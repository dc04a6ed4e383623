package import Logging

/// Listens for notifications on a connection of its own, which it opens again by itself whenever it is lost.
///
/// A notification is a hint: it can get lost, and the tables are the truth. So every stream says when listening has
/// begun, or begun again; whoever reads it then looks at the tables once.
///
/// ```swift
/// let listener = Listener(configuration, logger: logger)
/// let events = try listener.events(on: ["jobs"])
/// async let running: Void = listener.run()
/// for await event in events { … }
/// ```
package actor Listener {
    /// What a stream tells.
    package enum Event: Sendable, Hashable {
        /// Listening has begun; whatever was sent before may have been missed.
        case resumed
        case notification(Notification)
    }

    private let configuration: PostgresConfiguration
    private let gate: ReconnectGate
    private let logger: Logger
    private let subscribers = Subscribers()
    private var channels: Set<String> = []

    /// Makes a listener; `run` connects.
    ///
    /// - Parameters:
    ///   - configuration: A server, not a pooler in transaction mode: those don't pass notifications on.
    ///   - logger: Takes losses and failures to connect, at debug level.
    ///   - gate: Spaces attempts to connect.
    package init(_ configuration: PostgresConfiguration, logger: Logger, gate: ReconnectGate = .process) {
        self.configuration = configuration
        self.logger = logger
        self.gate = gate
    }

    /// What arrives on some channels from now on. The channels are listened to for as long as the stream is read.
    ///
    /// The stream holds 1024 events that nobody has read yet; later ones are dropped, which it tells by `.resumed`.
    ///
    /// - Parameter channels: Their names, taken literally.
    /// - Returns: A stream that ends when `run` does.
    /// - Throws: `.configuration` for a name that is empty or longer than 63 bytes, or has U+0000 in it.
    package nonisolated func events(on channels: [String]) throws(PostgresError) -> AsyncStream<Event> {
        for channel in channels where channel.isEmpty || channel.utf8.count > 63 || channel.utf8.contains(0) {
            throw PostgresError(.configuration, "\"\(channel)\" can't be a channel: 1 to 63 bytes without U+0000")
        }
        return subscribers.add(Set(channels))
    }

    /// Keeps the connection until the task is cancelled, then ends all streams. Call it once.
    package func run() async {
        while !Task.isCancelled {
            do throws(PostgresError) {
                try await listen()
            } catch {
                logger.debug("can't listen for notifications", metadata: ["error": "\(error.message)"])
            }
            subscribers.interrupted()
            await gate.turn(to: configuration.place)
        }
        subscribers.finish()
    }

    /// Connects and stays until the connection is lost or the task is cancelled.
    private func listen() async throws(PostgresError) {
        let (changes, signal) = AsyncStream.makeStream(of: Void.self, bufferingPolicy: .bufferingNewest(1))
        let connection = try await Connection.connect(configuration, logger: logger) { _ in signal.finish() }
        gate.gotThrough(to: configuration.place)
        await connection.onNotification { [subscribers] in subscribers.deliver($0) }
        channels = []
        // The first change is the connection itself.
        signal.yield()
        subscribers.onChange(signal)
        do throws(PostgresError) {
            for await _ in changes { try await update(connection) }
        } catch {
            await connection.close()
            throw error
        }
        await connection.close()
    }

    private func update(_ connection: Connection) async throws(PostgresError) {
        let wanted = subscribers.channels
        let statements =
            wanted.subtracting(channels).map { Statement("LISTEN \($0.quotedIdentifier)") }
            + channels.subtracting(wanted).map { Statement("UNLISTEN \($0.quotedIdentifier)") }
        _ = try await connection.batch(statements)
        channels = wanted
        subscribers.resumed(on: wanted)
    }
}

extension String {
    /// The name as it stands in SQL, taken literally.
    fileprivate var quotedIdentifier: String {
        "\"" + split(separator: "\"", omittingEmptySubsequences: false).joined(separator: "\"\"") + "\""
    }
}
