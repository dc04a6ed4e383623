#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// A directory as object storage: buckets are its subdirectories, keys are paths below them. Nothing outside is ever
/// opened, whatever keys and links say.
struct DirectoryStorage: ItemStorage {
    /// The directory without links in its path.
    private let root: String

    init(_ path: String) throws(StorageError) {
        guard let root = Self.realPath(path) else {
            throw StorageError("the storage directory \(path) can't be used: \(Self.lastError)")
        }
        self.root = root
    }

    func open(bucket: String, key: String, version: String?) async throws(StorageError) -> any ObjectStream {
        guard version == nil else { throw StorageError("files in a directory have no versions") }
        return try FileStream(path: try existing(bucket: bucket, key: key), name: "\(bucket)/\(key)")
    }

    func list(bucket: String, prefix: String) async throws(StorageError) -> any ListingStream {
        guard isComponent(bucket), let directory = Self.realPath(root + "/" + bucket), isInside(directory) else {
            throw StorageError("there is no bucket '\(bucket)'")
        }
        return DirectoryListing(directory: directory, prefix: prefix)
    }

    func put(bucket: String, key: String, bytes: [UInt8]) async throws(StorageError) {
        let components = try components(bucket: bucket, key: key)
        var directory = root
        for component in components.dropLast() {
            directory += "/" + component
            guard mkdir(directory, 0o777) == 0 || errno == EEXIST else {
                throw StorageError("\(bucket)/\(key) can't be written: \(Self.lastError)")
            }
            guard let real = Self.realPath(directory), isInside(real) else { throw outside(bucket, key) }
            directory = real
        }
        let path = directory + "/" + (components.last ?? "")
        // Readers never see a part of an object.
        var template = Array((path + ".XXXXXX").utf8CString)
        let file = mkstemp(&template)
        guard file >= 0 else { throw StorageError("\(bucket)/\(key) can't be written: \(Self.lastError)") }
        defer { close(file) }
        var written = 0
        while written < bytes.count {
            let count = bytes[written...].withUnsafeBytes { write(file, $0.baseAddress, $0.count) }
            guard count > 0 || errno == EINTR else {
                let reason = Self.lastError
                unlink(template)
                throw StorageError("\(bucket)/\(key) can't be written: \(reason)")
            }
            written += max(0, count)
        }
        guard fchmod(file, 0o644) == 0, fsync(file) == 0, rename(template, path) == 0 else {
            let reason = Self.lastError
            unlink(template)
            throw StorageError("\(bucket)/\(key) can't be written: \(reason)")
        }
    }

    // MARK: Paths

    private func existing(bucket: String, key: String) throws(StorageError) -> String {
        let path = root + "/" + (try components(bucket: bucket, key: key)).joined(separator: "/")
        guard let real = Self.realPath(path) else {
            throw StorageError("there is no object '\(key)' in bucket '\(bucket)'")
        }
        guard isInside(real) else { throw outside(bucket, key) }
        return real
    }

    private func components(bucket: String, key: String) throws(StorageError) -> [String] {
        let components = [bucket] + key.split(separator: "/", omittingEmptySubsequences: false).map(String.init)
        guard components.allSatisfy(isComponent) else {
            throw StorageError("'\(bucket)/\(key)' is not the name of an object in a directory")
        }
        return components
    }

    private func isComponent(_ name: String) -> Bool {
        !name.isEmpty && name != "." && name != ".." && !name.utf8.contains(UInt8(ascii: "/")) && !name.utf8.contains(0)
    }

    private func isInside(_ path: String) -> Bool { root == "/" || path.hasPrefix(root + "/") }

    private func outside(_ bucket: String, _ key: String) -> StorageError {
        StorageError("'\(bucket)/\(key)' leads out of the storage directory")
    }

    fileprivate static func realPath(_ path: String) -> String? {
        guard let resolved = realpath(path, nil) else { return nil }
        defer { free(resolved) }
        return String(cString: resolved)
    }

    fileprivate static var lastError: String { String(cString: strerror(errno)) }
}

/// A file, read in pieces.
private final class FileStream: ObjectStream {
    private static let pieceBytes = 256 << 10

    private let file: Int32
    private let name: String

    init(path: String, name: String) throws(StorageError) {
        self.name = name
        // Without waiting for the other end of a pipe.
        file = Glibc.open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC | O_NOFOLLOW)
        guard file >= 0 else { throw StorageError("\(name) can't be read: \(DirectoryStorage.lastError)") }
        var status = stat()
        guard fstat(file, &status) == 0, status.st_mode & S_IFMT == S_IFREG else {
            throw StorageError("\(name) is not a file")
        }
    }

    deinit { if file >= 0 { close(file) } }

    func next() async throws(StorageError) -> [UInt8]? {
        while true {
            var count = 0
            let bytes = [UInt8](unsafeUninitializedCapacity: Self.pieceBytes) { buffer, initialized in
                count = read(file, buffer.baseAddress, buffer.count)
                initialized = max(0, count)
            }
            if count > 0 { return bytes }
            if count == 0 { return nil }
            guard errno == EINTR else { throw StorageError("\(name) can't be read: \(DirectoryStorage.lastError)") }
        }
    }
}

/// The files below a directory, in the order of their keys. Links are left out.
private struct DirectoryListing: ListingStream {
    private static let pageSize = 1000

    private let prefix: String
    /// Names still to be visited, last first: those of the directories on the way down, with a slash behind directories.
    private var stack: [(path: String, key: String)]

    init(directory: String, prefix: String) {
        self.prefix = prefix
        stack = [(directory, "")]
    }

    mutating func next() async throws(StorageError) -> [ListedObject]? {
        var page: [ListedObject] = []
        while page.count < Self.pageSize, let (path, key) = stack.popLast() {
            if key.isEmpty || key.hasSuffix("/") {
                // A directory matters when what is below it can have the prefix.
                if key.hasPrefix(prefix) || prefix.hasPrefix(key) { try open(path, key) }
                continue
            }
            var status = stat()
            guard key.hasPrefix(prefix), lstat(path, &status) == 0 else { continue }
            let modified = Double(status.st_mtim.tv_sec)
            page.append(
                ListedObject(
                    key: key,
                    eTag: "\"\(status.st_ino)-\(status.st_mtim.tv_sec)-\(status.st_size)\"",
                    lastModified: modified,
                    size: Int64(status.st_size),
                    storageClass: "STANDARD"
                )
            )
        }
        return page.isEmpty ? nil : page
    }

    private mutating func open(_ path: String, _ key: String) throws(StorageError) {
        guard let directory = opendir(path) else {
            throw StorageError("\(key) can't be listed: \(DirectoryStorage.lastError)")
        }
        defer { closedir(directory) }
        var names: [String] = []
        while let entry = readdir(directory) {
            let name = withUnsafePointer(to: entry.pointee.d_name) { pointer in
                pointer.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
            }
            guard name != ".", name != ".." else { continue }
            var status = stat()
            guard lstat(path + "/" + name, &status) == 0 else { continue }
            switch status.st_mode & S_IFMT {
            case S_IFDIR: names.append(name + "/")
            case S_IFREG: names.append(name)
            default: continue
            }
        }
        for name in names.sorted(by: { $0.utf8.lexicographicallyPrecedes($1.utf8) }).reversed() {
            let bare = name.hasSuffix("/") ? String(name.dropLast()) : name
            stack.append((path + "/" + bare, key + name))
        }
    }
}
