import Foundation

/// A user of the system, for running a server that refuses to be run by root.
struct Account: Sendable {
    let user: uid_t
    let group: gid_t

    /// Who the server of a new cluster runs as: nil, this process's user, unless that is root.
    static func forNewCluster() throws(Failure) -> Account? {
        guard geteuid() == 0 else { return nil }
        guard let account = Account(named: "postgres") ?? Account(named: "nobody") else {
            throw Failure(
                .unavailable,
                "PostgreSQL can't run as root, and there is neither a user 'postgres' nor 'nobody' to run it as",
                remedy: "run this command as an ordinary user"
            )
        }
        return account
    }

    /// Who the server of an existing cluster runs as: nobody but its owner can.
    static func owner(of directory: String) throws(Failure) -> Account? {
        var status = stat()
        guard stat(directory, &status) == 0, status.st_uid != geteuid() else { return nil }
        guard geteuid() == 0 else {
            throw Failure(
                .unavailable,
                "the cluster belongs to another user",
                at: directory,
                remedy: "run this command as that user or as root, or in another directory"
            )
        }
        return Account(user: status.st_uid, group: status.st_gid)
    }

    private init?(named name: String) {
        guard let entry = getpwnam(name) else { return nil }
        self.init(user: entry.pointee.pw_uid, group: entry.pointee.pw_gid)
    }

    private init(user: uid_t, group: gid_t) {
        self.user = user
        self.group = group
    }

    /// Whether the user may pass through the directory and all those above it.
    func canReach(_ directory: String) -> Bool {
        var path = directory
        while true {
            var status = stat()
            guard stat(path, &status) == 0 else { return false }
            let bit: mode_t = status.st_uid == user ? 0o100 : status.st_gid == group ? 0o010 : 0o001
            guard status.st_mode & bit != 0 else { return false }
            guard path != "/" else { return true }
            path = (path as NSString).deletingLastPathComponent
        }
    }
}
