import JSON

extension ServiceFault {
    /// Reads an error in any of AWS's protocols.
    init(_ response: IncomingResponse) {
        let text = String(decoding: response.body, as: UTF8.self)
        let json = response.body.first == UInt8(ascii: "{") ? try? JSONValue(parsing: text) : nil
        let xml = json == nil ? XMLTree(response.body) : nil
        let error = xml.map { $0["Error"] ?? $0["Errors"]?["Error"] ?? $0 }
        let code =
            json?["__type"]?.string ?? response.header("x-amzn-ErrorType") ?? json?["code"]?.string
            ?? json?["Code"]?.string ?? error?["Code"]?.text
        let message =
            json?["message"]?.string ?? json?["Message"]?.string ?? json?["errorMessage"]?.string
            ?? error?["Message"]?.text
        self.init(
            status: response.status,
            code: code.map(Self.name) ?? Self.code(of: response.status),
            legacyCode: response.header("x-amzn-query-error")
                .flatMap { $0.split(separator: ";").first.map(String.init) },
            message: message ?? (json == nil && xml == nil && !text.isEmpty ? String(text.prefix(1_000)) : "null"),
            requestID: response.requestID ?? (xml?["RequestId"] ?? error?["RequestId"])?.text,
            extendedRequestID: response.header("x-amz-id-2") ?? error?["HostId"]?.text
        )
    }

    /// `com.amazonaws.sqs#QueueDoesNotExist` and `NotFound:http://internal.amazon.com/…` without what is around the name.
    private static func name(_ code: String) -> String {
        let end = code.split(separator: ":", maxSplits: 1).first ?? ""
        return String(end.split(separator: "#").last ?? "")
    }

    /// An answer without a body, to HEAD for one.
    private static func code(of status: Int) -> String {
        switch status {
        case 301, 302, 307, 308: "PermanentRedirect"
        case 403: "AccessDenied"
        case 404: "NotFound"
        case 412: "PreconditionFailed"
        case 429: "TooManyRequests"
        case 503: "ServiceUnavailable"
        default: String(status)
        }
    }
}

extension IncomingResponse {
    package var requestID: String? { header("x-amzn-RequestId") ?? header("x-amz-request-id") }
}
