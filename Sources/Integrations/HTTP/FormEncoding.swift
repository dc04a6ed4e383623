import JSON
import Signing

/// JSON as the fields of a form or of a query.
struct FormEncoding {
    /// How the elements of an array are named.
    enum ArrayFormat: String {
        case indices = "INDICES"
        case `repeat` = "REPEAT"
        case commas = "COMMAS"
        case brackets = "BRACKETS"
    }

    var arrays = ArrayFormat.indices

    func encode(_ object: JSONObject) -> String {
        var fields: [(String, String)] = []
        for member in object { append(member.value, named: member.key, to: &fields) }
        return fields.map { "\(PercentEncoding.encode($0.0))=\(PercentEncoding.encode($0.1))" }
            .joined(separator: "&")
    }

    private func append(_ value: JSONValue, named name: String, to fields: inout [(String, String)]) {
        switch value {
        case .null: fields.append((name, ""))
        case .string(let text): fields.append((name, text))
        case .bool, .number: fields.append((name, value.text))
        case .object(let object):
            for member in object { append(member.value, named: "\(name)[\(member.key)]", to: &fields) }
        case .array(let items):
            switch arrays {
            case .commas: fields.append((name, items.map { $0.string ?? $0.text }.joined(separator: ",")))
            case .repeat: for item in items { append(item, named: name, to: &fields) }
            case .brackets: for item in items { append(item, named: "\(name)[]", to: &fields) }
            case .indices:
                for (index, item) in items.enumerated() { append(item, named: "\(name)[\(index)]", to: &fields) }
            }
        }
    }
}
