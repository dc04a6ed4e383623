import Foundation

/// A variable of a function's environment whose value stands in a file, and is read anew for every process.
struct Secret: Sendable {
    let variable: String
    private let file: URL

    private static let largest = 65_536

    /// - Parameters:
    ///   - place: the file's absolute path, or `credential:NAME` for what systemd gives the worker
    ///     (`LoadCredential=`).
    ///   - environment: the worker's own.
    init(_ variable: String, _ place: String, environment: [String: String]) throws(FunctionHostError) {
        self.variable = variable
        if place.hasPrefix("credential:") {
            let name = place.dropFirst("credential:".count)
            guard !name.isEmpty, !name.contains("/"), name != "..", name != "." else {
                throw FunctionHostError("the secret \(variable) names no credential: credential:NAME")
            }
            guard let directory = environment["CREDENTIALS_DIRECTORY"], !directory.isEmpty else {
                throw FunctionHostError(
                    "the secret \(variable) is a credential, and the worker has none: LoadCredential=\(name):… in its unit"
                )
            }
            file = URL(fileURLWithPath: directory).appending(path: String(name))
        } else {
            guard place.hasPrefix("/") else {
                throw FunctionHostError("the secret \(variable) is neither an absolute path nor credential:NAME")
            }
            file = URL(fileURLWithPath: place)
        }
        _ = try value()
    }

    /// What the file holds, without a line break at its end.
    func value() throws(FunctionHostError) -> String {
        let data: Data
        do {
            data = try Data(contentsOf: file)
        } catch {
            throw FunctionHostError("the secret \(variable) can't be read from \(file.path)")
        }
        guard data.count <= Self.largest, let text = String(data: data, encoding: .utf8), !text.utf8.contains(0) else {
            throw FunctionHostError(
                "the secret \(variable) in \(file.path) is no text of at most \(Self.largest) bytes without U+0000"
            )
        }
        return text.hasSuffix("\n") ? String(text.dropLast()) : text
    }
}
