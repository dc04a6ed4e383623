import Interpreter
import Items
import JSON
import Store
import Synchronization

/// Takes items from a reader and stores them in chunks: no more than a few are ever in memory.
struct ItemSink {
    /// Why reading ends before its end.
    enum Interruption: Error {
        /// As many items as are wanted have been read.
        case enough
        /// The map run fails.
        case failed(MapRunFailure)
        /// The step is not this worker's any more.
        case lost
        /// The worker stops.
        case stopping
        case store(StoreError)
    }

    private static let flushBytes = 1 << 20
    private static let flushChunks = 256

    private let engine: Engine
    private let run: HeldMapRun
    private let maximum: Int
    private var chunks: [ItemChunk] = []
    private var current: ItemChunk?
    private var bytes = 0
    private(set) var count = 0

    /// - Parameter maximum: more items are not read.
    init(engine: Engine, run: HeldMapRun, maximum: Int) {
        self.engine = engine
        self.run = run
        self.maximum = maximum
    }

    mutating func add(_ items: [ParsedItem], source: String) async throws(Interruption) {
        for item in items {
            guard count < maximum else { throw .enough }
            if let chunk = current, chunk.isFull || chunk.source != source { close(chunk) }
            if current == nil { current = ItemChunk(firstIndex: count, source: source) }
            current?.append(item.value, key: item.key)
            count += 1
            if chunks.count >= Self.flushChunks || bytes >= Self.flushBytes { try await flush(isLast: false) }
        }
        try checkHeld()
    }

    /// Stores what is left, and with it how many items there are.
    mutating func finish() async throws(Interruption) {
        if let chunk = current { close(chunk) }
        try await flush(isLast: true)
    }

    private mutating func close(_ chunk: ItemChunk) {
        bytes += chunk.byteCount
        chunks.append(chunk)
        current = nil
    }

    private mutating func flush(isLast: Bool) async throws(Interruption) {
        try checkHeld()
        let isHeld: Bool
        do throws(StoreError) {
            isHeld = try await engine.facilities.postgres.addMapRunItems(run, chunks, total: isLast ? count : nil)
        } catch {
            throw .store(error)
        }
        guard isHeld else { throw .lost }
        chunks = []
        bytes = 0
    }

    private func checkHeld() throws(Interruption) {
        if engine.held(of: run.lease.key).steps.withLock({ $0.isLost(run.lease.key) }) { throw .lost }
        if engine.isStopping { throw .stopping }
    }
}
