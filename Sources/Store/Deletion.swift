import Postgres

extension Store {
    /// Begins to delete a state machine: nothing is started any more; ``finishDeletions()`` does the rest. One that
    /// isn't there is as good as deleted.
    package func deleteStateMachine(_ name: String) async throws(StoreError) {
        _ = try await query(Statement("select stepwell.delete_state_machine($1)", [.text(name)]))
    }

    /// Stops what machines that are being deleted still run, a page at a time, and removes those that run nothing.
    /// Harmless from several processes at once; what one leaves undone the next one finds.
    package func finishDeletions() async throws(StoreError) {
        let rows = try await query(
            "select m.id from stepwell.state_machines m where m.deleting_at is not null and m.deleted_at is null"
        )
        let machines = try decode { () throws(PostgresError) in
            var machines: [Int32] = []
            for row in rows { machines.append(Int32(clamping: try row.int(0))) }
            return machines
        }
        for machine in machines {
            for bucket in 0..<settings.buckets { try await stopExecutions(ofMachine: machine, bucket: bucket) }
            _ = try await query(Statement("select stepwell.finish_deletion($1)", [.int4(machine)]))
        }
    }

    private func stopExecutions(ofMachine machine: Int32, bucket: Int32) async throws(StoreError) {
        var last: PGUUID?
        repeat {
            let rows = try await query(
                Statement(
                    "select stepwell.stop_executions_of($1, $2, $3, $4)",
                    [.int4(bucket), .int4(machine), .uuid(last), .int4(200)]
                )
            )
            last = try decode { () throws(PostgresError) in try rows.only().optionalUUID(0) }
        } while last != nil
    }
}
