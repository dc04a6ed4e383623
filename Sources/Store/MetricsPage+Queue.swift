package import Monitoring

extension MetricsPage {
    /// What the database knows about the queue.
    package mutating func add(_ figures: QueueFigures) {
        add("stepwell_database_up", "gauge", "Whether the database answers.", 1)
        add(
            "OpenExecutionCount",
            "gauge",
            "Executions that run; counting ends at \(Store.queueLimit).",
            figures.openExecutions.count
        )
        add("stepwell_live_workers", "gauge", "Workers that were seen in the last 30 seconds.", figures.liveWorkers)
        begin(
            "stepwell_queue_steps",
            "gauge",
            "Steps by the function they wait for ('' = any worker) and status; counting ends at \(Store.queueLimit)."
        )
        for queue in figures.queues {
            for (status, count) in [
                ("ready", queue.ready), ("sleeping", queue.sleeping), ("leased", queue.leased),
                ("waiting", queue.waiting),
            ] {
                add("stepwell_queue_steps", ["function": queue.function, "status": status], count.count)
            }
        }
        begin("stepwell_queue_oldest_seconds", "gauge", "How long the oldest ready step has waited to be claimed.")
        for queue in figures.queues {
            add("stepwell_queue_oldest_seconds", ["function": queue.function], queue.oldestSeconds)
        }
    }
}
