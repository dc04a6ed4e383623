import FunctionHost
import Logging
import ServiceLifecycle
import Stepwell

/// The worker of `stepwell dev`: set up by the environment, but for its database and its name, with the functions of a
/// folder if there are any.
struct DevWorker: Service {
    let server: DevServer
    let host: FunctionHost?
    let readiness: DevReadiness

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
        configuration.onReady = { readiness.workerIsUp() }
        do {
            await host?.provision()
            let worker = Worker(configuration: configuration) { host?.functions ?? [] }
            let result = await Result { try await worker.run(handlesSignals: false) }
            await host?.stop()
            try result.get()
        } catch let error as WorkerError {
            throw Failure(.unavailable, "\(error)")
        }
    }
}
