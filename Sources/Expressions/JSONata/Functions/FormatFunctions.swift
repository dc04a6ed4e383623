/// Functions that write and read numbers by a picture.
extension Library {
    static let numberFormats: [NativeFunction?] = [
        define("formatNumber", "<n-so?:s>", arity: 3) { (evaluator, arguments) throws(JSONataError) in
            guard let number = arguments.number(0) else { return .undefined }
            let symbols = NumberPicture.Symbols(arguments[2].object)
            let picture = try evaluator.picture(arguments.string(1) ?? "")
            return try evaluator.text(NumberPicture(picture, symbols).format(number))
        },
        define("formatBase", "<n-n?:s>", arity: 2) { (evaluator, arguments) throws(JSONataError) in
            guard let number = arguments.number(0) else { return .undefined }
            let radix = rounded(arguments.number(1) ?? 10, places: 0)
            guard let base = Int(exactly: radix), (2...36).contains(base) else {
                throw JSONataError(
                    code: "D3100",
                    reason: "The radix of the formatBase function must be between 2 and 36.  It was given"
                        + " \(number: radix)"
                )
            }
            return try evaluator.text(text(of: rounded(number, places: 0), radix: base))
        },
        define("formatInteger", "<n-s:s>", arity: 2) { (evaluator, arguments) throws(JSONataError) in
            guard let number = arguments.number(0) else { return .undefined }
            let picture = try IntegerPicture(evaluator.picture(arguments.string(1) ?? ""))
            return try evaluator.text(picture.format(number.rounded(.down)))
        },
        define("parseInteger", "<s-s:n>", arity: 2) { (evaluator, arguments) throws(JSONataError) in
            guard let text = arguments.string(0) else { return .undefined }
            let picture = try IntegerPicture(evaluator.picture(arguments.string(1) ?? ""))
            try evaluator.step(text.utf8.count)
            try evaluator.checkRoom(8 * text.utf8.count)
            guard let number = try picture.parse(text) else {
                // As JavaScript says it of a text that is no number; nothing else can hold it.
                return evaluator.dialect == .stepFunctions ? .number(.nan) : .undefined
            }
            return .number(number)
        },
    ]

    private static func text(of number: Double, radix: Int) -> String {
        if radix == 10 { return NumberText.text(of: number) }
        if let integer = Int(exactly: number) { return String(integer, radix: radix) }
        guard number.isFinite else { return NumberText.text(of: number) }
        var digits: [Character] = []
        var rest = number.magnitude
        while rest >= 1 {
            let digit = Int(exactly: rest.truncatingRemainder(dividingBy: Double(radix))) ?? 0
            digits += String(digit, radix: radix)
            rest = ((rest - Double(digit)) / Double(radix)).rounded(.down)
        }
        return (number < 0 ? "-" : "") + String(digits.reversed())
    }
}

extension Evaluator {
    /// A picture of a number or a moment, whose length and cost are bounded.
    func picture(_ text: String) throws(JSONataError) -> String {
        guard text.utf8.count <= 1_000 else {
            throw .bound("a picture has \(text.utf8.count) characters; at most 1,000 may be")
        }
        try step(16 + text.utf8.count)
        return text
    }
}
