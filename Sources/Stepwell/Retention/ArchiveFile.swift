import CZlib
import JSON

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// A file of compressed lines (gzip) that is only ever appended to.
final class ArchiveFile {
    let path: String
    private let descriptor: Int32
    private let stream: gzFile

    /// Makes the file, which must not exist yet. Only its owner can read it: payloads are nobody else's business.
    init(_ path: String) throws(ArchiveError) {
        let descriptor = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw ArchiveError(path, errno) }
        // zlib closes what it is given; syncing needs a descriptor of our own.
        let copy = dup(descriptor)
        guard copy >= 0, let stream = gzdopen(copy, "wb") else {
            let reason = errno
            if copy >= 0 { close(copy) }
            close(descriptor)
            throw ArchiveError(path, reason)
        }
        self.path = path
        self.descriptor = descriptor
        self.stream = stream
    }

    deinit {
        gzclose(stream)
        close(descriptor)
    }

    /// Adds one value as a line.
    func write(_ value: JSONValue) throws(ArchiveError) {
        let line = Array(value.description.utf8) + [UInt8(ascii: "\n")]
        // zlib counts in 32 bits.
        for start in stride(from: 0, to: line.count, by: 1 << 24) {
            let part = line[start..<min(line.count, start + 1 << 24)]
            let written = part.withUnsafeBytes { gzwrite(stream, $0.baseAddress, UInt32($0.count)) }
            guard Int(written) == part.count else { throw ArchiveError(path, errno) }
        }
    }

    /// Returns when everything that was written is on disk and can be read, whatever comes after it.
    func sync() throws(ArchiveError) {
        guard gzflush(stream, Z_FINISH) == Z_OK, fsync(descriptor) == 0 else { throw ArchiveError(path, errno) }
    }
}

/// Why nothing could be archived.
struct ArchiveError: Error, CustomStringConvertible {
    var description: String

    init(_ path: String, _ reason: Int32) {
        description = "the archive \(path) can't be written: \(String(cString: strerror(reason)))"
    }
}
