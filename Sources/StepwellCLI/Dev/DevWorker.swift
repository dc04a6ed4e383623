import Logging
import ServiceLifecycle
import Stepwell

/// The bare worker of `stepwell dev`: set up by the environment, but for its database and its name.
struct DevWorker: Service {
    let server: DevServer

    func run() async throws {
        var configuration: WorkerConfiguration
        do {
            configuration = try WorkerConfiguration(environment: nil)
        } catch {
            throw Failure(.refused, "\(error)")
        }
        configuration.database = server.socketURL
        configuration.schema = "stepwell"
        configuration.listenDatabase = nil
        // The same at every start, so that it takes its work over at once after a crash.
        configuration.name = "dev-\(server.port)"
        configuration.logger = .quiet
        do {
            try await Worker(configuration: configuration).run(handlesSignals: false)
        } catch let error as WorkerError {
            throw Failure(.unavailable, "\(error)")
        }
    }
}
