/// How `lambda:invoke` may name a function.
package enum FunctionReference {
    /// The function's own name, without what says where it is and in which version.
    ///
    /// - Parameter text: `NAME`, `NAME:QUALIFIER`, `ACCOUNT:function:NAME` or an ARN, each perhaps with a qualifier.
    /// - Returns: nil when there is no name in it.
    package static func name(in text: String) -> String? {
        let parts = text.split(separator: ":", omittingEmptySubsequences: false)
        let name = parts.firstIndex(of: "function").map { parts[($0 + 1)...].first } ?? parts.first
        guard let name, !name.isEmpty else { return nil }
        return String(name)
    }
}
