package import Expressions
import Interpreter
package import JSON
import Postgres
import StatesLanguage

/// What one decision does to its row of `steps`, in the terms of `stepwell.advance`.
package struct StepChange {
    /// The letter that `p_action` takes.
    package var action: String
    /// Whose workers should claim the step next.
    package var function: String?
    package var runAt: Timestamp?
    package var wakeAt: Timestamp?
    package var taskInput: JSONDocument?
    var status: String?
    var output: JSONDocument?
    var error: String?
    var cause: String?
    var fork: String?
    package var outbox: String?

    /// Whether the row stays.
    package var keepsStep: Bool { !["b", "x", "e"].contains(action) }

    /// Children that exist at once.
    package static let childLimit = 1000
    /// Bounds of one chunk of a Map's items.
    static let chunkItems = 100
    static let chunkBytes = 32 * 1024

    package init(_ commit: StepCommit) {
        let branch = commit.decision.branch
        action = "r"
        taskInput = branch.taskInput
        switch commit.decision.next {
        case .invoke(let call):
            action = commit.keepsLease ? "k" : "r"
            function = call.function
            runAt = call.place
        case .pause(let until, let function):
            self.function = function
            runAt = until
        case .proceed(let function):
            action = commit.keepsLease ? "k" : "r"
            self.function = function
        case .fork(let fork):
            action = "f"
            taskInput = fork.input
            self.fork = Self.describe(fork, machine: commit.revision.machine)
        case .runMap:
            action = commit.keepsLease ? "k" : "r"
        case .startExecution(let start):
            action = "w"
            wakeAt = branch.deadline
            taskInput = start.input
            outbox = Self.describe(start, key: commit.lease.key, branch: branch)
        case .awaitAnswer(.execution):
            action = "w"
            wakeAt = branch.deadline
        case .awaitAnswer(.activity(let name)):
            action = "w"
            function = "activity:\(name)"
            wakeAt = branch.deadline
        case .request(let request):
            action = commit.keepsLease ? "k" : "r"
            if request.isForOthers { function = request.offer }
        case .awaitAnswer(.taskToken(let heartbeatDue)):
            action = "w"
            // An answer may have come before this: the first look finds it, should this process end now.
            let firstLook = branch.events.last?.timestamp.adding(seconds: Int64(1))
            wakeAt = [branch.deadline, heartbeatDue, firstLook].compactMap { $0 }.min()
        case .endBranch(let output):
            action = "b"
            self.output = output
        case .failBranch(let error, let cause):
            action = "x"
            self.error = error
            self.cause = cause
        case .endExecution(.succeeded(let output)):
            action = "e"
            status = ExecutionStatus.succeeded.rawValue
            self.output = output
        case .endExecution(.failed(let error, let cause)):
            action = "e"
            status = ExecutionStatus.failed.rawValue
            self.error = error
            self.cause = cause
        case .endExecution(.timedOut(let error, let cause)):
            action = "e"
            status = ExecutionStatus.timedOut.rawValue
            self.error = error
            self.cause = cause
        }
    }

    private static func describe(_ start: ChildStart, key: StepKey, branch: Branch) -> String {
        // Stable over crashes: a start that is delivered twice finds the first one by its name.
        let name =
            start.name
            ?? Digest.payloadID(ClaimedStep.idempotencyKey(key, entry: branch.entry) + "-\(branch.retryCount)")
            .description
        return
            JSONValue.object([
                "id": .string(
                    Digest.payloadID("\(key.execution)-\(key.id)-\(branch.entry)-\(branch.retryCount)").description
                ),
                "machine": .string(start.stateMachine),
                "name": .string(name),
                "awaited": .bool(start.isAwaited),
            ])
            .text
    }

    private static func describe(_ fork: Fork, machine: StateMachine) -> String {
        switch fork.children {
        case .branches(let states):
            return
                JSONValue.object([
                    "event": .number(JSONNumber(fork.event.packed)),
                    "count": .number(JSONNumber(states.count)),
                    "initial": .number(JSONNumber(states.count)),
                    "states": .array(
                        states.map { .array([.string($0), .string(machine.entryFunction(at: $0) ?? "")]) }
                    ),
                ])
                .text
        case .iterations(let items, let state):
            var bytes = Array(#"{"event":\#(fork.event.packed),"count":\#(items.count),"#.utf8)
            let initial = min(items.count, fork.maxConcurrency ?? childLimit, childLimit)
            bytes.append(contentsOf: #""initial":\#(initial),"state":"#.utf8)
            JSONValue.writeString(state, to: &bytes)
            bytes.append(contentsOf: #","function":"#.utf8)
            JSONValue.writeString(machine.entryFunction(at: state) ?? "", to: &bytes)
            bytes.append(contentsOf: #","items":["#.utf8)
            appendChunks(items, to: &bytes)
            bytes.append(contentsOf: "]}".utf8)
            return String(decoding: bytes, as: UTF8.self)
        }
    }

    private static func appendChunks(_ items: [JSONDocument], to bytes: inout [UInt8]) {
        for chunk in chunks(of: items) {
            let first = chunk.lowerBound
            bytes.append(contentsOf: (first == 0 ? "[\(first),[" : ",[\(first),[").utf8)
            for index in chunk {
                if index > first { bytes.append(UInt8(ascii: ",")) }
                bytes.append(contentsOf: items[index].text.utf8)
            }
            bytes.append(contentsOf: "]]".utf8)
        }
    }

    /// The items of a Map as they are stored: so many together, and so many bytes.
    static func chunks(of items: [JSONDocument]) -> [Range<Int>] {
        var chunks: [Range<Int>] = []
        var first = 0
        while first < items.count {
            var size = 0
            var next = first
            while next < items.count, next - first < chunkItems, next == first || size < chunkBytes {
                size += items[next].text.utf8.count
                next += 1
            }
            chunks.append(first..<next)
            first = next
        }
        return chunks
    }
}
