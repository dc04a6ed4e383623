import Hummingbird
import Server

/// The form that comes with an action.
enum RequestBody {
    /// As much as a definition, or an input, may have when it is written for a form.
    static let limit = 4 << 20

    static func fields(of request: Request) async throws(APIError) -> Fields {
        let bytes = try await LocalAPI.body(of: request, limit: limit)
        guard let text = String(validating: bytes, as: UTF8.self) else {
            throw .serialization("The form is no text")
        }
        return Fields(text)
    }
}
