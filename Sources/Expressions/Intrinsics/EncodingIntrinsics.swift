import JSON

extension Intrinsic {
    static func base64Encode(_ arguments: IntrinsicArguments) throws(IntrinsicFailure) -> JSONValue {
        .string(Base64.encode(try arguments.shortString(0).utf8))
    }

    static func base64Decode(_ arguments: IntrinsicArguments) throws(IntrinsicFailure) -> JSONValue {
        guard let bytes = Base64.decode(try arguments.shortString(0).utf8) else {
            throw IntrinsicFailure(reason: "The first argument is not valid Base64.")
        }
        return .string(String(decoding: bytes, as: UTF8.self))
    }

    /// The digest of a string, or of the JSON text of another value, in hexadecimal digits.
    static func hash(_ arguments: IntrinsicArguments) throws(IntrinsicFailure) -> JSONValue {
        let isString = arguments.values[0].string != nil
        let text = try arguments.checkLength(isString ? arguments.string(0) : arguments.json(0), 0)
        let name = try arguments.string(1)
        guard let algorithm = Digest(rawValue: name) else {
            let names = Digest.allCases.map(\.rawValue).joined(separator: ", ")
            throw IntrinsicFailure(reason: "The second argument must be one of [\(names)] but was '\(name)'.")
        }
        guard let digest = algorithm.hexadecimal(of: text) else {
            throw IntrinsicFailure(reason: "This system's libcrypto does not offer \(name).")
        }
        return .string(digest)
    }
}
