import Expressions
package import JSON

extension JSONDocument {
    /// Whether the document's text has at most so many bytes.
    ///
    /// A computed value can share its parts and be far larger when written than in memory; one that is too large is
    /// found out before it is written.
    package func fits(_ limit: Int) -> Bool {
        if !isWritten {
            guard let value = try? value(), value.isWritable(bytes: limit) else { return false }
        }
        return byteCount <= limit
    }
}

extension Sequence where Element == JSONDocument {
    /// Whether all documents together have at most so many bytes.
    func fit(_ limit: Int) -> Bool {
        var left = limit
        for document in self {
            guard document.fits(left) else { return false }
            left -= document.byteCount
        }
        return true
    }
}
