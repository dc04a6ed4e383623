extension HostileCase {
    private static let syntax: Answer = .error(["JSONSyntaxError"])

    private static func nested(_ depth: Int, _ open: String, _ close: String) -> String { open * depth + close * depth }

    /// Texts that are JSON at the edge of what is carried, and texts that are none. A number is carried as it is written,
    /// also one that no Double holds: who computes with it has to refuse it.
    static let jsonTexts: [HostileCase] =
        depths + sizes + numbers + strings + structures

    private static let depths: [HostileCase] =
        [1, 10, 100, 500, 511, 512]
        .flatMap { depth -> [HostileCase] in
            [
                .json("arrays \(depth) deep", nested(depth, "[", "]"), .fine),
                .json("objects \(depth) deep", #"{"a":"# * (depth - 1) + "{}" + "}" * (depth - 1), .fine),
            ]
        }
        + [513, 1_000, 10_000, 100_000, 1_000_000]
        .flatMap { depth -> [HostileCase] in
            [
                .json("arrays \(depth) deep", nested(depth, "[", "]"), syntax),
                .json("objects \(depth) deep", #"{"a":"# * (depth - 1) + "{}" + "}" * (depth - 1), syntax),
                .json("\(depth) arrays that are never closed", "[" * depth, syntax),
            ]
        }

    private static let sizes: [HostileCase] = [
        .json("a million elements", "[" + "0," * 999_999 + "0]", .fine),
        .json("a hundred thousand empty arrays", "[" + "[]," * 99_999 + "[]]", .fine),
        .json(
            "a hundred thousand keys",
            "{" + (0..<100_000).map { #""k\#($0)":\#($0)"# }.joined(separator: ",") + "}",
            .fine
        ),
        .json("a hundred thousand equal keys", "{" + #""k":1,"# * 99_999 + #""k":1}"#, .either),
        .json("a string of a megabyte", "\"" + "x" * 1_048_576 + "\"", .fine),
        .json("a string of a megabyte of escapes", "\"" + #"\n"# * 524_288 + "\"", .fine),
        .json("a megabyte of spaces", " " * 1_048_576 + "1", .fine),
        .json("a megabyte of spaces and nothing else", " " * 1_048_576, syntax),
        .json("a number of a hundred thousand digits", "9" * 100_000, .either),
        .json("a fraction of a hundred thousand digits", "0." + "3" * 100_000, .either),
        .json("an exponent of a hundred thousand digits", "1e" + "9" * 100_000, .fine),
    ]

    private static let numbers: [HostileCase] =
        [
            "0", "-0", "-0.0", "1e0", "1E+5", "1e308", "1.7976931348623157e308", "1e309", "-1e999",
            "1e99999999999999999999", "5e-324", "1e-400", "0.1e-999999",
            "9007199254740993", "9223372036854775807", "9223372036854775808", "18446744073709551616",
            "123456789012345678901234567890", "0.1234567890123456789012345678901234567890",
        ]
        .map { .json("the number \($0)", $0, .fine) }
        + [
            "NaN", "[NaN]", "Infinity", "-Infinity", "01", "-01", "00",
            ".5",
            "1.", "1.e5", "1e", "1e+", "+1", "--1", "- 1", "0x10", "1_000", "1,5", "١", "½", "1d", "1n", "1e1.5",
        ]
        .map { .json("the number \($0)", $0, syntax) }

    private static let strings: [HostileCase] = [
        .json("U+0000 as an escape", #""\u0000""#, .fine),
        .json("U+2028 and U+2029", "\"\u{2028}\u{2029}\"", .fine),
        .json("marks that turn the writing round", "\"\u{202E}\u{2066}abc\u{2069}\"", .fine),
        .json("a pair of surrogates", #""\ud83d\ude00""#, .fine),
        .json("half a pair, high", #""\ud83d""#, syntax),
        .json("half a pair, low", #""\ude00""#, syntax),
        .json("a pair the wrong way round", #""\ude00\ud83d""#, syntax),
        .json("half a pair and a letter", #""\ud83da""#, syntax),
        .json("a noncharacter", "\"\u{FFFE}\u{FFFF}\"", .fine),
        .json("an escape that there is not", #""\x41""#, syntax),
        .json("an escape that is cut off", #""\u12"#, syntax),
        .json("an escape with a sign", #""\u+123""#, syntax),
        .json("a backslash at the end", #""\"#, syntax),
        .json("a string that is never closed", "\"abc", syntax),
        .json("a tab within a string", "\"a\tb\"", syntax),
        .json("a line break within a string", "\"a\nb\"", syntax),
        .json("a string in single quotes", "'a'", syntax),
        .bytes("U+0000 within a string", Array("\"a".utf8) + [0] + Array("b\"".utf8), syntax),
        .bytes("a byte that no UTF-8 has", Array("\"".utf8) + [0xFF] + Array("\"".utf8), syntax),
        .bytes("a continuation without a beginning", Array("\"".utf8) + [0x80] + Array("\"".utf8), syntax),
        .bytes("an overlong slash", Array("\"".utf8) + [0xC0, 0xAF] + Array("\"".utf8), syntax),
        .bytes("an overlong slash of three bytes", Array("\"".utf8) + [0xE0, 0x80, 0xAF] + Array("\"".utf8), syntax),
        .bytes("a surrogate in UTF-8", Array("\"".utf8) + [0xED, 0xA0, 0x80] + Array("\"".utf8), syntax),
        .bytes("beyond the last code point", Array("\"".utf8) + [0xF4, 0x90, 0x80, 0x80] + Array("\"".utf8), syntax),
        .bytes("a character that is cut off", Array("\"".utf8) + [0xE2, 0x82], syntax),
        .bytes("invalid bytes outside of strings", [0xFF, 0xFE, 0x00], syntax),
        .bytes("UTF-16", [0xFE, 0xFF, 0x00, 0x5B, 0x00, 0x5D], syntax),
    ]

    private static let structures: [HostileCase] = [
        .json("nothing", "", syntax), .json("a byte order mark", "\u{FEFF}{}", syntax),
        .json("two values", "{} {}", syntax), .json("a value and a comma", "1,", syntax),
        .json("a value and U+0000", "1\u{0}", syntax), .json("a comma at the end of an array", "[1,]", syntax),
        .json("a comma at the end of an object", #"{"a":1,}"#, syntax), .json("only a comma", "[,]", syntax),
        .json("no comma", "[1 2]", syntax), .json("no colon", #"{"a" 1}"#, syntax),
        .json("no value", #"{"a":}"#, syntax),
        .json("a key that is no string", "{1:2}", syntax), .json("a key without quotes", "{a:1}", syntax),
        .json("the wrong bracket", "[1}", syntax), .json("a comment", "[1] // one", syntax),
        .json("a comment in between", "[/* one */1]", syntax), .json("a word", "undefined", syntax),
        .json("half a word", "tru", syntax), .json("a word and more", "nullnull", syntax),
        .json("a word in capitals", "True", syntax), .json("a space that JSON does not know", "\u{A0}1", syntax),
        .json("a form feed", "\u{C}1", syntax), .json("equal keys", #"{"a":1,"a":2}"#, .either),
        .json("keys that look equal", "{\"\u{e9}\":1,\"e\u{301}\":2}", .fine),
        .json("the empty key", #"{"":1}"#, .fine),
        .json(
            "keys that other languages trip over",
            #"{"__proto__":1,"constructor":2,"prototype":3,"toString":4}"#,
            .fine
        ),
    ]
}
