import Interpreter
import JSON
import Logging
import Postgres
import StatesLanguage
import Store
import Synchronization

extension HandlerCall {
    /// Calls a function whose SQL is committed together with the transition that its reply leads to.
    func perform(
        transactionally body:
            @escaping @Sendable (JSONDocument, FunctionContext, Transaction) async throws
            -> JSONDocument
    ) async throws -> JSONDocument {
        let completion = TransactionalCompletion(
            engine: engine,
            interpreter: interpreter,
            revision: revision,
            lease: lease,
            branch: decision.branch
        )
        return try await completion.run(context) { [self] in try await body(input, context, $0) }
    }
}

/// Runs a handler in a transaction and adds the completion of its step to it.
private struct TransactionalCompletion: Sendable {
    /// The handler itself failed.
    private struct HandlerError: Error {
        var error: any Error
    }

    /// Another process has the step.
    private struct StepIsGone: Error {}

    let engine: Engine
    let interpreter: Interpreter
    let revision: Revision
    let lease: StepLease
    let branch: Branch

    private var key: StepKey { lease.key }

    /// - Throws: what the handler throws. When it has to run again, or its step is somebody else's, the call is ended
    ///   before.
    func run(
        _ context: FunctionContext,
        _ body: @escaping @Sendable (Transaction) async throws -> JSONDocument
    ) async throws -> JSONDocument {
        let reply: JSONDocument
        let next: Decision.Next
        do {
            (reply, next) = try await engine.facilities.transactions.withTransaction { transaction in
                let reply: JSONDocument
                do {
                    reply = try await body(Transaction(transaction))
                } catch {
                    throw HandlerError(error: error)
                }
                return (reply, try await complete(context.invocation, with: reply, in: transaction))
            }
        } catch {
            engine.held(of: key).steps.withLock { $0.cancelWriting(key, for: context.invocation) }
            if let failure = failure(for: error) { throw failure }
            context.logger.debug("A transaction was rolled back and will run again", metadata: ["error": "\(error)"])
            if !(error is StepIsGone) { await engine.release(lease, delay: .milliseconds(100)) }
            context.invocation.end(.lost)
            throw error
        }
        CrashPoint.transactionCommitted.pass()
        engine.handedOver(next, of: key)
        let isInMapRun = revision.machine.mapLabel(around: branch.state) != nil
        if case .endExecution = next, isInMapRun { engine.childBox.post { $0.insert(key) } }
        return reply
    }

    private func complete(
        _ invocation: Invocation,
        with reply: JSONDocument,
        in transaction: Postgres.Transaction
    ) async throws -> Decision.Next {
        guard engine.held(of: key).steps.withLock({ $0.beginWriting(lease, for: invocation) }) else {
            throw StepIsGone()
        }
        var random = SystemRandomNumberGenerator()
        let decision = interpreter.advance(
            branch,
            on: .succeeded(reply),
            now: engine.time(for: branch),
            random: &random
        )
        let commit = StepCommit(lease: lease, revision: revision, decision: decision, keepsLease: false)
        do {
            guard try await engine.complete(commit, in: transaction) else { throw StepIsGone() }
            CrashPoint.transactionCompleted.pass()
        } catch StoreError.postgres(let error) {
            throw error
        }
        return decision.next
    }

    /// What fails the task; nil: the handler has to run again, or the step is gone.
    private func failure(for error: any Error) -> (any Error)? {
        switch error {
        case let error as HandlerError:
            guard let sqlError = error.error as? SQLError, sqlError.isRepeatable else { return error.error }
            return nil
        case let error as PostgresError:
            // What the commit refuses, such as a deferred constraint, is the handler's doing.
            let error = SQLError(error)
            return error.isRepeatable ? nil : error
        default: return nil
        }
    }
}
