import JSON
import Signing

/// AWS Query: a form in, XML out. Lists are `.member.N`, maps `.entry.N`, both ways.
struct QueryProtocol {
    let service: AWSService
    let version: String

    func request(_ action: String, _ parameters: JSONObject, to endpoint: Endpoint) -> OutgoingRequest {
        var fields: [(String, String)] = [("Action", action), ("Version", version)]
        for member in parameters { Self.flatten(member.value, named: member.key, into: &fields) }
        let body = fields.map { "\(PercentEncoding.encode($0.0))=\(PercentEncoding.encode($0.1))" }
            .joined(separator: "&")
        return OutgoingRequest(
            method: "POST",
            endpoint: endpoint,
            headers: [("Content-Type", "application/x-www-form-urlencoded; charset=utf-8")],
            body: Array(body.utf8)
        )
    }

    /// Members that are maps: all other objects are structures.
    private static let maps: Set<String> = ["Attributes", "MessageAttributes"]

    private static func flatten(_ value: JSONValue, named name: String, into fields: inout [(String, String)]) {
        switch value {
        case .null: break
        case .bool(let flag): fields.append((name, flag ? "true" : "false"))
        case .number(let number): fields.append((name, number.text))
        case .string(let text): fields.append((name, text))
        case .array(let items):
            for (index, item) in items.enumerated() {
                flatten(item, named: "\(name).member.\(index + 1)", into: &fields)
            }
        case .object(let object):
            guard maps.contains(name) else {
                for member in object { flatten(member.value, named: "\(name).\(member.key)", into: &fields) }
                return
            }
            // Only SNS's message attributes say Name and Value.
            let names = name == "MessageAttributes" ? ("Name", "Value") : ("key", "value")
            for (index, member) in object.enumerated() {
                fields.append(("\(name).entry.\(index + 1).\(names.0)", member.key))
                flatten(member.value, named: "\(name).entry.\(index + 1).\(names.1)", into: &fields)
            }
        }
    }

    func output(_ action: String, _ response: IncomingResponse) throws(ServiceError) -> JSONObject {
        guard let root = XMLTree(response.body) else {
            throw .invalidResponse("\(service.id) answered what is not XML")
        }
        guard let result = root["\(action)Result"] else { return [:] }
        return Self.value(result).object ?? [:]
    }

    /// The id that the body has, for servers that send none in a header.
    static func requestID(_ response: IncomingResponse) -> String? {
        XMLTree(response.body)?["ResponseMetadata"]?["RequestId"]?.text
    }

    private static func value(_ element: XMLTree) -> JSONValue {
        if element.children.isEmpty { return .string(element.text) }
        if element.children.allSatisfy({ $0.name == "member" }) { return .array(element.children.map(value)) }
        if element.children.allSatisfy({ $0.name == "entry" }) {
            return .object(
                JSONObject(
                    element.children.map { entry in
                        (
                            (entry["key"] ?? entry["Name"])?.text ?? "",
                            (entry["value"] ?? entry["Value"]).map(value) ?? .null
                        )
                    }
                )
            )
        }
        return .object(JSONObject(element.children.map { ($0.name, value($0)) }))
    }
}
