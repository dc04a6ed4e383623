import JSON
import Testing

@Suite struct NumberTests {
    /// Text, nearest double, and exact integer.
    static let numbers: [(String, Double, Int64?)] = [
        ("0", 0, 0), ("-0", -0.0, 0), ("0.0", 0, 0), ("-0.0", -0.0, 0), ("0e5", 0, 0), ("0e-5", 0, 0), ("0E+400", 0, 0),
        ("1", 1, 1), ("-1", -1, -1), ("10", 10, 10), ("1.0", 1, 1), ("1.50", 1.5, nil), ("1e2", 100, 100),
        ("1E2", 100, 100), ("1e+2", 100, 100), ("1.5e1", 15, 15), ("1.05e1", 10.5, nil), ("100e-2", 1, 1),
        ("101e-2", 1.01, nil), ("1e-2", 0.01, nil), ("0.001e3", 1, 1), ("1e-400", 0, nil), ("-1e-400", -0.0, nil),
        ("1e308", 1e308, nil), ("1e309", .infinity, nil), ("-1e309", -.infinity, nil), ("0.1e-999999", 0, nil),
        ("1e999999999999999999999999", .infinity, nil), ("1e-999999999999999999999999", 0, nil),
        ("0e999999999999999999999999", 0, 0),
        ("9007199254740992", 9_007_199_254_740_992, 9_007_199_254_740_992),
        ("9007199254740993", 9_007_199_254_740_992, 9_007_199_254_740_993),
        ("9007199254740993.0", 9_007_199_254_740_992, 9_007_199_254_740_993),
        ("9.007199254740993e15", 9_007_199_254_740_992, 9_007_199_254_740_993),
        ("9223372036854775807", 0x1p63, .max), ("9223372036854775807.0", 0x1p63, .max),
        ("9223372036854775808", 0x1p63, nil), ("9223372036854775808.0", 0x1p63, nil),
        ("9223372036854775810", 0x1p63, nil),
        ("-9223372036854775808", -0x1p63, .min), ("-9223372036854775808.0", -0x1p63, .min),
        ("-9223372036854775808000e-3", -0x1p63, .min), ("-9223372036854775809", -0x1p63, nil),
        ("18446744073709551615", 0x1p64, nil), ("18446744073709551616", 0x1p64, nil),
        ("1e18", 1e18, 1_000_000_000_000_000_000),
        ("1e19", 1e19, nil), ("99999999999999999999", 1e20, nil), ("10000000000000000000", 1e19, nil),
        ("123456789012345678901234567890", 1.2345678901234568e29, nil),
        ("0.1234567890123456789012345678901234567890", 0.12345678901234568, nil),
        ("5e-324", .leastNonzeroMagnitude, nil), ("1.7976931348623157e308", .greatestFiniteMagnitude, nil),
    ]

    @Test(arguments: numbers)
    func keepsTheTextAndConverts(text: String, double: Double, integer: Int64?) throws {
        let number = try #require(try JSONValue(parsing: text).number)
        #expect(number.text == text)
        #expect(number.double.bitPattern == double.bitPattern)
        #expect(number.integer == integer)
        #expect(number.isWrittenAsInteger == !text.contains { ".eE".contains($0) })
        #expect(try JSONValue(parsing: "[\(text)]").text == "[\(text)]")
        #expect(try JSONValue(parsing: "{\"n\":\(text) }").text == "{\"n\":\(text)}")
    }

    @Test(arguments: [
        "01", "00", "-01", "-", "--1", "+1", ".5", "-.5", "1.", "1.e5", "1e", "1e+", "1E-", "1e1.5", "1.2.3", "0x10",
        "1_000", "1,000", "NaN", "-NaN", "Infinity", "-Infinity", "inf", "nan", "1f", "1 0", "1e5e5", "０", "١",
    ])
    func refuses(text: String) {
        #expect(throws: JSONSyntaxError.self) { try JSONValue(parsing: text) }
        #expect(throws: JSONSyntaxError.self) { try JSONValue(parsing: "[\(text)") }
    }

    @Test func equalityIsThatOfTheText() throws {
        #expect(try JSONValue(parsing: "9223372036854775807") == .number(JSONNumber(Int64.max)))
        #expect(try JSONValue(parsing: "-9223372036854775808") == .number(JSONNumber(Int64.min)))
        #expect(try JSONValue(parsing: "1.0") != 1)
        #expect(try JSONValue(parsing: "1e0") != 1)
        #expect(try JSONValue(parsing: "-0") != 0)
        #expect(try JSONValue(parsing: "1.0") == JSONValue(parsing: "1.0"))
    }

