import HTTPTypes
import Hummingbird
import Mustache
import Server

/// Makes pages of what they show.
struct Renderer: Sendable {
    private let library: MustacheLibrary
    private let english: Texts
    private let korean: Texts
    private let assets: Assets

    init(assets: Assets) throws {
        MustacheContentTypes.register(EscapedHTML(), named: EscapedHTML.name)
        var templates: [String: MustacheTemplate] = [:]
        for (name, bytes) in Templates.all {
            // Every template by itself: those that are put into another begin with their own rules.
            let text = "{{% CONTENT_TYPE:\(EscapedHTML.name)}}\n" + String(decoding: bytes, as: UTF8.self)
            templates[name] = try MustacheTemplate(string: text)
        }
        library = MustacheLibrary(templates: templates)
        english = try Texts(.english, json: PackageResources.en_json)
        korean = try Texts(.korean, json: PackageResources.ko_json)
        self.assets = assets
    }

    func texts(_ language: Language) -> Texts { language == .korean ? korean : english }

    /// A piece of a page.
    func piece(_ template: String, _ model: Any, _ texts: Texts) -> String {
        library.render(Piece(texts: texts.groups, model: model), withTemplate: template) ?? ""
    }

    /// A whole page.
    func page(_ template: String, _ model: Any, title: String, _ visit: Visit) -> String {
        let frame = Frame(visit, title: title, assets: assets)
        let root: [String: Any] = ["t": texts(visit.language).groups, "frame": frame, "page": model]
        return library.render(root, withTemplate: template) ?? ""
    }
}

/// What a piece of a page shows, beside the texts.
private struct Piece: MustacheParent {
    let texts: [String: [String: String]]
    let model: Any

    func child(named name: String) -> Any? {
        if name == "t" { return texts }
        guard let value = Mirror(reflecting: model).children.first(where: { $0.label == name })?.value else {
            return nil
        }
        let mirror = Mirror(reflecting: value)
        return mirror.displayStyle == .optional ? mirror.children.first?.value : value
    }
}

/// What stands around every page.
struct Frame {
    struct Link {
        let address: String
        let text: String
        let isHere: Bool
        let key: String
    }

    let title: String
    let language: String
    let style: String
    let readingStyle: String
    let scripts: [String]
    let icon: String
    let intent: String
    let links: [Link]
    let actor: String?
    let canLogOut: Bool
    let otherLanguage: String
    let otherLanguageAddress: String

    init(_ visit: Visit, title: String, assets: Assets) {
        self.title = title
        language = visit.language.rawValue
        style = assets.style
        readingStyle = assets.readingStyle
        scripts = assets.scripts
        icon = assets.icon
        intent = visit.intentToken
        let texts = visit.texts
        let path = visit.address.path
        // What is to be made stands where it will be.
        let here = path.first == "new" ? (path.last ?? "") + "s" : path.first ?? ""
        links =
            visit.isKnown
            ? Self.places.filter { $0.right.map { visit.caller?.may($0) ?? false } ?? true }
                .map {
                    Link(
                        address: Address.of($0.path.isEmpty ? [] : [$0.path]),
                        text: texts("nav.\($0.name)"),
                        isHere: here == $0.path,
                        key: $0.key
                    )
                } : []
        actor = visit.actor
        canLogOut = visit.actor != nil
        otherLanguage = visit.language == .english ? "한국어" : "English"
        otherLanguageAddress = visit.address(with: ["language": visit.language.other.rawValue])
    }

    /// The pages that every page leads to, the key that leads there, and the right without which there is nothing to see.
    private static let places: [(path: String, name: String, key: String, right: String?)] = [
        ("", "overview", "o", "ListExecutions"),
        ("machines", "machines", "m", nil),
        ("executions", "executions", "e", "ListExecutions"),
        ("functions", "functions", "f", "ListFunctions"),
        ("schedules", "schedules", "t", "ListSchedules"),
        ("map-runs", "mapRuns", "d", "ListMapRuns"),
        ("activities", "activities", "i", "ListActivities"),
        ("workers", "workers", "w", nil),
        ("audit", "audit", "u", nil),
    ]
}
