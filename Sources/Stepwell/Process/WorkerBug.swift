#if FAULTS
    /// A bug of a worker that a proof plants. Only debug builds have them.
    package enum WorkerBug: String, Sendable, CaseIterable {
        /// A decision that is refused is made again under the next fences.
        case redoesRefused
        /// The time that decisions are made by is that of the machine's own clock.
        case workerClockForTimers
        /// Only a hint wakes a worker.
        case wakesByHintOnly
        /// A handler goes on when its lease is over.
        case outlivesLease
        /// What was lost again as a suspect runs beside other suspects.
        case suspectsNeverAlone
    }
#endif
