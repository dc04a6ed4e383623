import CLibpq

/// libpq's own parser of connection strings, and its list of settings.
enum ConninfoParser {
    /// A setting that libpq knows.
    struct Option {
        let keyword: String
        /// The environment variable that libpq takes it from.
        let variable: String?
        let isSecret: Bool
    }

    static let options: [Option] = {
        guard let list = PQconndefaults() else { return [] }
        defer { PQconninfoFree(list) }
        return entries(of: list)
            .map { entry in
                Option(
                    keyword: String(cString: entry.keyword),
                    variable: entry.envvar.map { String(cString: $0) },
                    isSecret: entry.dispchar.map { String(cString: $0) } == "*"
                )
            }
    }()

    /// The settings that a `key=value` string or a URL names.
    static func parse(_ conninfo: String) throws(PostgresError) -> [String: String] {
        guard !conninfo.utf8.contains(0) else {
            throw PostgresError(.configuration, "the connection string contains U+0000")
        }
        var message: UnsafeMutablePointer<CChar>?
        guard let list = PQconninfoParse(conninfo, &message) else {
            defer { PQfreemem(message) }
            let reason = message.map { String(cString: $0) } ?? "out of memory"
            throw PostgresError(.configuration, "invalid connection string: \(redact(reason, about: conninfo))")
        }
        defer { PQconninfoFree(list) }
        var settings: [String: String] = [:]
        for entry in entries(of: list) {
            if let value = entry.val { settings[String(cString: entry.keyword)] = String(cString: value) }
        }
        return settings
    }

    /// A value as it stands in a conninfo string.
    static func quote(_ value: String) -> String {
        guard value.isEmpty || value.contains(where: { $0.isWhitespace || $0 == "'" || $0 == "\\" }) else {
            return value
        }
        let escaped = value.map { $0 == "'" || $0 == "\\" ? "\\\($0)" : String($0) }.joined()
        return "'\(escaped)'"
    }

    private static func entries(of list: UnsafeMutablePointer<PQconninfoOption>) -> [PQconninfoOption] {
        var entries: [PQconninfoOption] = []
        while list[entries.count].keyword != nil { entries.append(list[entries.count]) }
        return entries
    }

    /// libpq quotes the part it stumbled over, which may be a piece of a password (one with a space in it, say).
    private static func redact(_ reason: String, about conninfo: String) -> String {
        let reason = reason.split(whereSeparator: \.isNewline).joined(separator: " ")
        guard conninfo.contains("://") || conninfo.lowercased().contains("pass") else { return reason }
        guard !reason.hasPrefix("missing \"=\" after") else { return "missing \"=\" after a keyword" }
        guard let first = reason.firstIndex(of: "\""), let last = reason.lastIndex(of: "\"") else { return reason }
        return reason[...first] + "…" + reason[last...]
    }
}
