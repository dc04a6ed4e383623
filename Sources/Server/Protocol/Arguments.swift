import JSON

/// The members of a request that has passed validation: what is there has the right type.
struct Arguments: Sendable {
    let object: JSONObject

    func text(_ name: String) -> String? { object[name]?.string }
    func flag(_ name: String) -> Bool { object[name]?.bool ?? false }
    func integer(_ name: String) -> Int? { object[name]?.number?.exactly(Int.self) }
    func structure(_ name: String) -> JSONObject? { object[name]?.object }
    func list(_ name: String) -> [JSONValue]? { object[name]?.array }

    /// A member that the operation requires.
    func required(_ name: String) throws(APIError) -> String {
        guard let text = text(name) else { throw .internalFailure }
        return text
    }

    /// `maxResults`: 1 to 1,000; absent or 0: 100.
    var pageSize: Int {
        guard let size = integer("maxResults"), size > 0 else { return 100 }
        return min(size, 1000)
    }
}
