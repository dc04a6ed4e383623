import JSON
import Store

/// The parameters of an API call as a definition gives them: capitalised names, and JSON where the API has text.
struct APIArguments {
    private let members: JSONObject

    init(_ parameters: JSONDocument) {
        members = (try? parameters.value().object) ?? [:]
    }

    /// A text; what is not one is written as JSON, as the SDK does it.
    func text(_ name: String) throws(APIFault) -> String? {
        switch members[name] {
        case nil, .null: nil
        case .string(let text): text
        case .some(let value): value.text
        }
    }

    /// A text that must be there.
    func required(_ name: String) throws(APIFault) -> String {
        guard let text = try text(name) else {
            let field = name.prefix(1).lowercased() + name.dropFirst()
            throw APIFault(
                "Validation",
                "1 validation error detected: Value at '\(field)' failed to satisfy constraint: Member must not be null"
            )
        }
        return text
    }

    /// JSON that the API takes as text.
    func document(_ name: String) throws(APIFault) -> JSONDocument? {
        guard let text = try text(name) else { return nil }
        do throws(JSONSyntaxError) {
            return try JSONDocument(parsing: text)
        } catch {
            throw name == "Output"
                ? APIFault("InvalidOutput", "Invalid Output: '\(error.reason)'")
                : APIFault("InvalidExecutionInput", "Invalid State Machine Execution Input: '\(error.reason)'")
        }
    }

    func flag(_ name: String) -> Bool { members[name] == true }

    /// `MaxResults`: 100 where it says nothing.
    var limit: Int {
        guard let limit = members["MaxResults"]?.number?.integer, (1...1000).contains(limit) else { return 100 }
        return Int(limit)
    }
}
