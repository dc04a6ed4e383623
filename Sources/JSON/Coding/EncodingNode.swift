/// The place of one value in the result, filled by the containers and encoders that refer to it.
final class EncodingNode {
    /// A value below this one.
    enum Child {
        case value(JSONValue)
        /// A nested container or a superclass, which may still be growing.
        case node(EncodingNode)
    }

    private enum Content {
        case nothing
        case scalar(JSONValue)
        case array
        case object
    }

    let path: CodingPath?
    private var content = Content.nothing
    private var contradicts = false
    private var keys: [String] = []
    private var children: [Child] = []

    init(at path: CodingPath?) {
        self.path = path
    }

    var codingPath: [any CodingKey] { CodingPath.keys(of: path) }

    /// The number of elements or members so far.
    var count: Int { children.count }

    /// Makes this an array; it may have become one before.
    func becomeArray() {
        switch content {
        case .nothing: content = .array
        case .array: break
        case .scalar, .object: contradicts = true
        }
    }

    /// Makes this an object; it may have become one before.
    func becomeObject() {
        switch content {
        case .nothing: content = .object
        case .object: break
        case .scalar, .array: contradicts = true
        }
    }

    /// Makes this a scalar or a finished value; it must not have become anything before.
    func become(_ value: JSONValue) {
        switch content {
        case .nothing: content = .scalar(value)
        case .scalar, .array, .object: contradicts = true
        }
    }

    func append(_ child: Child) {
        children.append(child)
    }

    func append(_ child: Child, for key: String) {
        keys.append(key)
        children.append(child)
    }

    /// The value, or nil when nothing was encoded.
    func finish() throws(EncodingError) -> JSONValue? {
        if contradicts {
            throw .invalidValue(
                self,
                .init(codingPath: codingPath, debugDescription: "encoded as several different kinds of JSON value")
            )
        }
        switch content {
        case .nothing: return nil
        case .scalar(let value): return value
        case .array: return .array(try finishChildren())
        case .object: return .object(JSONObject(members: Array(zip(keys, try finishChildren()))))
        }
    }

    private func finishChildren() throws(EncodingError) -> [JSONValue] {
        var values: [JSONValue] = []
        values.reserveCapacity(children.count)
        for child in children {
            switch child {
            case .value(let value): values.append(value)
            case .node(let node): values.append(try node.finish() ?? [:])
            }
        }
        return values
    }
}
