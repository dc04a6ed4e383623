import CLibpq

/// How to reach a server: everything that libpq understands, and what the connections of this package do with it.
///
/// Settings that nobody gave are left to libpq (password file, service file, built-in defaults), except a few that
/// keep a lost server from going unnoticed: `connect_timeout` 5 s, `tcp_user_timeout` 10 s, keepalives after 10 s.
package struct PostgresConfiguration: Sendable, Hashable {
    /// libpq's settings by keyword.
    private(set) var settings: [String: String]

    /// Whether connections prepare the statements they see, which saves the server parsing and planning them again.
    /// Not behind a pooler in transaction mode that doesn't know prepared statements (PgBouncer before 1.21): there
    /// statements are not pipelined either, which such a pooler gets wrong. Nil: where the server itself answers.
    package var preparesStatements: Bool?

    /// The schema that statements mean by `stepwell`.
    package var schema = SchemaName.written

    /// Reads connection settings.
    ///
    /// - Parameters:
    ///   - conninfo: `host=… dbname=…` or `postgres://…`; nil or empty means the environment's `DATABASE_URL`.
    ///   - environment: The process's environment. libpq's own variables (`PGHOST`, `PGPASSWORD` …) fill in what the
    ///     string leaves out; `STEPWELL_SCHEMA` names the schema.
    /// - Throws: `.configuration` if the string can't be parsed, or the name can't be a schema. The message never contains a password.
    package init(_ conninfo: String?, environment: [String: String] = [:]) throws(PostgresError) {
        let explicit = conninfo.flatMap { $0.isEmpty ? nil : $0 }
        let url = environment["DATABASE_URL"].flatMap { $0.isEmpty ? nil : $0 }
        settings = try ConninfoParser.parse(explicit ?? url ?? "")
        for option in ConninfoParser.options where settings[option.keyword] == nil {
            if let variable = option.variable, let value = environment[variable], !value.isEmpty {
                settings[option.keyword] = value
            }
        }
        let defaults = [
            "connect_timeout": "5", "tcp_user_timeout": "10000", "keepalives_idle": "10", "keepalives_interval": "5",
            "keepalives_count": "2", "fallback_application_name": "stepwell",
        ]
        settings.merge(defaults) { given, _ in given }
        // Of several servers the one that takes writes is meant, unless somebody says otherwise.
        if hasSeveralHosts, settings["target_session_attrs"] == nil {
            settings["target_session_attrs"] = "read-write"
        }
        // Text is UTF-8 in this program whatever the environment says.
        settings["client_encoding"] = "UTF8"
        if let name = environment["STEPWELL_SCHEMA"], !name.isEmpty {
            do throws(PostgresError) {
                schema = try SchemaName(name)
            } catch {
                throw PostgresError(.configuration, "STEPWELL_SCHEMA: \(error.message)")
            }
        }
    }

    /// One of libpq's settings (`dbname`, `sslmode`, `application_name` …); nil if it is left to libpq.
    package subscript(keyword: String) -> String? {
        get { settings[keyword] }
        set { settings[keyword] = newValue }
    }

    /// The same settings under another name in `pg_stat_activity`, unless the user chose one.
    package func named(_ applicationName: String) -> PostgresConfiguration {
        var copy = self
        copy["fallback_application_name"] = applicationName
        return copy
    }

    /// How long one attempt to connect may take, to each host.
    var connectTimeout: Duration {
        guard let seconds = self["connect_timeout"].flatMap({ Int32($0) }), seconds > 0 else { return .seconds(3600) }
        // libpq's documentation: less than 2 is not supported.
        return .seconds(max(2, seconds))
    }

    /// Where the server is, or the servers are.
    var place: String { Self.hostLists.map { self[$0] ?? "" }.joined(separator: " ") }

    /// Whether libpq has a choice of servers.
    var hasSeveralHosts: Bool { hostCount > 1 }

    /// Between how many servers libpq has a choice.
    var hostCount: Int { Self.hostLists.map { list($0)?.count ?? 1 }.max() ?? 1 }

    /// The same servers, with this one tried first.
    func beginning(atHost place: Int) -> PostgresConfiguration {
        guard place > 0 else { return self }
        var copy = self
        for keyword in Self.hostLists {
            // One port may stand for all hosts.
            guard let list = list(keyword), list.count == hostCount else { continue }
            copy[keyword] = (list[place...] + list[..<place]).joined(separator: ",")
        }
        return copy
    }

    private static let hostLists = ["host", "hostaddr", "port"]

    private func list(_ keyword: String) -> [Substring]? {
        self[keyword]?.split(separator: ",", omittingEmptySubsequences: false)
    }

    /// Takes the secrets out of a text.
    func redacting(_ text: String) -> String {
        var text = text
        for option in ConninfoParser.options where option.isSecret {
            guard let secret = settings[option.keyword], !secret.isEmpty else { continue }
            text = text.split(separator: secret, omittingEmptySubsequences: false).joined(separator: "***")
        }
        return text
    }
}

extension PostgresConfiguration: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    /// The settings as a conninfo string, secrets replaced by `***`.
    package var description: String {
        let secrets = Set(ConninfoParser.options.lazy.filter(\.isSecret).map(\.keyword))
        return settings.sorted { $0.key < $1.key }
            .map { "\($0)=\(secrets.contains($0) ? "***" : ConninfoParser.quote($1))" }
            .joined(separator: " ")
    }

    package var debugDescription: String { description }

    /// Keeps `dump` and debuggers from showing the password.
    package var customMirror: Mirror { Mirror(self, children: ["settings": description]) }

    /// The settings as a conninfo string for another program, secrets included: don't log it.
    package var conninfo: String {
        settings.sorted { $0.key < $1.key }.map { "\($0)=\(ConninfoParser.quote($1))" }.joined(separator: " ")
    }
}
