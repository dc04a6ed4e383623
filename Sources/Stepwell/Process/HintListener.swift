import Logging
import Postgres
import Store

/// Listens for other processes' hints on a connection of its own.
struct HintListener {
    let engine: Engine
    let configuration: PostgresConfiguration

    private static let workChannel = "stepwell_work"

    private var ownChannel: String {
        "stepwell_worker_" + engine.record.instance.description.filter { $0 != "-" }
    }

    /// Listens until the task is cancelled, however often the connection is lost.
    func run() async {
        let listener = Listener(configuration, logger: engine.logger)
        let events: AsyncStream<Listener.Event>
        do throws(PostgresError) {
            events = try listener.events(on: [Self.workChannel, ownChannel])
        } catch {
            engine.logger.error("Can't listen for notifications", metadata: ["error": "\(error)"])
            return
        }
        async let running: Void = listener.run()
        for await event in events {
            switch event {
            case .resumed:
                engine.hintsMayBeLost()
            case .notification(let notification) where notification.channel == ownChannel:
                engine.leasesMayBeGone()
            case .notification(let notification) where notification.payload == Store.schedulesHint:
                engine.scheduleBox.post { _ in }
            case .notification(let notification):
                if let bucket = Int32(notification.payload) { engine.mayHaveWork(in: bucket) }
            }
        }
        await running
    }
}
