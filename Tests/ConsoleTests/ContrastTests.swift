import Foundation
import Testing

@testable import Console

/// What WCAG 2.1 asks for at level AA: 4.5 : 1 for text, 3 : 1 for what has to be seen otherwise.
@Suite("Colours can be told apart")
struct ContrastTests {
    static let sheet = String(decoding: PackageResources.console_css, as: UTF8.self)

    /// The colours of one theme, by name.
    static func colours(_ theme: Int) -> [String: String] {
        let roots = sheet.matches(of: /:root \{([^}]*)\}/)
        guard roots.indices.contains(theme) else { return [:] }
        return roots[theme].1.matches(of: /--([a-z-]+): (#[0-9a-f]{6});/)
            .reduce(into: [:]) { $0[String($1.1)] = String($1.2) }
    }

    /// Names of texts, each with what they stand on.
    static let texts: [(String, [String])] =
        [
            ("text", ["ground", "surface", "raised", "accent-ground"]), ("muted", ["ground", "surface", "raised"]),
            ("accent", ["ground", "surface", "raised", "accent-ground"]), ("on-accent", ["accent"]),
            ("ground", ["text"]),
        ]
        + ["running", "succeeded", "failed", "timed-out", "aborted", "waiting"]
        .map {
            ($0, ["ground", "surface", "raised", "\($0)-ground"])
        }

    /// Names of borders and marks.
    static let marks: [(String, [String])] = [
        ("edge", ["ground", "surface", "raised"]), ("muted", ["surface"]), ("accent", ["ground", "surface"]),
    ]

    @Test("texts on what they stand on, by day and by night", arguments: [0, 1])
    func text(theme: Int) throws {
        let colours = Self.colours(theme)
        for (name, grounds) in Self.texts {
            for ground in grounds {
                let ratio = try #require(Self.ratio(colours[name], colours[ground]), "\(name) on \(ground)")
                #expect(ratio >= 4.5, "\(name) on \(ground): \(ratio)")
            }
        }
    }

    @Test("borders of what is written into and clicked, and lines of graphs", arguments: [0, 1])
    func marks(theme: Int) throws {
        let colours = Self.colours(theme)
        for (name, grounds) in Self.marks {
            for ground in grounds {
                let ratio = try #require(Self.ratio(colours[name], colours[ground]), "\(name) on \(ground)")
                #expect(ratio >= 3, "\(name) on \(ground): \(ratio)")
            }
        }
    }

    @Test("every colour has a name, in both themes, and every name of a text is looked at")
    func names() {
        let (day, night) = (Self.colours(0), Self.colours(1))
        #expect(day.count > 15)
        #expect(day.keys.sorted() == night.keys.sorted())
        let rules = Self.sheet.replacing(/:root \{[^}]*\}/, with: "").replacing(/\/\*.*?\*\//, with: "")
        #expect(!rules.contains(/: [^;{}]*#[0-9a-f]{3,8}/))
        let texts = rules.matches(of: /[ ;{]color: var\(--([a-z-]+)\)/).map { String($0.1) }
        let known = Set(Self.texts.map(\.0))
        #expect(texts.count > 20)
        #expect(texts.filter { !known.contains($0) }.isEmpty)
        // What is made paler is another colour than the one that was looked at.
        let pale = rules.matches(of: /([^{}]*)\{[^}]*[ ;]opacity: 0?\.\d+/).map(\.1)
        #expect(pale.allSatisfy { $0.contains(":disabled") || $0.contains("@keyframes") || $0.contains(".cluster") })
    }

    /// - Returns: nil where one is missing.
    private static func ratio(_ one: String?, _ other: String?) -> Double? {
        guard let one = one.flatMap(luminance), let other = other.flatMap(luminance) else { return nil }
        return (max(one, other) + 0.05) / (min(one, other) + 0.05)
    }

    private static func luminance(_ colour: String) -> Double? {
        guard let value = Int(colour.dropFirst(), radix: 16) else { return nil }
        let parts = [value >> 16, value >> 8 & 0xFF, value & 0xFF]
            .map { part in
                let part = Double(part) / 255
                return part <= 0.04045 ? part / 12.92 : pow((part + 0.055) / 1.055, 2.4)
            }
        return 0.2126 * parts[0] + 0.7152 * parts[1] + 0.0722 * parts[2]
    }
}
