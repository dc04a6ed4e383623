import ArgumentParser
import Foundation
import JSON
import StatesLanguage
import Store

/// How a change of many executions is confirmed, the same for every command that makes one.
struct BulkOptions: ParsableArguments {
    @OptionGroup(title: "Many at once") var filter: FilterOptions

    @Flag(help: "Of many: only list them.")
    var dryRun = false

    @Flag(help: "Of many: don't ask.")
    var yes = false

    /// Refuses what is neither one execution nor a filter.
    ///
    /// - Parameter isFiltered: whether the command has filters of its own that say which.
    func validate(execution: String?, isFiltered: Bool = false) throws {
        guard (execution == nil) != (filter.isEmpty && !isFiltered) else {
            throw ValidationError("Name one execution, or say which ones: --machine, --status, --since …")
        }
        guard execution == nil || (!dryRun && !yes) else {
            throw ValidationError("--dry-run and --yes are for many executions.")
        }
    }
}

/// Does the same to all executions that a filter means.
struct BulkChange {
    /// `stop`, `stopped`
    let verb: (now: String, done: String)
    let options: BulkOptions
    /// Those that the change can be made to.
    let statuses: [ExecutionStatus]
    var error: String?

    func run(
        _ store: Store,
        json: Bool,
        _ change: (Store, _ execution: String) async throws -> Void
    ) async throws {
        var filter = options.filter.filter(now: try await store.databaseTime())
        filter.error = error
        if filter.statuses.isEmpty { filter.statuses = statuses }
        guard filter.statuses.allSatisfy(statuses.contains) else {
            let status = filter.statuses.map(\.rawValue).joined(separator: ", ")
            throw Failure(.refused, "executions that are \(status) can't be \(verb.done)")
        }
        let found = try await matches(filter, in: store)
        guard !found.isEmpty else {
            if json { Console.show(report([], [])) } else { Console.note("no execution matches") }
            return
        }
        if options.dryRun {
            if json { return Console.show(["executions": .array(found.map { .string($0.arn) })]) }
            for execution in found { Console.show("\(execution.stateMachine):\(execution.name)".printable) }
            return Console.note("\(found.count) would be \(verb.done)")
        }
        try confirm(found.count)
        var done: [String] = []
        var refused: [(execution: String, reason: String)] = []
        for execution in found {
            do {
                try await change(store, execution.arn)
                done.append(execution.arn)
            } catch let error as StoreError where !error.isTransient {
                refused.append((execution.arn, "\(error)"))
            }
        }
        if json {
            Console.show(report(done, refused))
        } else {
            Console.show("\(verb.done) \(done.count) of \(found.count)")
            for (execution, reason) in refused { Console.note("\(execution.printable): \(reason.printable)") }
        }
        if !refused.isEmpty { throw Failure.silent(.negative) }
    }

    private func matches(_ filter: ExecutionFilter, in store: Store) async throws -> [ExecutionSummary] {
        var found: [ExecutionSummary] = []
        var cursor: ExecutionCursor?
        repeat {
            let page = try await store.executions(filter, limit: 1000, after: cursor)
            found += page.executions
            cursor = page.next
        } while cursor != nil
        return found
    }

    private func confirm(_ count: Int) throws {
        guard !options.yes else { return }
        guard isatty(STDIN_FILENO) == 1 else {
            throw Failure(.refused, "\(count) executions match", remedy: "look at them with --dry-run, then pass --yes")
        }
        Console.note("\(verb.now) \(count) executions? [y/N] ")
        guard let answer = readLine(), ["y", "yes"].contains(answer.lowercased()) else {
            throw Failure(.refused, "nothing was done")
        }
    }

    private func report(_ done: [String], _ refused: [(execution: String, reason: String)]) -> JSONValue {
        .object([
            verb.done: .array(done.map { .string($0) }),
            "refused": .array(
                refused.map { ["executionArn": .string($0.execution), "reason": .string($0.reason)] }
            ),
        ])
    }
}