    /// What JavaScript prints for the same number, but for the sign of zero.
    @Test(
        arguments: [
            (0, "0"), (-0.0, "-0"), (1, "1"), (-1, "-1"), (0.1, "0.1"), (-2.5, "-2.5"), (123456.789, "123456.789"),
            (1e15, "1000000000000000"), (9_007_199_254_740_991, "9007199254740991"),
            (9_007_199_254_740_992, "9007199254740992"),
            (1e16, "10000000000000000"), (1e18, "1000000000000000000"), (0x1p60, "1152921504606847000"),
            (0x1p63, "9223372036854776000"), (-0x1p63, "-9223372036854776000"), (1e20, "100000000000000000000"),
            (1.2345678901234568e20, "123456789012345680000"), (1e21, "1e+21"), (-1.5e300, "-1.5e+300"),
            (1e-5, "0.00001"), (1.5e-5, "0.000015"), (1e-6, "0.000001"), (1e-7, "1e-7"), (1.25e-7, "1.25e-7"),
            (.leastNonzeroMagnitude, "5e-324"), (.greatestFiniteMagnitude, "1.7976931348623157e+308"),
            (0.1 + 0.2, "0.30000000000000004"),
        ] as [(Double, String)]
    )
    func writesDoublesAsJavaScriptDoes(double: Double, text: String) throws {
        let number = try #require(JSONNumber(double))
        #expect(number.text == text)
        #expect(number.double.bitPattern == double.bitPattern)
        #expect(try JSONValue(parsing: text) == .number(number))
    }

    @Test func everyDoubleReadsBackTheSame() throws {
        var random = SeededGenerator(seed: 1)
        for _ in 0..<20_000 {
            let double = Double(bitPattern: random.next())
            guard double.isFinite else { continue }
            let number = try #require(JSONNumber(double))
            #expect(number.double.bitPattern == double.bitPattern)
            #expect(try JSONValue(parsing: number.text) == .number(number))
            let whole = (double.significand * 0x1p62).rounded()
            #expect(try #require(JSONNumber(whole)).double == whole)
        }
    }

    @Test func writesFloatsInTheirOwnShortestText() {
        #expect(JSONNumber(Float(0.1))?.text == "0.1")
        #expect(JSONNumber(Float(16_777_216))?.text == "16777216")
        #expect(JSONNumber(Float.greatestFiniteMagnitude)?.text == "3.4028235e+38")
    }

    @Test func infinitiesAndNaNAreNoNumbers() {
        for double in [Double.infinity, -.infinity, .nan, .signalingNaN] { #expect(JSONNumber(double) == nil) }
        for float in [Float.infinity, -.infinity, .nan] { #expect(JSONNumber(float) == nil) }
    }

    @Test func wholeNumbersOfAnySize() throws {
        #expect(JSONNumber(UInt64.max).text == "18446744073709551615")
        #expect(JSONNumber(UInt64.max).exactly(UInt64.self) == .max)
        #expect(JSONNumber(Int128.min).text == "-170141183460469231731687303715884105728")
        #expect(JSONNumber(Int128.min).exactly(Int128.self) == .min)
        #expect(JSONNumber(UInt128.max).exactly(UInt128.self) == .max)
        #expect(JSONNumber(UInt8(7)) == JSONNumber(7))
    }

    @Test(
        arguments: [
            ("127", 127), ("127.0", 127), ("1.27e2", 127), ("128", nil), ("128.0", nil), ("-128", -128),
            ("-1.28e2", -128),
            ("-129", nil), ("1e3", nil), ("1e10", nil), ("0.5", nil), ("-0", 0),
        ] as [(String, Int8?)]
    )
    func narrowIntegersAreChecked(text: String, integer: Int8?) throws {
        #expect(try #require(try JSONValue(parsing: text).number).exactly(Int8.self) == integer)
    }

    @Test(
        arguments: [("255", 255), ("255e0", 255), ("256.0", nil), ("-1", nil), ("-1.0", nil), ("-0.0", 0)]
            as [(String, UInt8?)]
    )
    func unsignedIntegersAreChecked(text: String, integer: UInt8?) throws {
        #expect(try #require(try JSONValue(parsing: text).number).exactly(UInt8.self) == integer)
    }

    @Test func longDigitsAreKept() throws {
        let digits = String(repeating: "7", count: 100_000)
        for text in [
            digits, "0." + digits, digits + "e" + digits, "0." + String(repeating: "0", count: 100_000) + "1e100001",
        ] {
            let number = try #require(try JSONValue(parsing: text).number)
            #expect(number.text == text)
            #expect(number.integer == (text.hasSuffix("e100001") ? 1 : nil))
        }
    }
}
