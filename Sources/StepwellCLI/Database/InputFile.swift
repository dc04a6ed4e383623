import Foundation
import JSON

/// Text that a command was given by a file's name.
enum InputFile {
    /// The file's text; `-` is standard input.
    ///
    /// - Throws: `Failure` if it can't be read or is not UTF-8.
    static func read(_ file: String) throws(Failure) -> String {
        let data: Data
        do {
            data =
                file == "-"
                ? try FileHandle.standardInput.readToEnd() ?? Data() : try Data(contentsOf: URL(fileURLWithPath: file))
        } catch {
            let isThere = FileManager.default.fileExists(atPath: file)
            throw Failure(.refused, isThere ? "the file can't be read" : "there is no such file", at: file)
        }
        guard let text = String(validating: data, as: UTF8.self) else {
            throw Failure(.refused, "the file is not UTF-8 text", at: file)
        }
        return text
    }

    /// A JSON value from an option or from a file; `{}` when neither is given.
    ///
    /// - Parameters:
    ///   - option: the option's name, where a fault is in it.
    ///   - what: what the value is, for the message.
    static func json(_ text: String?, file: String?, option: String, what: String) throws(Failure) -> JSONDocument {
        let text = try file.map { (file) throws(Failure) in try read(file) } ?? text ?? "{}"
        do throws(JSONSyntaxError) {
            return try JSONDocument(parsing: text)
        } catch {
            let file = file.map { $0 == "-" ? "<stdin>" : $0 } ?? option
            throw Failure(
                .refused,
                "the \(what) is not JSON: \(error.reason)",
                at: "\(file):\(error.line):\(error.column)"
            )
        }
    }
}
