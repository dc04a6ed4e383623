import JSON

/// Turns payloads into the values that handlers take, and back.
enum Payload {
    static let null = JSONDocument(.null)

    static func decode<Event: Decodable>(_ document: JSONDocument, for function: String) throws -> Event {
        do {
            return try JSONValueDecoder().decode(Event.self, from: try document.value())
        } catch {
            let reason = JSONValueDecoder.describe(error)
            throw PayloadError(
                errorName: "Runtime.UnmarshalError",
                errorMessage: "the event of function \(function) is not \(Event.self): \(reason)"
            )
        }
    }

    static func encode(_ reply: some Encodable, of function: String) throws -> JSONDocument {
        do {
            return JSONDocument(try JSONValueEncoder().encode(reply))
        } catch {
            throw PayloadError(
                errorName: "Runtime.MarshalError",
                errorMessage: "the reply of function \(function) is not JSON: \(JSONValueEncoder.describe(error))"
            )
        }
    }
}

/// An event or reply that does not fit, under the names that AWS Lambda's runtimes use.
struct PayloadError: FunctionError {
    let errorName: String
    let errorMessage: String
}
