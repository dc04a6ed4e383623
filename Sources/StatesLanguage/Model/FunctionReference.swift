/// How a function is named: which one, and which version of it.
package struct FunctionReference: Sendable, Hashable {
    /// The function's own name, without what says where it is.
    package let name: String
    /// A version's number or an alias; nil: the function as it is now.
    package let qualifier: String?

    /// The version of a function that was not published.
    package static let latest = "$LATEST"

    /// - Parameter text: `NAME`, `NAME:QUALIFIER`, `ACCOUNT:function:NAME` or an ARN, each perhaps with a qualifier.
    /// - Returns: nil when there is no name in it.
    package init?(_ text: String) {
        var parts = text.split(separator: ":", omittingEmptySubsequences: false)[...]
        if let place = parts.dropFirst().firstIndex(of: "function"), place < parts.count - 1 {
            parts = parts[(place + 1)...]
        }
        guard let name = parts.first, parts.count <= 2,
            parts.allSatisfy({ !$0.isEmpty && $0.utf8.allSatisfy(Self.isPartOfName) })
        else { return nil }
        self.init(name: String(name), qualifier: parts.count == 2 ? parts.last.map(String.init) : nil)
    }

    /// - Parameter qualifier: `$LATEST` is as good as none.
    package init(name: String, qualifier: String?) {
        self.name = name
        self.qualifier = qualifier == Self.latest ? nil : qualifier
    }

    /// Whose workers do the work; nil: that is to be looked up.
    var queue: String? { qualifier == nil ? name : nil }

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
