import Expressions
package import JSON

/// What the optimised integrations show of the HTTP response beside its content. Where the engine itself does the work
/// there is no HTTP: the members are there all the same, because definitions read them.
package struct ServiceResponse {
    private static let weekdays = ["Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"]
    private static let months = [
        "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
    ]

    let status: Int
    let requestID: String
    let headers: [(name: String, value: String)]

    package init(status: Int, requestID: String, headers: [(name: String, value: String)]) {
        self.status = status
        self.requestID = requestID
        self.headers = headers
    }

    /// `SdkHttpMetadata`
    package var httpMetadata: JSONValue {
        .object([
            "AllHttpHeaders": .object(JSONObject(headers.map { ($0.name, .array([.string($0.value)])) })),
            "HttpHeaders": .object(JSONObject(headers.map { ($0.name, .string($0.value)) })),
            "HttpStatusCode": .number(JSONNumber(status)),
        ])
    }

    /// `SdkResponseMetadata`
    package var responseMetadata: JSONValue { ["RequestId": .string(requestID)] }

    /// Lambda's answer to Invoke.
    ///
    /// - Parameters:
    ///   - version: the version that has run.
    ///   - payload: what the function returned; nil: nobody waited for it.
    static func invocation(
        status: Int,
        version: String,
        payload: JSONDocument?,
        requestID: String,
        at time: Timestamp
    ) -> JSONDocument {
        let payload = payload?.compactText
        var headers: [(name: String, value: String)] = []
        if payload != nil { headers.append(("X-Amz-Executed-Version", version)) }
        headers += [
            ("x-amzn-Remapped-Content-Length", "0"), ("Connection", "keep-alive"), ("x-amzn-RequestId", requestID),
            ("Content-Length", String(payload?.utf8.count ?? 0)), ("Date", httpDate(time)),
            ("X-Amzn-Trace-Id", traceID(requestID)), ("Content-Type", "application/json"),
        ]
        let response = ServiceResponse(status: status, requestID: requestID, headers: headers)
        // The payload is put in as text: it is not parsed for this.
        let executed = payload.map { #""ExecutedVersion":"\#(version)","Payload":\#($0),"# } ?? ""
        return JSONDocument(
            trusted: "{\(executed)\"SdkHttpMetadata\":\(response.httpMetadata.text),\"SdkResponseMetadata\":"
                + "\(response.responseMetadata.text),\"StatusCode\":\(status)}"
        )
    }

    /// Step Functions' answer to StartExecution.
    ///
    /// - Parameter answer: `ExecutionArn` and `StartDate`.
    static func executionStart(_ answer: JSONValue, requestID: String, at time: Timestamp) -> JSONDocument {
        let response = ServiceResponse(
            status: 200,
            requestID: requestID,
            headers: [
                ("x-amzn-RequestId", requestID), ("connection", "keep-alive"),
                ("Content-Length", String(answer.text.utf8.count)), ("Date", httpDate(time)),
                ("Content-Type", "application/x-amz-json-1.0"),
            ]
        )
        return JSONDocument(
            .object([
                "ExecutionArn": answer["ExecutionArn"] ?? .null,
                "SdkHttpMetadata": response.httpMetadata,
                "SdkResponseMetadata": response.responseMetadata,
                "StartDate": answer["StartDate"] ?? .null,
            ])
        )
    }

    /// `Tue, 15 Nov 1994 08:12:31 GMT`
    private static func httpDate(_ time: Timestamp) -> String {
        let text = Array(time.description.utf8)
        guard text.count == 24 else { return time.description }
        func part(_ range: Range<Int>) -> String { String(decoding: text[range], as: UTF8.self) }
        let days = time.epochMilliseconds / 86_400_000
        let weekday = weekdays[Int((days % 7 + 7) % 7)]
        let month = Int(part(5..<7)).flatMap { months.indices.contains($0 - 1) ? months[$0 - 1] : nil } ?? ""
        return "\(weekday), \(part(8..<10)) \(month) \(part(0..<4)) \(part(11..<19)) GMT"
    }

    private static func traceID(_ requestID: String) -> String {
        let digits = requestID.replacing("-", with: "")
        return "Root=1-\(digits.prefix(8))-\(digits.dropFirst(8));Sampled=0"
    }
}
