import Foundation

/// Directories that only one user may enter.
enum TemporaryDirectory {
    /// Makes one from a pattern that ends in `XXXXXX`.
    static func make(_ pattern: String, owner: Account?) throws(Failure) -> String {
        var name = Array(pattern.utf8CString)
        guard mkdtemp(&name) != nil else {
            throw Failure(
                .unavailable,
                "can't make a directory: \(String(cString: strerror(errno)))",
                at: pattern,
                remedy: "see that it can be written to and that the disk has room"
            )
        }
        let path = String(decoding: name.dropLast().map(UInt8.init(bitPattern:)), as: UTF8.self)
        try owner?.own(path)
        return path
    }
}

extension Account {
    /// Makes the file or directory this user's.
    func own(_ path: String) throws(Failure) {
        guard chown(path, user, group) == 0 else {
            let reason = String(cString: strerror(errno))
            throw Failure(.unavailable, "can't give it to the server's user: \(reason)", at: path)
        }
    }
}
