/// Turns errors of encoding and decoding into sentences for people.
enum CodingErrorDescription {
    static func text(of error: any Error) -> String {
        switch error {
        case let error as DecodingError: text(of: error)
        case let error as EncodingError: text(of: error)
        default: String(describing: error)
        }
    }

    private static func text(of error: DecodingError) -> String {
        switch error {
        case .typeMismatch(_, let context), .valueNotFound(_, let context), .keyNotFound(_, let context),
            .dataCorrupted(let context):
            sentence(context.debugDescription, at: context.codingPath)
        @unknown default: String(describing: error)
        }
    }

    private static func text(of error: EncodingError) -> String {
        switch error {
        case .invalidValue(_, let context): sentence(context.debugDescription, at: context.codingPath)
        @unknown default: String(describing: error)
        }
    }

    private static func sentence(_ description: String, at path: [any CodingKey]) -> String {
        var place = ""
        for key in path {
            if let index = key.intValue {
                place += "[\(index)]"
            } else if isPlain(key.stringValue) {
                place += place.isEmpty ? key.stringValue : ".\(key.stringValue)"
            } else {
                place += "[\(JSONValue.string(key.stringValue).text)]"
            }
        }
        return place.isEmpty ? description : "at \(place): \(description)"
    }

    /// Whether a key can stand in a path without quotes.
    private static func isPlain(_ key: String) -> Bool {
        !key.isEmpty
            && key.unicodeScalars.allSatisfy {
                $0.properties.isAlphabetic || $0.properties.numericType != nil || $0 == "_" || $0 == "-" || $0 == "$"
            }
    }
}
