import JSON
import NIOCore

/// What a client asks, one request after the other.
struct LoadScript: Sendable {
    enum Kind: Sendable {
        /// Only StartExecution; the same signed bytes, since a start without a name is another one each time.
        case starts
        /// StartExecution, then DescribeExecution twice and GetExecutionHistory of what was started.
        case mix
    }

    private let kind: Kind
    private let requests: SignedRequests
    private let start: (body: String, bytes: ByteBuffer)
    private var remaining: Int
    private let deadline: ContinuousClock.Instant
    private var turn = 0
    private var startAnswer = ByteBuffer()

    /// - Parameters:
    ///   - count: how many requests there are, at most.
    ///   - deadline: when no more are sent. Within five minutes: signatures are good for no longer.
    init(
        _ kind: Kind,
        _ requests: SignedRequests,
        machineARN: String,
        count: Int,
        until deadline: ContinuousClock.Instant
    ) {
        self.kind = kind
        self.requests = requests
        let body: JSONValue = ["stateMachineArn": .string(machineARN), "input": .string(Workload.input)]
        start = (body.text, requests.bytes("StartExecution", body.text))
        remaining = count
        self.deadline = deadline
    }

    /// The next request; nil: that was all.
    ///
    /// - Parameter answer: the body of the last answer; nil before the first request.
    mutating func next(after answer: ByteBuffer?) -> ByteBuffer? {
        guard remaining > 0, ContinuousClock.now < deadline else { return nil }
        remaining -= 1
        guard case .mix = kind else { return start.bytes }
        defer { turn = (turn + 1) % 4 }
        guard turn > 0 else { return start.bytes }
        if turn == 1, let answer { startAnswer = answer }
        guard let arn = try? JSONValue(parsing: Array(startAnswer.readableBytesView))["executionArn"]?.string else {
            return nil
        }
        let body: JSONValue = ["executionArn": .string(arn)]
        return requests.bytes(turn == 3 ? "GetExecutionHistory" : "DescribeExecution", body.text)
    }
}
