import AWSClient
import JSON
import Signing

/// What the parameters of `http:invoke` say.
struct HTTPTaskRequest {
    private static let methods: Set<String> = ["GET", "POST", "PUT", "DELETE", "PATCH", "OPTIONS", "HEAD"]

    let method: String
    let url: URLParts
    /// The ARN of the connection.
    let connection: String
    private let headers: [(name: String, value: String)]
    private let query: [(name: String, value: String)]
    private let body: JSONValue?
    private let form: FormEncoding?

    init(_ request: TaskRequest) throws(TaskFailure) {
        let arguments = try request.arguments()
        func required(_ name: String) throws(TaskFailure) -> String {
            guard let text = arguments[name]?.string else {
                throw request.refused("The field \"\(name)\" is required but was missing")
            }
            return text
        }
        method = try required("Method")
        guard Self.methods.contains(method) else {
            throw request.refused("The value for the field 'Method' must be one of \(Self.methods.sorted())")
        }
        guard let url = URLParts(try required("ApiEndpoint")) else {
            throw request.refused("The value for the field 'ApiEndpoint' must be a URL that begins with https://")
        }
        self.url = url
        guard let connection = (arguments["Authentication"] ?? arguments["InvocationConfig"])?["ConnectionArn"]?.string
        else { throw request.refused("The field \"ConnectionArn\" is required but was missing") }
        self.connection = connection
        headers = try Self.pairs(arguments["Headers"], named: "Headers", of: request)
        for header in headers {
            guard HeaderRules.permits(header.name) else {
                throw request.refused("The header '\(header.name)' can't be set by a definition")
            }
            guard HeaderRules.isWellFormed(header.name, header.value) else {
                throw request.refused("The header '\(header.name)' has characters that a header can't have")
            }
        }
        query = try Self.pairs(arguments["QueryParameters"], named: "QueryParameters", of: request)
        body = arguments["RequestBody"]
        form = try Self.form(arguments["Transform"], of: request)
        guard !isBinary(headers.first { $0.name.lowercased() == "content-type" }?.value) else {
            throw request.refused("The Content-Type is one of binary data")
        }
    }

    private static func form(_ transform: JSONValue?, of request: TaskRequest) throws(TaskFailure) -> FormEncoding? {
        switch transform?["RequestBodyEncoding"]?.string {
        case nil, "NONE": return nil
        case "URL_ENCODED":
            guard let format = transform?["RequestEncodingOptions"]?["ArrayFormat"]?.string else {
                return FormEncoding()
            }
            guard let arrays = FormEncoding.ArrayFormat(rawValue: format) else {
                throw request.refused(
                    "The value for the field 'ArrayFormat' must be INDICES, REPEAT, COMMAS or BRACKETS"
                )
            }
            return FormEncoding(arrays: arrays)
        default: throw request.refused("The value for the field 'RequestBodyEncoding' must be NONE or URL_ENCODED")
        }
    }

    /// One pair per value; an array gives a name several.
    static func pairs(_ value: JSONValue?, named field: String, of request: TaskRequest)
        throws(TaskFailure) -> [(name: String, value: String)]
    {
        guard let value, value != .null else { return [] }
        guard case .object(let object) = value else {
            throw request.refused("The value for the field '\(field)' must be an object")
        }
        return object.flatMap { member -> [(name: String, value: String)] in
            let values = member.value.array ?? [member.value]
            return values.filter { $0 != .null }.map { (name: member.key, value: $0.string ?? $0.text) }
        }
    }

    /// The request, with what the connection adds: it goes before what the definition says.
    func outgoing(_ connection: Connection, authorization: [(name: String, value: String)]) -> OutgoingRequest {
        let added = connection.additions
        let sure = authorization + added.headers
        let taken = Set(sure.map { $0.name.lowercased() })
        var headers = sure + headers.filter { !taken.contains($0.name.lowercased()) }
        let names = Set(added.query.map(\.name))
        let pairs = query.filter { !names.contains($0.name) } + added.query
        let fields = pairs.map { "\(PercentEncoding.encode($0.name))=\(PercentEncoding.encode($0.value))" }
        let (bytes, type) = content(adding: added.body)
        if let type, !headers.contains(where: { $0.name.lowercased() == "content-type" }) {
            headers.append(("Content-Type", type))
        }
        if !headers.contains(where: { $0.name.lowercased() == "user-agent" }) {
            headers.append(("User-Agent", "Stepwell|HttpInvoke"))
        }
        return OutgoingRequest(
            method: method,
            endpoint: Endpoint(url, keepsPath: false),
            path: url.path.isEmpty ? "/" : url.path,
            query: ([url.query].compactMap { $0 } + fields).joined(separator: "&"),
            headers: headers,
            body: bytes
        )
    }

    private func content(adding pairs: [(name: String, value: String)]) -> (bytes: [UInt8], type: String?) {
        var body = body
        if !pairs.isEmpty, body.map({ $0.object != nil }) ?? true {
            var object = body?.object ?? [:]
            for pair in pairs { object[pair.name] = .string(pair.value) }
            body = .object(object)
        }
        guard let body else { return ([], nil) }
        if let form {
            let text = body.object.map(form.encode) ?? body.string ?? body.text
            return (Array(text.utf8), "application/x-www-form-urlencoded;charset=UTF-8")
        }
        // A text is sent as it is where it is said to be one.
        let type = headers.first { $0.name.lowercased() == "content-type" }?.value.lowercased()
        if case .string(let text) = body, let type, !type.contains("json") { return (Array(text.utf8), nil) }
        return (Array(body.text.utf8), "application/json")
    }
}

/// Whether a type is one of data that JSON can't hold.
func isBinary(_ contentType: String?) -> Bool {
    guard let type = contentType?.lowercased() else { return false }
    return ["image/", "video/", "audio/", "font/", "multipart/", "application/octet-stream", "application/zip"]
        .contains { type.hasPrefix($0) }
}
