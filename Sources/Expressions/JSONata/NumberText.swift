internal import Glibc
import JSON

/// Numbers as text, as JavaScript writes them.
enum NumberText {
    /// The shortest text that reads back the same; `Infinity` and `NaN` for what JSON can't say.
    static func text(of number: Double) -> String {
        if let integer = Int64(exactly: number), integer.magnitude < 1 << 53 { return String(integer) }
        if let json = JSONNumber(number) { return json.text }
        return number.isNaN ? "NaN" : number < 0 ? "-Infinity" : "Infinity"
    }

    /// The nearest number with so many significant digits: 0.1 + 0.2 becomes 0.3.
    static func rounded(_ number: Double, digits: Int) -> Double {
        if number.rounded() == number, number.magnitude < 1e15 { return number }
        return Double(formatted(number, "%.*e", digits - 1)) ?? number
    }

    /// The number with so many digits after the point.
    static func fixed(_ number: Double, digits: Int) -> String { formatted(number, "%.*f", digits) }

    private static func formatted(_ number: Double, _ format: String, _ digits: Int) -> String {
        // Enough for the 309 digits of the largest double, the point and the digits after it.
        let size = 350 + digits
        return withVaList([Int32(clamping: digits), number]) { arguments in
            String(unsafeUninitializedCapacity: size) { bytes in
                bytes.withMemoryRebound(to: CChar.self) { characters in
                    max(0, min(Int(vsnprintf(characters.baseAddress, size, format, arguments)), size - 1))
                }
            }
        }
    }
}
