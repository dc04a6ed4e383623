#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// A worker's name on this machine: held by one process at a time, and free again the moment that process is gone,
/// however it ended.
///
/// On Linux it is a socket bound to an address outside the file system: unlike a lock file it is the same one for every
/// user, whatever `TMPDIR` or a private `/tmp` say. Elsewhere it is a locked file in `/tmp`.
final class NameLock: Sendable {
    private let descriptor: Int32

    /// Takes a name.
    ///
    /// - Throws: ``WorkerError`` with the code `nameTaken` when a live process has it.
    init(_ name: String) throws(WorkerError) {
        #if os(Linux)
            guard let address = UnixAddress("@stepwell/worker/\(name)") else {
                throw WorkerError(.configuration, "the worker's name is too long: \(name)")
            }
            descriptor = UnixAddress.datagramSocket()
            guard descriptor >= 0, address.withPointer({ bind(descriptor, $0, $1) }) == 0 else {
                throw Self.error(name, errno, isTaken: errno == EADDRINUSE, descriptor: descriptor)
            }
        #else
            let path = "/tmp/stepwell-worker-\(name.replacing("/", with: "_")).lock"
            descriptor = open(path, O_CREAT | O_RDWR | O_CLOEXEC, 0o666)
            guard descriptor >= 0, flock(descriptor, LOCK_EX | LOCK_NB) == 0 else {
                throw Self.error(name, errno, isTaken: errno == EWOULDBLOCK, descriptor: descriptor)
            }
        #endif
    }

    deinit {
        close(descriptor)
    }

    private static func error(_ name: String, _ code: Int32, isTaken: Bool, descriptor: Int32) -> WorkerError {
        if descriptor >= 0 { close(descriptor) }
        return isTaken
            ? WorkerError(
                .nameTaken,
                "another process on this machine runs as worker \"\(name)\": stop it, or give this one another name"
            )
            : WorkerError(.nameTaken, "the name \"\(name)\" can't be locked: \(String(cString: strerror(code)))")
    }
}
