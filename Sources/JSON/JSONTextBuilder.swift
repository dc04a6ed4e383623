/// Puts JSON together piece by piece. That the pieces make JSON is the caller's business.
package struct JSONTextBuilder: ~Copyable {
    private var output: ByteBuffer

    /// - Parameter capacity: for how many bytes there is room at first.
    package init(capacity: Int = 256) {
        output = ByteBuffer(capacity: capacity)
    }

    /// What has been put together so far.
    package var text: String { String(decoding: output.written, as: UTF8.self) }

    /// Appends something as it is.
    package mutating func append(raw text: StaticString) { output.append(text) }

    /// Appends something as it is.
    package mutating func append(verbatim text: String) { output.append(text) }

    /// Appends a string, quoted and escaped.
    package mutating func append(string: String) {
        var string = string
        string.withUTF8 { output.appendQuoted($0) }
    }

    package mutating func append(_ integer: Int) { output.append(Int64(integer)) }

    /// Appends what another one has put together.
    package mutating func append(_ other: borrowing JSONTextBuilder) { output.append(other.output.written) }
}
