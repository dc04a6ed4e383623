package import Foundation
import JSON
import Store

/// Published versions of functions, beside the file that declares what they are now: `functions.versions/NAME/NUMBER` is a
/// folder of functions of its own, with this one in it.
enum FunctionVersions {
    private static let folderName = "functions.versions"

    /// Where the versions of a function are.
    static func place(of function: String, in folder: URL) -> URL {
        folder.appending(path: folderName).appending(path: function)
    }

    /// All versions that are there.
    static func read(from folder: URL) throws(FunctionHostError) -> [HostedFunction] {
        var functions: [HostedFunction] = []
        for name in names(in: folder.appending(path: folderName)) {
            let versions = place(of: name, in: folder)
            // What is being copied at the moment has no number yet.
            for number in names(in: versions).compactMap({ Int($0) }).sorted() where number > 0 {
                let version = versions.appending(path: "\(number)")
                guard var function = try HostedFunction.read(from: version).first, function.name == name else {
                    throw FunctionHostError("there is no function named \(name)").at(version.path)
                }
                function.version = number
                function.digest = try FolderDigest.of(version)
                functions.append(function)
            }
        }
        return functions
    }

    private static func names(in folder: URL) -> [String] {
        ((try? FileManager.default.contentsOfDirectory(atPath: folder.path)) ?? []).sorted()
    }
}

/// A copy of what a function is now, which becomes a version of it.
package struct FunctionDraft: Sendable {
    /// The SHA-256 of all that makes it up.
    package let digest: String
    private let versions: URL
    private let place: URL

    /// What is not of a version: it holds for the whole installation, or would start processes of every old version.
    private static let otherSettings = [
        "folder", "provisioned", "retries", "maximumAge", "onSuccess", "onFailure", "reserved", "rate", "fairKey",
        "priority",
    ]

    /// Copies the files and the declaration of a function.
    ///
    /// - Throws: ``FunctionHostError`` for a function that is not declared, and one that can't be copied.
    package init(of name: String, in folder: URL) throws(FunctionHostError) {
        let folder = folder.absoluteURL.standardizedFileURL
        let file = folder.appending(path: "functions.json")
        guard let function = try HostedFunction.read(from: folder).first(where: { $0.name == name }) else {
            throw FunctionHostError("there is no function named \(name)").at(file.path)
        }
        versions = FunctionVersions.place(of: name, in: folder)
        place = versions.appending(path: "draft-\(UUID().uuidString)")
        guard !(place.standardizedFileURL.path + "/").hasPrefix(function.directory.standardizedFileURL.path + "/")
        else {
            throw FunctionHostError("a function that has versions needs a folder of its own")
                .at(function.directory.path)
        }
        do {
            let text = String(decoding: try Data(contentsOf: file), as: UTF8.self)
            var declaration = try JSONValue(parsing: text)[name]?.object ?? [:]
            for key in Self.otherSettings { declaration[key] = nil }
            try FileManager.default.createDirectory(at: place, withIntermediateDirectories: true)
            try FileManager.default.copyItem(at: function.directory, to: place.appending(path: name))
            try Data(JSONValue.object([name: .object(declaration)]).text.utf8)
                .write(to: place.appending(path: "functions.json"))
            _ = try HostedFunction.read(from: place)
            digest = try FolderDigest.of(place)
        } catch {
            try? FileManager.default.removeItem(at: place)
            throw FunctionHostError("the function can't be copied: \(error)").at(function.directory.path)
        }
    }

    /// Keeps the copy as a version, unless that is there already.
    package func keep(as version: Int) throws(FunctionHostError) {
        let kept = versions.appending(path: "\(version)")
        do {
            if FileManager.default.fileExists(atPath: kept.path) {
                discard()
                guard try FolderDigest.of(kept) == digest else {
                    throw FunctionHostError("has changed since it was published as version \(version)").at(kept.path)
                }
            } else {
                try FileManager.default.moveItem(at: place, to: kept)
            }
        } catch let error as FunctionHostError {
            throw error
        } catch {
            throw FunctionHostError("the version can't be kept: \(error)").at(kept.path)
        }
    }

    /// Throws the copy away.
    package func discard() { try? FileManager.default.removeItem(at: place) }
}

/// What tells the contents of folders apart.
enum FolderDigest {
    /// What Python writes beside its files while they run.
    private static let cache = "__pycache__"

    /// The SHA-256 of the names and contents of all files, of what links say, and of what may be executed.
    static func of(_ folder: URL) throws(FunctionHostError) -> String {
        let files = FileManager.default
        var lines: [String] = []
        do {
            for path in try files.subpathsOfDirectory(atPath: folder.path).sorted()
            where !path.split(separator: "/").contains(Substring(cache)) {
                let file = folder.appending(path: path)
                let attributes = try files.attributesOfItem(atPath: file.path)
                switch attributes[.type] as? FileAttributeType {
                case .typeDirectory: continue
                case .typeSymbolicLink:
                    lines.append("link \(path)\0\(try files.destinationOfSymbolicLink(atPath: file.path))")
                case .typeRegular:
                    let data = try Data(contentsOf: file, options: .mappedIfSafe)
                    let mode = (attributes[.posixPermissions] as? NSNumber)?.intValue ?? 0
                    let kind = mode & 0o111 == 0 ? "file" : "program"
                    lines.append("\(kind) \(path)\0\(data.withUnsafeBytes(Digest.hexadecimal))")
                default: throw FunctionHostError("is neither a file nor a folder").at(file.path)
                }
            }
        } catch let error as FunctionHostError {
            throw error
        } catch {
            throw FunctionHostError("can't be read: \(error)").at(folder.path)
        }
        return Array(lines.joined(separator: "\n").utf8).withUnsafeBytes(Digest.hexadecimal)
    }
}
