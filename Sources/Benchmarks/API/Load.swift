import NIOCore
import NIOPosix

/// Clients in this process, all on one thread: what they cost should not be what is measured.
struct Load {
    let clients: Int
    let port: Int

    /// Runs a script on every connection to its end.
    ///
    /// - Returns: how many milliseconds each request took, and the seconds that all of it took.
    func run(_ script: @escaping @Sendable () -> LoadScript) async throws -> (milliseconds: [Double], seconds: Double) {
        let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
        let loop = group.next()
        let started = ContinuousClock.now
        var results: [EventLoopFuture<[Double]>] = []
        for _ in 0..<clients {
            let promise = loop.makePromise(of: [Double].self)
            results.append(promise.futureResult)
            do {
                _ = try await ClientBootstrap(group: loop)
                    .channelInitializer { channel in
                        channel.eventLoop.makeCompletedFuture {
                            let connection = LoadConnection(script(), result: promise)
                            try channel.pipeline.syncOperations.addHandler(connection)
                        }
                    }
                    .connect(host: "127.0.0.1", port: port).get()
            } catch {
                promise.fail(error)
            }
        }
        var milliseconds: [Double] = []
        var failure: (any Error)?
        for result in results {
            do {
                milliseconds += try await result.get()
            } catch {
                failure = error
            }
        }
        let seconds = started.duration(to: .now) / .seconds(1)
        try await group.shutdownGracefully()
        if let failure { throw failure }
        return (milliseconds, seconds)
    }
}
