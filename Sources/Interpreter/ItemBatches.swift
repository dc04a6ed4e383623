package import JSON

/// Groups items into what child executions get, as an `ItemBatcher` says.
package struct ItemBatches: Sendable {
    /// The input of one child execution.
    package struct Child: Sendable {
        package var input: JSONDocument
        /// How many items it works on.
        package var count: Int
    }

    private let isBatched: Bool
    private let maximumCount: Int
    private let maximumBytes: Int
    private let head: String
    private var texts: [String] = []
    private var bytes = 0

    /// - Parameter payloadBytes: no batch is larger than a payload may be.
    package init(_ run: MapRun, payloadBytes: Int) {
        isBatched = run.isBatched
        maximumCount = run.maxItemsPerBatch ?? .max
        maximumBytes = min(run.maxBytesPerBatch ?? payloadBytes, payloadBytes)
        head = run.batchInput.map { "{\"BatchInput\":\($0.text),\"Items\":[" } ?? "{\"Items\":["
    }

    /// Items that wait for company.
    package var pendingCount: Int { texts.count }

    /// - Returns: the child that is complete now.
    package mutating func add(_ item: JSONDocument) -> Child? {
        guard isBatched else { return Child(input: item, count: 1) }
        let text = item.compactText
        let size = text.utf8.count + 1
        // The bytes of a batch are those of its whole input.
        let isFull = texts.count >= maximumCount || head.utf8.count + bytes + size + 1 > maximumBytes
        let complete = isFull ? finish() : nil
        texts.append(text)
        bytes += size
        return complete
    }

    /// What is left when there are no more items.
    package mutating func finish() -> Child? {
        guard !texts.isEmpty else { return nil }
        defer {
            texts.removeAll(keepingCapacity: true)
            bytes = 0
        }
        let input = JSONDocument(trusted: head + texts.joined(separator: ",") + "]}")
        return Child(input: input, count: texts.count)
    }
}
