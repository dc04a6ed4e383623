import Foundation
import HTTPTypes
import Hummingbird

/// A call of Lambda's `Invoke`, taken from its address and headers.
struct InvokeRequest: Sendable {
    enum Kind: String, Sendable {
        case requestResponse = "RequestResponse"
        case event = "Event"
        case dryRun = "DryRun"
    }

    let function: String
    /// A version's number or an alias; nil: the function as it is now.
    let qualifier: String?
    let kind: Kind
    let wantsLog: Bool

    private static let prefix = "/2015-03-31/functions/"
    private static let suffix = "/invocations"

    /// Whether this is a call of `Invoke`.
    static func matches(_ request: Request) -> Bool {
        request.method == .post && request.uri.path.hasPrefix(prefix) && request.uri.path.hasSuffix(suffix)
    }

    /// - Throws: `InvalidParameterValueException`, `ResourceNotFoundException`.
    init(_ request: Request) throws(APIError) {
        let path = request.uri.path
        guard path.utf8.count > Self.prefix.utf8.count + Self.suffix.utf8.count,
            let name = String(path.dropFirst(Self.prefix.count).dropLast(Self.suffix.count)).removingPercentEncoding,
            name.utf8.count <= 170
        else { throw Self.invalid("The name of the function is not valid") }
        // NAME, NAME:QUALIFIER, ACCOUNT:function:NAME[:QUALIFIER], arn:aws:lambda:REGION:ACCOUNT:function:NAME[:…]
        var parts = name.split(separator: ":", omittingEmptySubsequences: false).map(String.init)
        if let place = parts.firstIndex(of: "function"), place < parts.count - 1 { parts.removeFirst(place + 1) }
        guard let function = parts.first, (1...64).contains(function.utf8.count), parts.count <= 2,
            function.utf8.allSatisfy(Self.isAllowed)
        else { throw Self.invalid("The name of the function is not valid") }
        let qualifier = parts.count == 2 ? parts[1] : request.uri.queryParameters["Qualifier"].map { String($0) }
        guard
            qualifier.map({ $0 == "$LATEST" || (1...128).contains($0.utf8.count) && $0.utf8.allSatisfy(Self.isAllowed) }
            )
                ?? true
        else { throw Self.invalid("The qualifier of the function is not valid") }
        if parts.count == 2, let other = request.uri.queryParameters["Qualifier"], other != parts[1] {
            throw Self.invalid("The derived qualifier from the function name does not match the specified qualifier.")
        }
        let type = request.headers[.invocationType] ?? Kind.requestResponse.rawValue
        guard let kind = Kind(rawValue: type) else {
            throw Self.invalid("InvocationType is RequestResponse, Event or DryRun")
        }
        self.function = function
        self.qualifier = qualifier == "$LATEST" ? nil : qualifier
        self.kind = kind
        wantsLog = request.headers[.logType] == "Tail"
    }

    /// The most bytes of a payload.
    var largestPayload: Int { kind == .event ? 1_048_576 : 6_291_456 }

    static func notFound(_ arn: String) -> APIError {
        APIError("ResourceNotFoundException", "Function not found: \(arn)", status: 404)
    }

    static func invalid(_ text: String) -> APIError { APIError("InvalidParameterValueException", text) }

    private static func isAllowed(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "_"):
            true
        default: false
        }
    }
}

extension HTTPField.Name {
    fileprivate static let invocationType = known("X-Amz-Invocation-Type")
    fileprivate static let logType = known("X-Amz-Log-Type")
    static let functionError = known("X-Amz-Function-Error")
    static let logResult = known("X-Amz-Log-Result")
    static let executedVersion = known("X-Amz-Executed-Version")
    static let amzErrorType = known("x-amzn-ErrorType")
}
