import Foundation

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
}
