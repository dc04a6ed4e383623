import JSON

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// Cases recorded from AWS Step Functions. They are not part of the repository: without them their suite is skipped.
enum RecordedCases {
    struct Case {
        let name: String
        let value: JSONValue
    }

    static let isAvailable = !names.isEmpty

    static let names: [String] = {
        guard let directory = opendir(path) else { return [] }
        defer { closedir(directory) }
        var names: [String] = []
        while let entry = readdir(directory) {
            let name = withUnsafeBytes(of: entry.pointee.d_name) { bytes in
                String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
            }
            if name.hasSuffix(".json") { names.append(name) }
        }
        return names.sorted()
    }()

    static func read(_ name: String) throws -> Case {
        Case(name: name, value: try JSONValue(parsing: contents(of: "\(path)/\(name)")))
    }

    private static let path: String = {
        let root = getenv("STEPWELL_CONFORMANCE_DIR").map { String(cString: $0) } ?? "../shared/conformance"
        return root + "/asl/cases"
    }()

    private static func contents(of file: String) -> [UInt8] {
        guard let stream = fopen(file, "rb") else { return [] }
        defer { fclose(stream) }
        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 65_536)
        while true {
            let count = fread(&buffer, 1, buffer.count, stream)
            guard count > 0 else { return bytes }
            bytes += buffer[..<count]
        }
    }
}

extension JSONValue {
    /// A definition of a recorded case as the text that was sent: placeholders of names become names again.
    var definitionText: String {
        let text = string ?? self.text
        let names = [
            ("<partition>", "aws"), ("<region>", "us-east-1"),
            ("\"activity_arn\"", "\"arn:aws:states:us-east-1:111111111111:activity:name\""),
            ("<lambda_function_name>", "name"), ("\"date\"", "\"2030-01-01T00:00:00Z\""),
            ("<lambda_function_1_name>", "name"),
        ]
        return names.reduce(text) { $0.replacing($1.0, with: $1.1) }
    }
}

extension StringProtocol {
    /// The text with every occurrence of another replaced; the tests do without Foundation, too.
    func replacing(_ old: String, with new: String) -> String {
        var result: [UInt8] = []
        var rest = Array(utf8)[...]
        let old = Array(old.utf8)
        while !rest.isEmpty {
            if rest.starts(with: old) {
                result += new.utf8
                rest = rest.dropFirst(old.count)
            } else {
                result.append(rest.removeFirst())
            }
        }
        return String(decoding: result, as: UTF8.self)
    }
}
