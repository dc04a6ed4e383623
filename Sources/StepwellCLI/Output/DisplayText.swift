import StatesLanguage

extension String {
    /// The same JSON text with every character that a terminal would act on written as `\uXXXX`.
    ///
    /// In JSON such characters can only stand inside strings, where the escape means the same; line breaks between the
    /// tokens stay.
    var escapedAsJSON: String {
        guard unicodeScalars.contains(where: { $0.isUnsafeToPrint && $0 != "\n" }) else { return self }
        return unicodeScalars.reduce(into: "") { result, scalar in
            if scalar.isUnsafeToPrint && scalar != "\n" {
                // All of them lie below U+10000: one unit, four digits.
                let digits = String(scalar.value, radix: 16)
                result += "\\u" + String(repeating: "0", count: max(0, 4 - digits.count)) + digits
            } else {
                result.unicodeScalars.append(scalar)
            }
        }
    }

    /// The text cut to at most `width` columns, with `…` in place of what is missing.
    func cut(toWidth width: Int) -> String {
        guard displayWidth > width else { return self }
        var result = ""
        var room = width - 1
        for character in self {
            room -= String(character).displayWidth
            if room < 0 { break }
            result.append(character)
        }
        return result + "…"
    }
}
