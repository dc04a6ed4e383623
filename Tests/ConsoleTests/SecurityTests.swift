import JSON
import NIOHTTP1
import Server
import Testing

@testable import Console
@testable import Store

@Suite("The console keeps others out")
struct SecurityTests {
    @Test("every answer carries the rules that browsers are to hold it to")
    func headers() async throws {
        try await ConsoleFixture.run { fixture in
            let page = try await fixture.get("/console")
            let script = try #require(page.text.firstMatch(of: /script src="([^"]+)"/))
            let paths = ["/console", "/console/nowhere", "/console/login", String(script.1), "/console/assets/none"]
            for path in paths {
                let answer = try await fixture.get(path)
                #expect(
                    answer.headers.first(name: "content-security-policy") == """
                        default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; \
                        connect-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'self'
                        """,
                    "\(path)"
                )
                #expect(answer.headers.first(name: "x-frame-options") == "DENY", "\(path)")
                #expect(answer.headers.first(name: "x-content-type-options") == "nosniff", "\(path)")
                #expect(answer.headers.first(name: "referrer-policy") == "no-referrer", "\(path)")
                #expect(answer.headers.first(name: "cross-origin-opener-policy") == "same-origin", "\(path)")
            }
            #expect(page.headers.first(name: "cache-control") == "no-store")
            #expect(page.status == 200)
            #expect(!page.text.contains("<script>") && !page.text.contains(" style=") && !page.text.contains(" on"))
        }
    }

    @Test(
        "who comes by a name that is not the server's is sent away",
        arguments: [
            ("evil.example", 403), ("evil.example:8083", 403), ("127.0.0.1.evil.example", 403), ("[::1", 403),
            ("127.0.0.256", 403), ("localhost:x", 403), ("[localhost]", 403), ("", 403), ("localhost", 200),
            ("LOCALHOST:80", 200), ("stepwell.example.org", 200), ("[::1]:8083", 200), ("10.0.0.7", 200),
        ]
    )
    func hosts(host: String, status: Int) throws {
        #expect(HostList(names: ["Stepwell.example.org"]).allow(host) == (status == 200))
    }

    @Test("the name is looked at before anything is shown or done")
    func rebinding() async throws {
        try await ConsoleFixture.run { fixture in
            let page = try await fixture.get("/console", ["Host": "evil.example"])
            #expect(page.status == 403)
            #expect(page.intent == nil)
            let intent = try #require(try await fixture.get("/console").intent)
            let action = try await fixture.post(
                "/console/logout",
                intent: intent,
                origin: "http://evil.example",
                ["Host": "evil.example"]
            )
            #expect(action.status == 403)
        }
    }

    @Test("browsers are led from the root to the console, others are not")
    func root() async throws {
        try await ConsoleFixture.run { fixture in
            let browser = try await fixture.get("/", ["Accept": "text/html,*/*"])
            #expect(browser.status == 303)
            #expect(browser.location == "/console")
            let other = try await fixture.get("/")
            #expect(other.status == 404)
            #expect(other.text.contains("NotFoundException"))
        }
    }

    @Test("nothing is seen or done without a login")
    func closed() async throws {
        try await ConsoleFixture.run(signed: true) { fixture in
            for path in ["/console", "/console/executions?status=FAILED", "/console/machines", "/console/audit"] {
                let answer = try await fixture.get(path)
                #expect(answer.status == 303)
                #expect(answer.location?.hasPrefix("/console/login?to=%2Fconsole") == true)
            }
            let action = try await fixture.post("/console/logout")
            #expect(action.status == 401)
            let forged = try await fixture.get(
                "/console",
                cookie: "__Host-stepwell=\(String(repeating: "0", count: 64))"
            )
            #expect(forged.status == 303)
        }
    }

    @Test("a login takes the right secret, and its cookie is for this host and for no script")
    func logIn() async throws {
        try await ConsoleFixture.run(signed: true) { fixture in
            let key = try await fixture.makeKey("*")
            let form = try await fixture.get("/console/login?to=/console/workers")
            #expect(form.text.contains(#"value="/console/workers""#))
            let intent = try #require(form.intent)
            for secret in ["", "wrong", key.secret + "x"] {
                let fields = ["accessKey": key.id, "secret": secret]
                let answer = try await fixture.post("/console/login", fields, intent: intent)
                #expect(answer.status == 403 && answer.text.contains("no such access key"))
                #expect(answer.cookie == nil)
            }
            let nobody = ["accessKey": "SWNOBODY", "secret": ""]
            #expect(try await fixture.post("/console/login", nobody, intent: intent).status == 403)

            let answer = try await fixture.post(
                "/console/login",
                ["accessKey": key.id, "secret": key.secret, "to": "/console/workers"],
                intent: intent
            )
            #expect(answer.status == 200)
            #expect(try JSONValue(parsing: answer.text)["location"] == "/console/workers")
            let cookie = try #require(answer.headers.first(name: "set-cookie"))
            #expect(cookie.hasPrefix("__Host-stepwell="))
            for attribute in ["; Path=/;", "; Secure;", "; HttpOnly;", "; SameSite=Strict;"] {
                #expect(cookie.contains(attribute))
            }
            let page = try await fixture.get("/console/workers", cookie: answer.cookie)
            #expect(page.status == 200)
            #expect(page.text.contains(key.id))
            let entries = try await fixture.store.auditEntries().elements
            #expect(entries.map(\.action) == ["LogIn"])
            #expect(entries.map(\.actor) == [key.id])
        }
    }

    @Test(
        "a login leads to no other site",
        arguments: ["//evil.example", "https://evil.example", "/console\\evil", "/x"]
    )
    func redirection(to: String) async throws {
        try await ConsoleFixture.run(signed: true) { fixture in
            let key = try await fixture.makeKey("*")
            let answer = try await fixture.post(
                "/console/login",
                ["accessKey": key.id, "secret": key.secret, "to": to],
                intent: Visit.loginToken
            )
            #expect(try JSONValue(parsing: answer.text)["location"] == "/console")
        }
    }

    @Test("who has logged out is out at once, wherever the cookie was copied to")
    func logOut() async throws {
        try await ConsoleFixture.run(signed: true) { fixture in
            let key = try await fixture.makeKey("*")
            let cookie = try await fixture.logIn(key)
            let intent = try #require(try await fixture.get("/console", cookie: cookie).intent)
            let answer = try await fixture.post("/console/logout", cookie: cookie, intent: intent)
            #expect(answer.status == 200)
            #expect(answer.headers.first(name: "set-cookie")?.contains("Max-Age=0") == true)
            #expect(try await fixture.get("/console", cookie: cookie).status == 303)
            #expect(try await fixture.store.auditEntries().elements.map(\.action) == ["LogOut", "LogIn"])
        }
    }

    @Test("a session that is over is forgotten, and a secret of it is nowhere in the database")
    func expiry() async throws {
        try await ConsoleFixture.run(signed: true) { fixture in
            let session = Session()
            let id = try await fixture.makeKey("*").id
            try await fixture.store.beginConsoleSession(digest: session.digest, accessKey: id, lifetime: .zero)
            #expect(try await fixture.store.consoleSession(digest: session.digest) == nil)
            let answer = try await fixture.get("/console", cookie: "__Host-stepwell=\(session.secret)")
            #expect(answer.status == 303)
        }
    }

    @Test("a key with rights on some state machines sees those and no others")
    func rights() async throws {
        try await ConsoleFixture.run(signed: true) { fixture in
            let pass = #"{"StartAt": "A", "States": {"A": {"Type": "Pass", "End": true}}}"#
            for name in ["Orders", "Salaries"] { _ = try await fixture.store.deploy(name: name, definition: pass) }
            let key = try await fixture.makeKey("List*,Describe*@Order")
            let cookie = try await fixture.logIn(key)
            let machines = try await fixture.get("/console/machines", cookie: cookie)
            #expect(machines.text.contains("Orders"))
            #expect(!machines.text.contains("Salaries"))
            #expect(try await fixture.get("/console", cookie: cookie).location == "/console/machines")
            #expect(try await fixture.get("/console/executions", cookie: cookie).status == 403)
            #expect(try await fixture.get("/console/executions?machine=Salaries", cookie: cookie).status == 403)
            #expect(try await fixture.get("/console/executions?machine=Orders", cookie: cookie).status == 200)
            #expect(try await fixture.get("/console/audit", cookie: cookie).status == 403)
        }
    }
}
