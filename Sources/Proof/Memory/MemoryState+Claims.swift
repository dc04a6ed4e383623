import Expressions
import Interpreter
import JSON
import Postgres
import StatesLanguage
import Store

extension MemoryState {
    mutating func claim(
        bucket: Int32,
        functions: [String],
        limit: Int,
        worker: PGUUID,
        lease: Duration,
        from: Timestamp?
    ) -> Claim {
        var keys: [StepKey] = []
        for function in functions {
            keys += ready(bucket, function, from: from).prefix(limit)
        }
        var steps: [ClaimedStep] = []
        var readySince: Timestamp?
        for key in keys.prefix(limit) {
            guard var row = self.steps[key] else { continue }
            readySince = min(readySince ?? row.runAt, row.runAt)
            row.status = .leased
            if bug != .claimKeepsFence { row.fence += 1 }
            row.worker = worker
            row.leaseUntil = end(ofLease: lease)
            row.wakeAt = row.leaseUntil
            self.steps[key] = row
            steps.append(claimed(row))
        }
        return Claim(now: steps.isEmpty ? nil : now, steps: steps, leasedCount: steps.count, readySince: readySince)
    }

    private func ready(_ bucket: Int32, _ function: String, from: Timestamp?) -> [StepKey] {
        steps.values
            .filter { row in
                row.key.bucket == bucket && row.function == function && row.status == .ready && row.runAt <= now
                    && from.map { row.runAt >= $0 } ?? true
            }
            .sorted { ($0.runAt, $0.key) < ($1.runAt, $1.key) }
            .map(\.key)
    }

    private func claimed(_ row: StepRow) -> ClaimedStep {
        var outcome = row.outcome ?? .due
        if case .joined = outcome, let fork = row.fork {
            outcome = .joined(
                results.filter { $0.key.execution == row.key.execution && fork.ids.contains($0.key.id) }
                    .sorted { $0.key < $1.key }.map(\.value)
            )
        }
        return ClaimedStep(
            lease: row.lease,
            revision: row.revision,
            execution: info(row),
            branch: row.branch,
            outcome: outcome,
            isSuspect: row.isSuspect,
            losses: row.losses
        )
    }

    private func info(_ row: StepRow) -> ExecutionInfo {
        let revision = row.revision
        return ExecutionInfo(
            arn: settings.executionARN(machine: revision.machineName, execution: row.executionName),
            name: row.executionName,
            startTime: executions[row.key.execution]?.startedAt ?? now,
            stateMachineARN: revision.machineARN,
            stateMachineName: revision.machineName,
            input: revision.machine.readsExecutionInput ? executions[row.key.execution]?.input : nil
        )
    }

    func probe(functions: [String]) -> Probe {
        let wanted = Set(functions)
        var buckets = (0..<settings.buckets).map { BucketProbe(bucket: $0) }
        for row in steps.values {
            let place = Int(row.key.bucket)
            if row.status == .ready, wanted.contains(row.function) {
                buckets[place].nextReady = min(buckets[place].nextReady ?? row.runAt, row.runAt)
            }
            if let wakeAt = row.wakeAt { buckets[place].nextWake = min(buckets[place].nextWake ?? wakeAt, wakeAt) }
        }
        for row in outbox {
            let place = Int(row.bucket)
            buckets[place].nextOutbox = min(buckets[place].nextOutbox ?? row.runAt, row.runAt)
        }
        return Probe(now: now, buckets: buckets)
    }
}
