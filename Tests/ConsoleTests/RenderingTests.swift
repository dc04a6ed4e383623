import Testing

@testable import Console

@Suite("What pages say")
struct RenderingTests {
    @Test(
        "text is text, whatever stands beside its marks",
        arguments: [
            ("<script>", "&lt;script&gt;"), (#""onload="x"#, "&quot;onload=&quot;x"), ("'`&", "&#39;&#96;&amp;"),
            // A mark with an accent on it is a mark for a browser.
            ("\"\u{301} autofocus", "&quot;\u{301} autofocus"), ("<\u{338}b", "&lt;\u{338}b"),
            ("&\u{20DD}", "&amp;\u{20DD}"), ("\u{0}", "\u{FFFD}"), ("{{x}}", "{{x}}"),
        ]
    )
    func escaping(text: String, html: String) {
        #expect(EscapedHTML().escapeText(text) == html)
    }

    @Test("templates escape what they show, also where one stands in another")
    func templates() throws {
        let renderer = try Renderer(assets: Assets())
        let hostile = "\"\u{301}><img src=x onerror=alert(1)>{{t}}"
        struct Model { let rows: [Row] }
        struct Row {
            let arn, address, name, machineAddress, machine, status, tone, took: String
            let started: Time
        }
        struct Time { let machine, text: String }
        let row = Row(
            arn: hostile,
            address: hostile,
            name: hostile,
            machineAddress: hostile,
            machine: hostile,
            status: hostile,
            tone: hostile,
            took: hostile,
            started: Time(machine: hostile, text: hostile)
        )
        let html = renderer.piece("executions", Model(rows: []), renderer.texts(.english))
        #expect(html.contains("No executions."))
        let list = renderer.piece("executions", Model(rows: [row]), renderer.texts(.english))
        #expect(!list.contains("<img"))
        let scalars = Array(list.unicodeScalars)
        #expect(!zip(scalars, scalars.dropFirst()).contains { $0 == "\"" && $1 == "\u{301}" })
        let escaped = "&quot;\u{301}&gt;&lt;img src=x onerror=alert(1)&gt;{{t}}"
        #expect(list.ranges(of: escaped).count == 10)
    }

    @Test("everything that templates say is there in every language, with the same places for values")
    func texts() throws {
        let renderer = try Renderer(assets: Assets())
        let (english, korean) = (renderer.texts(.english).groups, renderer.texts(.korean).groups)
        #expect(Set(english.keys) == Set(korean.keys))
        for (group, texts) in english {
            #expect(Set(texts.keys) == Set(korean[group]?.keys ?? [:].keys), "\(group)")
            for (name, text) in texts {
                let places = Set(text.matches(of: /\{\w+\}/).map { String($0.0) })
                let others = Set((korean[group]?[name] ?? "").matches(of: /\{\w+\}/).map { String($0.0) })
                #expect(places == others, "\(group).\(name)")
            }
        }
        for (name, bytes) in Templates.all {
            let template = String(decoding: bytes, as: UTF8.self)
            for match in template.matches(of: /\{\{t\.(\w+)\.(\w+)\}\}/) {
                #expect(english[String(match.1)]?[String(match.2)] != nil, "\(name): \(match.0)")
            }
            // What is not escaped would be written with three braces, or with an ampersand.
            #expect(!template.contains("{{{") && !template.contains("{{&"), "\(name)")
        }
    }

    @Test(
        "durations are said in their two largest units",
        arguments: [
            (0, "0 ms"), (999_999, "999 ms"), (1_250_000, "1.2 s"), (59_000_000, "59 s"), (200_000_000, "3 min 20 s"),
            (3_600_000_000, "1 h"), (100_000_000_000, "1 d 3 h"),
        ] as [(Int64, String)]
    )
    func durations(microseconds: Int64, text: String) throws {
        let renderer = try Renderer(assets: Assets())
        #expect(renderer.texts(.english).duration(microseconds: microseconds) == text)
    }

    @Test("a value that looks like a place for another is left as it is")
    func values() throws {
        let renderer = try Renderer(assets: Assets())
        let text = renderer.texts(.english)("chart.minute", ["time": "{started}", "started": "2", "failed": "1"])
        #expect(text == "{started}: 2 started, 1 of them failed")
        #expect(renderer.texts(.english).count(-1_234_567) == "-1,234,567")
    }

    @Test("the reader's language is the one that was chosen, or that the browser's user reads")
    func languages() async throws {
        try await ConsoleFixture.run { fixture in
            #expect(try await fixture.get("/console").text.contains("<h1>Overview</h1>"))
            let korean = try await fixture.get("/console", ["Accept-Language": "ko-KR,ko;q=0.9"])
            #expect(korean.text.contains("<h1>개요</h1>"))
            #expect(korean.text.contains(#"<html lang="ko">"#))
            let chosen = try await fixture.get("/console?language=ko")
            #expect(chosen.text.contains("<h1>개요</h1>"))
            #expect(try await fixture.get("/console", cookie: chosen.cookie).text.contains("<h1>개요</h1>"))
        }
    }
}
