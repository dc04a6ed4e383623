import Foundation

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// What a process group uses, from `/proc`.
enum ProcessGroup {
    /// How many processes a call may have, its guard's shells among them.
    static let mostProcesses = 64

    struct Usage {
        var processes = 0
        /// In memory, shared pages counted for each process that has them.
        var bytes = 0
    }

    private static let pageSize = Int(sysconf(Int32(_SC_PAGESIZE)))

    /// Whether the process with this number runs: what has ended and is not waited for yet does not.
    static func isAlive(_ process: pid_t) -> Bool {
        guard let text = try? String(contentsOfFile: "/proc/\(process)/stat", encoding: .utf8),
            let name = text.lastIndex(of: ")")
        else { return false }
        return text[name...].dropFirst(2).first != "Z"
    }

    static func usage(of group: pid_t) -> Usage {
        var usage = Usage()
        guard let directory = opendir("/proc"), let nameOffset = MemoryLayout<dirent>.offset(of: \.d_name) else {
            return usage
        }
        defer { closedir(directory) }
        while let entry = readdir(directory) {
            // Whose group it is costs a fraction of what reading its figures does, and most belong to others.
            let name = UnsafeRawPointer(entry).advanced(by: nameOffset).assumingMemoryBound(to: CChar.self)
            let process = pid_t(clamping: atol(name))
            guard process > 0, getpgid(process) == group,
                // pid (name) state ppid pgrp … rss is the 24th. The name may hold anything, spaces and parentheses too.
                let text = try? String(contentsOfFile: "/proc/\(process)/stat", encoding: .utf8),
                let end = text.lastIndex(of: ")")
            else { continue }
            let fields = text[text.index(after: end)...].split(separator: " ")
            guard fields.count > 21, fields[0] != "Z" else { continue }
            usage.processes += 1
            usage.bytes += (Int(fields[21]) ?? 0) * pageSize
        }
        return usage
    }
}
