import Interpreter
import Logging
import Postgres
import Store
import Synchronization

/// What those who work on a step ask of whoever keeps it, for as long as the step is this worker's.
extension Engine {
    func startSuspect(_ lease: StepLease) async -> Bool {
        var backoff = Backoff(surroundings)
        while !held(of: lease.key).steps.withLock({ $0.isLost(lease.key) }) {
            do throws(StoreError) {
                return try await store.startSuspect(lease)
            } catch {
                await backoff.wait()
            }
        }
        return false
    }

    /// Whether there is an activity; nil: the step is not this worker's any more.
    func activityExists(_ name: String, for lease: StepLease) async -> Bool? {
        var backoff = Backoff(surroundings)
        while !held(of: lease.key).steps.withLock({ $0.isLost(lease.key) }) {
            do throws(StoreError) {
                return try await store.hasActivity(name)
            } catch {
                await backoff.wait()
            }
        }
        return nil
    }

    /// Which function a call is for; nil: the step is not this worker's any more.
    func target(of call: FunctionCall, for key: String, _ lease: StepLease) async -> FunctionTarget? {
        var backoff = Backoff(surroundings)
        while !held(of: lease.key).steps.withLock({ $0.isLost(lease.key) }) {
            do throws(StoreError) {
                return try await target(of: call, for: key)
            } catch {
                await backoff.wait()
            }
        }
        return nil
    }

    /// Who makes the call of a service.
    enum Performer {
        case thisWorker
        case others
    }

    /// Who makes a call: this worker if it can, others if it can't and they could a day ago, and else this one, to say
    /// that nobody can.
    ///
    /// - Returns: nil: the step is not this worker's any more.
    func performer(of request: ServiceRequest, for lease: StepLease) async -> Performer? {
        guard let offer = request.offer, !services.offers.contains(offer) else { return .thisWorker }
        var backoff = Backoff(surroundings)
        while !held(of: lease.key).steps.withLock({ $0.isLost(lease.key) }) {
            do throws(StoreError) {
                return try await store.offeredServices().contains(offer) ? .others : .thisWorker
            } catch {
                await backoff.wait()
            }
        }
        return nil
    }

    /// Whether only other workers can make a call, as far as the database can be asked.
    func isForOthers(_ request: ServiceRequest) async -> Bool {
        guard let offer = request.offer, !services.offers.contains(offer) else { return false }
        return (try? await store.offeredServices().contains(offer)) ?? false
    }

    /// Keeps what a call has printed for the caller who asked for it. Without it the answer is as good.
    func keepLogTail(of context: FunctionContext, _ step: StepKey) async {
        guard let tail = context.logTail else { return }
        do throws(StoreError) {
            try await facilities.postgres.keepLogTail(tail.text, of: context.requestID, step)
        } catch {
            context.logger.debug("The log's tail could not be kept", metadata: ["error": "\(error)"])
        }
    }

    /// Completes a step within a transaction.
    ///
    /// - Returns: whether the step was this worker's.
    func complete(_ commit: StepCommit, in transaction: Postgres.Transaction) async throws(StoreError) -> Bool {
        let outcome = try await facilities.postgres.commit(
            commit,
            worker: record.instance,
            lease: configuration.lease,
            in: transaction
        )
        hints.tell(outcome.holders)
        metrics.committed([commit], outcome.results)
        guard case .applied = outcome.results.first else { return false }
        return true
    }

    /// Gives a step back to be run again; a lease that can't be given back ends by itself.
    func release(_ lease: StepLease, delay: Duration = .zero) async {
        CrashPoint.beforeRelease.pass()
        do throws(StoreError) {
            _ = try await store.release([lease], bucket: lease.key.bucket, worker: record.instance, delay: delay)
            CrashPoint.afterRelease.pass()
            hints.work(in: lease.key.bucket)
        } catch {
            logger.debug("A step could not be given back", metadata: ["error": "\(error)"])
        }
    }
}
