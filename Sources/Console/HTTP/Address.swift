import Foundation
import HTTPTypes
import Hummingbird

/// The address of a page: what stands behind `/console/`, taken apart.
struct Address: Sendable {
    let path: [String]
    let query: Fields
    /// As it was sent, for the way back.
    let text: String
    /// `/`, asked for by a browser.
    let isRoot: Bool

    /// - Returns: nil if the address is none of the console's.
    init?(_ request: Request) {
        let target = request.head.path ?? "/"
        let parts = target.split(separator: "?", maxSplits: 1, omittingEmptySubsequences: false)
        let path = parts.first ?? ""
        text = target
        query = Fields(parts.count == 2 ? String(parts[1]) : "")
        isRoot = path == "/"
        if isRoot {
            guard request.method == .get, request.headers[.accept]?.contains("text/html") == true else { return nil }
            self.path = []
            return
        }
        guard path == "/console" || path.hasPrefix("/console/") else { return nil }
        self.path = path.dropFirst("/console".count).split(separator: "/").map { String($0).decoded ?? "\u{FFFD}" }
    }

    /// The name of a file that pages are made with.
    var asset: String? { path.count == 2 && path[0] == "assets" ? path[1] : nil }

    /// An address of the console.
    ///
    /// - Parameters:
    ///   - path: with characters of any kind in its parts.
    ///   - query: those without value are left out.
    static func of(_ path: [String], _ query: [(String, String?)] = []) -> String {
        let address = (["/console"] + path.map(\.encoded)).joined(separator: "/")
        return address + here(query)
    }

    /// The same page with other fields: a path that is long need not stand in every row of it.
    static func here(_ query: [(String, String?)]) -> String {
        let fields = query.compactMap { name, value in value.map { "\(name.encoded)=\($0.encoded)" } }
        return fields.isEmpty ? "" : "?" + fields.joined(separator: "&")
    }
}

/// Fields of a form or of an address, in their order.
struct Fields: Sendable {
    private static let most = 200
    let pairs: [(name: String, value: String)]

    init(_ text: String) {
        pairs = text.split(separator: "&").prefix(Self.most)
            .compactMap { pair in
                let parts = pair.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
                guard let name = String(parts[0]).decodedField,
                    let value = (parts.count == 2 ? String(parts[1]) : "").decodedField
                else { return nil }
                return (name, value)
            }
    }

    /// The first of a name.
    subscript(name: String) -> String? { pairs.first { $0.name == name }?.value }

    /// The first of a name, unless it is empty: what people left out.
    func filled(_ name: String) -> String? {
        guard let value = self[name], !value.isEmpty else { return nil }
        return value
    }

    /// What was written into a large field, with the ends of lines that were meant: browsers send forms with others.
    func text(_ name: String) -> String { (self[name] ?? "").replacing("\r\n", with: "\n") }

    func all(_ name: String) -> [String] { pairs.filter { $0.name == name }.map(\.value) }
}

extension String {
    /// Percent-decoded; nil if that makes no text, or one that the database can't hold.
    fileprivate var decoded: String? {
        guard let text = removingPercentEncoding, !text.utf8.contains(0) else { return nil }
        return text
    }

    fileprivate var decodedField: String? { replacing("+", with: " ").decoded }

    fileprivate var encoded: String {
        addingPercentEncoding(withAllowedCharacters: .unreserved) ?? ""
    }
}

extension CharacterSet {
    fileprivate static let unreserved = CharacterSet(
        charactersIn: "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~"
    )
}
