import Foundation

/// `.stepwell/`: what `stepwell dev` keeps between its runs in the directory where it is called.
///
/// - `cluster`: PostgreSQL's data, or a link to it
/// - `database-url`: where the running server is; only its owner may read it
/// - `password`: of the role `stepwell` over TCP; only its owner may read it
/// - `port`: the TCP port, kept so that addresses stay valid
/// - `sockets`: a link to the directory of the server's socket
/// - `postgres.log`: what the server says
/// - `lock`: locked by the `dev` that runs
struct DevDirectory: Sendable {
    let path: String

    /// The one in the working directory.
    static var standard: DevDirectory {
        DevDirectory(path: FileManager.default.currentDirectoryPath + "/.stepwell")
    }

    var cluster: String { path + "/cluster" }
    var databaseURL: String { path + "/database-url" }
    var password: String { path + "/password" }
    var port: String { path + "/port" }
    var sockets: String { path + "/sockets" }
    var log: String { path + "/postgres.log" }
    private var lock: String { path + "/lock" }

    /// Makes the directory and takes it for this process, as long as the answer is kept.
    func claim() throws(Failure) -> FileLock {
        if mkdir(path, 0o700) == 0 {
            // Passable for others, because the server may run as another user; its files are not readable for them.
            chmod(path, 0o711)
        } else if errno != EEXIST {
            throw cannot("make the directory")
        }
        guard let lock = FileLock(lock) else { throw cannot("lock the directory") }
        guard lock.take() else {
            throw Failure(
                .refused,
                "another `stepwell dev` runs in this directory",
                at: path,
                remedy: "use it (its database is found from here), or stop it first"
            )
        }
        return lock
    }

    /// The address of the database of a `dev` that runs here now.
    var runningDatabase: String? {
        guard FileManager.default.fileExists(atPath: lock), let lock = FileLock(lock), !lock.take() else { return nil }
        return read(databaseURL)
    }

    /// Removes the directory of the socket, also one that a `dev` that was killed has left.
    func removeSockets() {
        let target = (try? FileManager.default.destinationOfSymbolicLink(atPath: sockets)) ?? ""
        // The link may be older than this program's rights: nothing but what `dev` makes is followed.
        if target.wholeMatch(of: /\/tmp\/stepwell-[A-Za-z0-9]{6}/) != nil {
            try? FileManager.default.removeItem(atPath: target)
        }
        unlink(sockets)
    }

    func read(_ file: String) -> String? {
        guard let data = FileManager.default.contents(atPath: file) else { return nil }
        return String(decoding: data, as: UTF8.self).trimmingCharacters(in: .whitespacesAndNewlines)
    }

    /// Writes a file that only this user may read, whole or not at all.
    func write(_ text: String, to file: String) throws(Failure) {
        let new = file + ".new"
        try? FileManager.default.removeItem(atPath: new)
        let data = Data((text + "\n").utf8)
        guard FileManager.default.createFile(atPath: new, contents: data, attributes: [.posixPermissions: 0o600]),
            rename(new, file) == 0
        else { throw cannot("write \(file)") }
    }

    private func cannot(_ what: String) -> Failure {
        Failure(
            .unavailable,
            "can't \(what): \(String(cString: strerror(errno)))",
            at: path,
            remedy: "run in a directory that this user may write to"
        )
    }
}

/// A lock that the kernel takes away with the process.
final class FileLock: Sendable {
    private let descriptor: Int32

    init?(_ path: String) {
        descriptor = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
        if descriptor < 0 { return nil }
    }

    deinit { close(descriptor) }

    /// False if somebody else has it.
    func take() -> Bool { flock(descriptor, LOCK_EX | LOCK_NB) == 0 }
}
