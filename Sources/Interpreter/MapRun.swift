package import JSON
import StatesLanguage

/// What a distributed Map has asked for: fixed when its map run starts, and kept with the branch until it ends.
package struct MapRun: Sendable, Equatable {
    /// A UUID; the last part of the run's ARN.
    package var id: String
    package var arn: String
    /// How many children may run at once; nil = no limit of the definition's.
    package var maxConcurrency: Int?
    package var toleratedFailureCount: Int?
    package var toleratedFailurePercentage: Double?
    /// At most so many items are worked on; nil = all.
    package var maxItems: Int?
    /// Items and bytes of one batch; both nil: without `ItemBatcher`.
    package var maxItemsPerBatch: Int?
    package var maxBytesPerBatch: Int?
    package var batchInput: JSONValue?
    /// What the reader is to read, as its `Parameters` say; nil: the items are in the state's input.
    package var readerParameters: JSONValue?
    /// Where results are written to, as the writer's `Parameters` say; nil: nowhere.
    package var writerParameters: JSONValue?

    package var isBatched: Bool { maxItemsPerBatch != nil || maxBytesPerBatch != nil }

    package init(id: String, arn: String) {
        self.id = id
        self.arn = arn
    }

    /// - Parameter document: what ``document`` gave.
    package init?(_ document: JSONDocument) {
        guard let members = try? document.value(), let id = members["Id"]?.string, let arn = members["Arn"]?.string
        else { return nil }
        self.init(id: id, arn: arn)
        maxConcurrency = members["MaxConcurrency"]?.int
        toleratedFailureCount = members["ToleratedFailureCount"]?.int
        toleratedFailurePercentage = members["ToleratedFailurePercentage"]?.number?.double
        maxItems = members["MaxItems"]?.int
        maxItemsPerBatch = members["MaxItemsPerBatch"]?.int
        maxBytesPerBatch = members["MaxInputBytesPerBatch"]?.int
        batchInput = members["BatchInput"]
        readerParameters = members["Reader"]
        writerParameters = members["Writer"]
    }

    /// How many failures the definition tolerates.
    var tolerance: FailureTolerance {
        FailureTolerance(count: toleratedFailureCount, percentage: toleratedFailurePercentage)
    }

    /// The run as the branch keeps it.
    package var document: JSONDocument {
        var members: JSONObject = ["Id": .string(id), "Arn": .string(arn)]
        func set(_ name: String, _ number: Int?) {
            if let number { members[name] = .number(JSONNumber(number)) }
        }
        set("MaxConcurrency", maxConcurrency)
        set("ToleratedFailureCount", toleratedFailureCount)
        members["ToleratedFailurePercentage"] = toleratedFailurePercentage.flatMap(JSONNumber.init)
            .map(JSONValue.number)
        set("MaxItems", maxItems)
        set("MaxItemsPerBatch", maxItemsPerBatch)
        set("MaxInputBytesPerBatch", maxBytesPerBatch)
        members["BatchInput"] = batchInput
        members["Reader"] = readerParameters
        members["Writer"] = writerParameters
        return JSONDocument(.object(members))
    }
}

/// How many of its items a map run lets fail.
package struct FailureTolerance: Sendable, Hashable {
    package var count: Int?
    /// Of all items, 0 to 100.
    package var percentage: Double?

    package init(count: Int?, percentage: Double?) {
        self.count = count
        self.percentage = percentage
    }

    /// Whether anything is said about it. Where nothing is, no failure is tolerated.
    var isStated: Bool { count != nil || percentage != nil }

    /// - Parameter total: how many items there are; nil: nobody knows yet.
    package func isExceeded(by failures: Int, of total: Int?) -> Bool {
        guard failures > 0 else { return false }
        guard isStated else { return true }
        if let count, failures > count { return true }
        guard let percentage, let total else { return false }
        return Double(failures) * 100 > percentage * Double(total)
    }
}

extension JSONValue {
    fileprivate var int: Int? { number?.integer.flatMap(Int.init(exactly:)) }
}
