import HTTPTypes
import Hummingbird
import JSON
import Server

extension Visit {
    var texts: Texts { console.renderer.texts(language) }

    /// A page, made of a template and what it shows.
    func page(_ template: String, _ model: Any, title: String, status: HTTPResponse.Status = .ok) -> Response {
        var response = Response.page(console.renderer.page(template, model, title: title, self), status: status)
        if address.query["language"] != nil {
            // Not a secret, and for scripts to read.
            response.headers[.setCookie] =
                "\(Language.cookie)=\(language.rawValue); Path=/console; SameSite=Strict; Max-Age=31536000"
        }
        return response
    }

    /// A piece of a page, for its script.
    func piece(_ template: String, _ model: Any) -> Response {
        .page(console.renderer.piece(template, model, texts))
    }

    private struct Refusal {
        let title: String
        let code: String
        let message: String
    }

    /// Says no: in JSON to the scripts of pages, in a page to people.
    func refusal(_ error: APIError) -> Response {
        let status = HTTPResponse.Status(code: error.status)
        if isFromScript {
            return .json(["error": .string(error.message)], status: status)
        }
        let title = texts(status == .notFound ? "refusal.missing" : "refusal.title")
        return page(
            "refusal",
            Refusal(title: title, code: error.code.text, message: error.message),
            title: title,
            status: status
        )
    }

    /// To where one logs in, and back from there.
    var toLogin: Response {
        guard request.method == .get else {
            return refusal(APIError("AccessDeniedException", texts("login.over"), status: 401))
        }
        return .redirect(Address.of(["login"], [("to", address.text)]))
    }

    /// The same page with other fields in its address.
    func address(with changes: [String: String?]) -> String {
        let kept = address.query.pairs.filter { changes[$0.name] == nil }
        let added = changes.sorted { $0.key < $1.key }.map { ($0.key, $0.value) }
        return Address.of(address.path, kept.map { ($0.name, $0.value) } + added)
    }
}
