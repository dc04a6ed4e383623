import Expressions
import JSON
import Signing

/// An operation of a service with verbs and paths: which of its members travels where.
struct RESTOperation: Sendable {
    enum Kind: Sendable {
        case text
        case integer
        case boolean
        /// A time, written as HTTP writes dates.
        case date
        /// In XML, an element that may come more than once, and what is in each.
        case structures(RESTMembers)
    }

    enum Place: Sendable {
        /// In the path: `{NAME}`, or `{NAME+}` where slashes stay.
        case path
        case query(String)
        case header(String)
        /// All headers with this prefix.
        case headers(String)
        /// The whole body, as it is.
        case payload
        /// One element or member of the body.
        case body
    }

    let method: String
    /// With what is fixed in the query behind it: `/{Bucket}?list-type=2`.
    let path: String
    let input: [String: Place]
    let output: RESTMembers

    /// - Throws: when a member is missing that the path needs, or one is given that the operation does not have.
    func request(_ parameters: JSONObject, to endpoint: Endpoint) throws(ServiceError) -> OutgoingRequest {
        let parts = path.split(separator: "?", maxSplits: 1).map(String.init)
        var path = parts[0]
        var query = parts.count > 1 ? [parts[1]] : []
        var headers: [(name: String, value: String)] = []
        var body: [UInt8] = []
        var members: [(String, JSONValue)] = []
        for member in parameters where member.value != .null {
            guard let place = input[member.key] else {
                throw .invalidRequest("The parameter '\(member.key)' is not one of this action's")
            }
            switch place {
            case .path:
                path.replace("{\(member.key)}", with: PercentEncoding.encode(member.value.asText))
                path.replace("{\(member.key)+}", with: PercentEncoding.encode(member.value.asText, keepsSlashes: true))
            case .query(let name):
                query.append("\(name)=\(PercentEncoding.encode(member.value.asText))")
            case .header(let name): headers.append((name, try Self.headerValue(member.value, of: member.key)))
            case .headers(let prefix):
                for (key, value) in member.value.object ?? [:] {
                    headers.append((prefix + key, try Self.headerValue(value, of: member.key)))
                }
            case .payload: body = Array(member.value.asText.utf8)
            case .body: members.append((member.key, member.value))
            }
        }
        if let missing = path.split(separator: "{").dropFirst().first?.prefix(while: { $0 != "}" && $0 != "+" }) {
            throw .invalidRequest("The parameter '\(missing)' is required")
        }
        if !members.isEmpty { body = Array(JSONValue.object(JSONObject(members)).text.utf8) }
        return OutgoingRequest(
            method: method,
            endpoint: endpoint,
            path: path,
            query: query.joined(separator: "&"),
            headers: headers,
            body: body
        )
    }

    private static func headerValue(_ value: JSONValue, of name: String) throws(ServiceError) -> String {
        let text = value.asText
        guard text.utf8.allSatisfy({ ($0 >= 0x20 && $0 != 0x7F) || $0 == 0x09 }) else {
            throw .invalidRequest("The parameter '\(name)' has characters that a header can't have")
        }
        return text
    }

    func output(_ response: IncomingResponse) throws(ServiceError) -> JSONObject {
        var members: [(String, JSONValue)] = []
        let hasPayload = output.contains { if case .payload = $0.place { true } else { false } }
        let tree = hasPayload ? nil : XMLTree(response.body)
        for member in output {
            switch member.place {
            case .header(let name):
                if let text = response.header(name) { members.append((member.name, Self.value(text, member.kind))) }
            case .headers(let prefix):
                let named = response.headers.filter { $0.name.lowercased().hasPrefix(prefix) }
                    .map { (String($0.name.dropFirst(prefix.count)), JSONValue.string($0.value)) }
                members.append((member.name, .object(JSONObject(named))))
            case .payload: members.append((member.name, .string(String(decoding: response.body, as: UTF8.self))))
            case .body: if let value = tree.flatMap({ Self.value($0, member) }) { members.append((member.name, value)) }
            case .path, .query: break
            }
        }
        return JSONObject(members)
    }

    private static func value(_ parent: XMLTree, _ member: RESTMember) -> JSONValue? {
        let elements = parent.all(member.name)
        switch member.kind {
        case .structures(let inner): return elements.isEmpty ? nil : .array(elements.map { structure($0, inner) })
        case .text, .integer, .boolean, .date: return elements.first.map { value($0.text, member.kind) }
        }
    }

    private static func structure(_ element: XMLTree, _ members: RESTMembers) -> JSONValue {
        .object(JSONObject(members.compactMap { member in value(element, member).map { (member.name, $0) } }))
    }

    private static func value(_ text: String, _ kind: Kind) -> JSONValue {
        switch kind {
        case .integer: Int64(text).map { .number(JSONNumber($0)) } ?? .string(text)
        case .boolean: .bool(text.lowercased() == "true")
        case .date: .string(HTTPDate(text).map(\.description) ?? Timestamp(text)?.description ?? text)
        case .text, .structures: .string(text)
        }
    }
}

typealias RESTMembers = [RESTMember]

/// A member of an answer, in the order in which Step Functions shows it.
struct RESTMember: Sendable {
    let name: String
    let place: RESTOperation.Place
    let kind: RESTOperation.Kind

    init(_ name: String, _ place: RESTOperation.Place = .body, _ kind: RESTOperation.Kind = .text) {
        self.name = name
        self.place = place
        self.kind = kind
    }
}

extension JSONValue {
    /// A text as it is, all else as JSON.
    var asText: String { string ?? text }
}
