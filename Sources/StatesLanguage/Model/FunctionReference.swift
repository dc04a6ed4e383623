/// How `lambda:invoke` may name a function.
package enum FunctionReference {
    /// The function's own name, without what says where it is and in which version.
    ///
    /// - Parameter text: `NAME`, `NAME:QUALIFIER`, `ACCOUNT:function:NAME` or an ARN, each perhaps with a qualifier.
    /// - Returns: nil when there is no name in it.
    package static func name(in text: String) -> String? {
        let parts = text.split(separator: ":", omittingEmptySubsequences: false)
        let name = parts.firstIndex(of: "function").map { parts[($0 + 1)...].first } ?? parts.first
        guard let name, !name.isEmpty, name.utf8.allSatisfy(isPartOfName) else { return nil }
        return String(name)
    }

    /// Whether a byte may stand in a function's name or qualifier.
    static func isPartOfName(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "_"), UInt8(ascii: "."),
            UInt8(ascii: "$"):
            true
        default: false
        }
    }
}
