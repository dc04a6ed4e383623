#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// The user that a function's processes run as.
struct ProcessOwner: Sendable {
    let user: uid_t
    let group: gid_t

    /// - Throws: for a user that there isn't, and for others where the worker may not become them.
    init(named name: String) throws(FunctionHostError) {
        var entry = passwd()
        var found: UnsafeMutablePointer<passwd>?
        var buffer = [CChar](repeating: 0, count: 16_384)
        guard getpwnam_r(name, &entry, &buffer, buffer.count, &found) == 0, found != nil else {
            throw FunctionHostError("there is no user \"\(name)\" on this machine")
        }
        guard geteuid() == 0 || geteuid() == entry.pw_uid else {
            throw FunctionHostError("only a worker that runs as root can run functions as \"\(name)\"")
        }
        user = entry.pw_uid
        group = entry.pw_gid
    }

    /// The beginning of a command that runs the rest as this user; empty if the worker is this user itself.
    ///
    /// A program of its own does it after exec. Between fork and exec it must not be done: glibc passes such a change on to
    /// all threads that it knows, and may wait for ever for one that only the forking process has.
    var command: [String] {
        guard geteuid() == 0 else { return [] }
        return ["/usr/bin/setpriv", "--reuid=\(user)", "--regid=\(group)", "--groups=\(group)", "--"]
    }
}
