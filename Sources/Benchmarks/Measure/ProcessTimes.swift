import Foundation

#if canImport(Glibc)
    import Glibc
#endif

/// CPU seconds of processes.
enum ProcessTimes {
    /// Of this process.
    static func own() -> Double {
        var usage = rusage()
        #if canImport(Glibc)
            getrusage(__rusage_who_t(RUSAGE_SELF.rawValue), &usage)
        #else
            getrusage(RUSAGE_SELF, &usage)
        #endif
        return seconds(usage.ru_utime) + seconds(usage.ru_stime)
    }

    /// Of a server: the parent of one of its sessions, all that it has started, and those of them that have ended. Zero
    /// where there is no /proc, or the server runs elsewhere.
    static func server(ofSession session: Int32) -> Double {
        guard let postmaster = fields(of: session).flatMap({ Int32($0[3]) }) else { return 0 }
        var total = cpu(of: postmaster, withEnded: true)
        for entry in (try? FileManager.default.contentsOfDirectory(atPath: "/proc")) ?? [] {
            guard let process = Int32(entry), let fields = fields(of: process), Int32(fields[3]) == postmaster else {
                continue
            }
            total += cpu(of: process, withEnded: false)
        }
        return total
    }

    /// Of another process of this machine.
    static func of(_ process: Int32) -> Double { cpu(of: process, withEnded: false) }

    private static func cpu(of process: Int32, withEnded: Bool) -> Double {
        guard let fields = fields(of: process), fields.count > 16 else { return 0 }
        let ticks = fields[13...(withEnded ? 16 : 14)].compactMap { Double($0) }.reduce(0, +)
        return ticks / Double(sysconf(Int32(_SC_CLK_TCK)))
    }

    /// The fields of /proc/PID/stat; the program's name, which may hold spaces, is cut out.
    private static func fields(of process: Int32) -> [Substring]? {
        guard let data = FileManager.default.contents(atPath: "/proc/\(process)/stat") else { return nil }
        let text = String(decoding: data, as: UTF8.self)
        guard let open = text.firstIndex(of: "("), let close = text.lastIndex(of: ")") else { return nil }
        return [text[..<open], "program"] + text[text.index(after: close)...].split(separator: " ")
    }

    private static func seconds(_ time: timeval) -> Double {
        Double(time.tv_sec) + Double(time.tv_usec) / 1_000_000
    }
}
