import JSON

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// The connections of a worker. They stand in a file that only the worker's user can read, never in the database: a
/// copy of the database holds no secrets of other systems.
package struct Connections: Sendable {
    private let byName: [String: Connection]

    /// Larger files are refused.
    private static let largestFile = 1 << 20

    package init() { byName = [:] }

    /// - Parameter text: `{"Connections": [{"Name", "AuthorizationType", "AuthParameters"}]}`
    package init(parsing text: String) throws(InvalidConnections) {
        let value: JSONValue
        do throws(JSONSyntaxError) {
            value = try JSONValue(parsing: text)
        } catch {
            throw InvalidConnections("it is not JSON: \(error)")
        }
        guard let list = value["Connections"]?.array else { throw InvalidConnections("it has no list 'Connections'") }
        var byName: [String: Connection] = [:]
        for item in list {
            let connection = try Connection(item)
            guard byName.updateValue(connection, forKey: connection.name) == nil else {
                throw InvalidConnections("there are two connections '\(connection.name)'")
            }
        }
        self.byName = byName
    }

    /// Reads a file; others than its owner must have no right to it.
    package init(file path: String) throws(InvalidConnections) {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else {
            throw InvalidConnections("it can't be opened: \(String(cString: strerror(errno)))")
        }
        defer { close(descriptor) }
        var information = stat()
        guard fstat(descriptor, &information) == 0, information.st_mode & S_IFMT == S_IFREG else {
            throw InvalidConnections("it is not a file")
        }
        guard information.st_mode & 0o077 == 0 else {
            throw InvalidConnections("others can read it: chmod 600 \(path)")
        }
        guard information.st_size <= Self.largestFile else {
            throw InvalidConnections("it has more than \(Self.largestFile) bytes")
        }
        var bytes = [UInt8](repeating: 0, count: Self.largestFile)
        var count = 0
        while count < bytes.count {
            let taken = bytes.withUnsafeMutableBytes { buffer in
                read(descriptor, buffer.baseAddress?.advanced(by: count), buffer.count - count)
            }
            guard taken > 0 else { break }
            count += taken
        }
        try self.init(parsing: String(decoding: bytes.prefix(count), as: UTF8.self))
    }

    /// - Parameter arn: `arn:aws:events:REGION:ACCOUNT:connection/NAME/ID`
    func named(by arn: String) -> Connection? {
        guard let resource = arn.split(separator: ":", maxSplits: 5, omittingEmptySubsequences: false).last,
            resource.hasPrefix("connection/")
        else { return nil }
        let name = resource.dropFirst("connection/".count).prefix { $0 != "/" }
        return byName[String(name)]
    }
}

/// Why a file of connections can't be used.
package struct InvalidConnections: Error, Sendable, CustomStringConvertible {
    package let description: String

    init(_ reason: String) { description = reason }
}
