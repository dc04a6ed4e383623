import Postgres
import PostgresTestSupport
import Testing

@Suite struct ConfigurationTests {
    @Test(
        "all of libpq's forms are understood",
        arguments: [
            "host=db port=5433 dbname=shop user=anna",
            "host = 'db' port='5433' dbname='shop' user='anna'",
            "postgres://anna@db:5433/shop",
            "postgresql://db:5433/shop?user=anna",
        ]
    )
    func forms(conninfo: String) throws {
        let configuration = try PostgresConfiguration(conninfo)
        #expect(configuration["host"] == "db")
        #expect(configuration["port"] == "5433")
        #expect(configuration["dbname"] == "shop")
        #expect(configuration["user"] == "anna")
    }

    @Test func theStringWinsOverTheUrlWinsOverTheVariables() throws {
        let environment = [
            "DATABASE_URL": "postgres://url-host/url-database", "PGHOST": "env-host", "PGUSER": "env-user",
            "PGSSLMODE": "verify-full", "PGCONNECT_TIMEOUT": "17",
        ]
        let explicit = try PostgresConfiguration("dbname=mine", environment: environment)
        #expect(explicit["dbname"] == "mine")
        #expect(explicit["host"] == "env-host")
        #expect(explicit["sslmode"] == "verify-full")
        #expect(explicit["connect_timeout"] == "17")
        let url = try PostgresConfiguration(nil, environment: environment)
        #expect(url["dbname"] == "url-database")
        #expect(url["host"] == "url-host")
        #expect(url["user"] == "env-user")
        let empty = try PostgresConfiguration("", environment: ["PGDATABASE": "from-env"])
        #expect(empty["dbname"] == "from-env")
    }

    @Test func lostServersAreNoticedByDefault() throws {
        let configuration = try PostgresConfiguration("host=db tcp_user_timeout=1")
        #expect(configuration["tcp_user_timeout"] == "1")
        #expect(configuration["connect_timeout"] == "5")
        #expect(configuration["keepalives_idle"] == "10")
        #expect(configuration["client_encoding"] == "UTF8")
        #expect(configuration["sslmode"] == nil)
    }

    @Test(
        "a password is never printed",
        arguments: [
            "host=db password=sesame", "postgres://anna:sesame@db/shop",
            "host=db password='sesame \\' x' sslpassword=sesame",
        ]
    )
    func redaction(conninfo: String) throws {
        let configuration = try PostgresConfiguration(conninfo)
        var dumped = ""
        dump(configuration, to: &dumped)
        for text in [configuration.description, "\(configuration)", String(reflecting: configuration), dumped] {
            #expect(text.contains("db"))
            #expect(!text.contains("sesame"))
        }
    }

    @Test(
        "a string that can't be parsed says why, without its secrets",
        arguments: [
            ("host=db user", "missing \"=\" after \"user\" in connection info string"),
            ("host=db usr=anna", "invalid connection option \"usr\""),
            ("host=db password=open sesame", "missing \"=\" after a keyword"),
            ("host=db password=open sesame=1", "invalid connection option \"…\""),
            ("host=db password='sesame", "unterminated quoted string in connection info string"),
            ("postgres://anna:ses%zzame@db", "invalid percent-encoded token: \"…\""),
            ("postgres://anna:sesame@[db", "end of string reached when looking for matching \"…\""),
        ]
    )
    func badStrings(conninfo: String, reason: String) async {
        let error = await postgresError { try PostgresConfiguration(conninfo) }
        #expect(error?.kind == .configuration)
        #expect(error?.message.contains(reason) == true, "\(error?.message ?? "")")
        #expect(error?.description.contains("sesame") == false)
    }

    @Test func theConninfoForOthersIsTheSame() throws {
        var configuration = try PostgresConfiguration("host=db")
        configuration["password"] = "it's \\ 'odd' "
        configuration["dbname"] = ""
        #expect(try PostgresConfiguration(configuration.conninfo) == configuration)
    }

    @Test func theApplicationIsNamedUnlessTheUserDid() async throws {
        let named = try await connect { $0 = $0.named("stepwell worker") }
        let chosen = try await connect {
            $0["application_name"] = "mine"
            $0 = $0.named("stepwell worker")
        }
        let query: Statement = "SELECT current_setting('application_name'), current_setting('client_encoding')"
        #expect(try await named.query(query).only().text(0) == "stepwell worker")
        #expect(try await chosen.query(query).only().text(0) == "mine")
        #expect(try await named.query(query).only().text(1) == "UTF8")
    }

    @Test(
        "what can't work fails with the reason",
        arguments: [
            (["dbname": "no_such"], SQLState.undefinedDatabase, "database \"no_such\" does not exist"),
            (["user": "no_such"], SQLState.invalidAuthorization, "role \"no_such\" does not exist"),
            (["host": "/nowhere"], nil, "Is the server running locally and accepting connections on that socket?"),
            (["sslmode": "sometimes"], nil, "invalid sslmode value: \"sometimes\""),
            (["no_such": "1"], nil, "invalid connection option \"no_such\""),
            (["host": "no-such-host.invalid"], nil, "could not translate host name \"no-such-host.invalid\""),
            (["host": "/nowhere,/nowhere-else"], nil, "/nowhere-else/.s.PGSQL"),
        ] as [([String: String], SQLState?, String)]
    )
    func failures(settings: [String: String], state: SQLState?, reason: String) async throws {
        let error = await postgresError {
            try await connect { for (keyword, value) in settings { $0[keyword] = value } }
        }
        #expect(error?.kind == .connectFailed)
        #expect(error?.sqlState == state)
        #expect(error?.message.contains(reason) == true, "\(error?.message ?? "")")
        #expect(error?.message.contains("LOCATION") == false)
    }

    @Test func theNextHostIsTriedWhenOneIsDown() async throws {
        let connection = try await connect { $0["host"] = "/nowhere,\($0["host"] ?? "")" }
        #expect(try await connection.query("SELECT 1").count == 1)
    }
}
