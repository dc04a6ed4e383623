import Interpreter
import Logging
import Store
import Synchronization

extension StepRunner {
    /// Carries a map run on.
    ///
    /// - Returns: the decision after its end; nil: the step is out of hand.
    mutating func runMap(_ branch: Branch) async -> Decision? {
        var backoff = Backoff(engine.surroundings)
        while true {
            let runner = MapRunner(
                engine: engine,
                revision: work.step.revision,
                interpreter: interpreter,
                branch: branch,
                lease: lease
            )
            guard let runner else {
                return advance(branch, .failed(error: "States.Runtime", cause: "The map run can't be read."))
            }
            do throws(StoreError) {
                switch try await runner.look() {
                case .outcome(let outcome):
                    return advance(branch, outcome)
                case .resting(let until):
                    engine.claimBox.post { $0.nextDue = min($0.nextDue ?? until, until) }
                    return nil
                case .lost: return nil
                case .stopping: return await giveBack()
                }
            } catch {
                let metadata: Logger.Metadata = ["map run": "\(runner.request.arn)", "error": "\(error)"]
                guard error.isTransient else {
                    // Until somebody mends the cause, that goes on; nothing is lost meanwhile.
                    engine.logger.error("A map run can't be carried on; it is tried again", metadata: metadata)
                    await engine.release(lease, delay: .seconds(5))
                    return nil
                }
                engine.logger.debug("A map run waits for the database", metadata: metadata)
                guard !engine.held(of: lease.key).steps.withLock({ $0.isLost(lease.key) }), !engine.isStopping else {
                    return await giveBack()
                }
                await backoff.wait()
            }
        }
    }
}
