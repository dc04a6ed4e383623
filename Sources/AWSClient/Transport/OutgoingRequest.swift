/// An HTTP request, all of it in memory.
package struct OutgoingRequest: Sendable {
    package var method: String
    package var endpoint: Endpoint
    /// Percent-encoded, beginning with `/`, without what the endpoint itself has before it.
    package var path: String
    /// Percent-encoded, without `?`.
    package var query: String
    package var headers: [(name: String, value: String)]
    package var body: [UInt8]

    package init(
        method: String,
        endpoint: Endpoint,
        path: String = "/",
        query: String = "",
        headers: [(name: String, value: String)] = [],
        body: [UInt8] = []
    ) {
        self.method = method
        self.endpoint = endpoint
        self.path = path
        self.query = query
        self.headers = headers
        self.body = body
    }

    /// The path as it is sent.
    package var fullPath: String { endpoint.basePath + path }

    package var url: String { endpoint.origin + fullPath + (query.isEmpty ? "" : "?" + query) }
}

/// The answer to a request, all of it in memory.
package struct IncomingResponse: Sendable {
    package var status: Int
    package var headers: [(name: String, value: String)]
    package var body: [UInt8]

    package init(status: Int, headers: [(name: String, value: String)], body: [UInt8]) {
        self.status = status
        self.headers = headers
        self.body = body
    }

    /// The first value of a header, whatever its name's case.
    package func header(_ name: String) -> String? {
        headers.first { $0.name.lowercased() == name.lowercased() }?.value
    }
}
