import Expressions
import JSON
import Store

/// Where a list goes on, for one request.
struct Paging: Sendable {
    /// The place in the request's token; nil: the beginning.
    let start: String?
    private let query: String
    private let tokens: PageTokens
    private let now: Timestamp

    /// - Throws: `InvalidToken` for a token that is none, is too old, or belongs to another query.
    fileprivate init(_ call: Call, query: String) throws(APIError) {
        self.query = query
        tokens = call.services.pageTokens
        now = call.services.now()
        guard let token = call.arguments.text("nextToken") else {
            start = nil
            return
        }
        guard let place = tokens.open(token, of: query, now: now) else { throw .invalidToken }
        start = place
    }

    /// The place, where places are numbers.
    func integer() throws(APIError) -> Int? {
        guard let start else { return nil }
        guard let number = Int(start) else { throw .invalidToken }
        return number
    }

    /// An answer with a list in it, and with a token if the list goes on.
    func answer(_ name: String, _ elements: [JSONValue], next: String?) -> JSONValue {
        var answer: JSONObject = [name: .array(elements)]
        if let next { answer["nextToken"] = .string(tokens.seal(next, of: query, now: now)) }
        return .object(answer)
    }
}

extension Call {
    /// Where the request's list goes on.
    ///
    /// - Parameter query: what the list is of; a token is good for the same only.
    func paging(of query: String) throws(APIError) -> Paging { try Paging(self, query: query) }
}

extension JSONValue {
    /// Seconds since 1970 with milliseconds, as the API writes points in time.
    static func timestamp(_ timestamp: Timestamp) -> JSONValue {
        let milliseconds = timestamp.epochMilliseconds
        return JSONNumber(Double(milliseconds) / 1000).map(JSONValue.number) ?? .null
    }
}
