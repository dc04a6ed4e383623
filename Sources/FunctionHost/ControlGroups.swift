import Foundation
import Logging
import SystemPackage

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// Where control groups (version 2) for functions' processes are made: a directory that systemd, or whoever started the
/// worker, has left to it. (https://docs.kernel.org/admin-guide/cgroup-v2.html)
struct ControlGroups: Sendable {
    /// Says where: `on` for the worker's own group, or a directory.
    static let variable = "STEPWELL_CGROUPS"
    private static let wanted = ["cpu", "memory", "pids"]

    private let directory: String
    /// What the kernel limits here; the rest is watched.
    let controllers: Set<String>

    init(directory: String, controllers: Set<String>) {
        self.directory = directory
        self.controllers = controllers
    }

    /// Reads what the environment says; nil: it says nothing.
    ///
    /// - Throws: ``FunctionHostError`` when groups were asked for and can't be made.
    static func find(in environment: [String: String]) throws(FunctionHostError) -> ControlGroups? {
        switch environment[variable] {
        case nil, "", "off": return nil
        case "on":
            func text(_ file: String) -> String { (try? String(contentsOfFile: file, encoding: .utf8)) ?? "" }
            guard let own = place(inProcess: text("/proc/self/cgroup"), mounts: text("/proc/self/mounts")) else {
                throw FunctionHostError("\(variable)=on: this machine has no control groups of version 2")
            }
            return try ControlGroups(own)
        case let place?:
            guard place.hasPrefix("/") else {
                throw FunctionHostError("\(variable)=\(place): expected on, off or an absolute path")
            }
            return try ControlGroups(place)
        }
    }

    /// The directory of a process's own group.
    ///
    /// - Parameters:
    ///   - process: what `/proc/PID/cgroup` says.
    ///   - mounts: what `/proc/PID/mounts` says.
    static func place(inProcess process: String, mounts: String) -> String? {
        let path = process.split(separator: "\n").first { $0.hasPrefix("0::/") }?.dropFirst(3)
        let mount = mounts.split(separator: "\n").lazy.map { $0.split(separator: " ") }
            .first { $0.count > 2 && $0[2] == "cgroup2" }?[1]
        guard let path, let mount else { return nil }
        // The kernel writes spaces in octal.
        let place = String(mount).replacing("\\040", with: " ")
        return path == "/" ? place : place + path
    }

    /// Prepares a directory: a group with groups in it has no processes of its own, so those that are there move.
    init(_ directory: String) throws(FunctionHostError) {
        self.directory = directory
        do throws(Errno) {
            if try !Self.read(directory + "/cgroup.procs").isEmpty {
                let own = directory + "/worker"
                try Self.make(own)
                for process in try Self.read(directory + "/cgroup.procs").split(separator: "\n") {
                    // One that has ended meanwhile need not move.
                    try? Self.write(String(process), to: own + "/cgroup.procs")
                }
            }
            let available = try Self.read(directory + "/cgroup.controllers").split(separator: " ").map(String.init)
            for controller in Self.wanted where available.contains(controller) {
                // What can't be had is not counted below.
                try? Self.write("+\(controller)", to: directory + "/cgroup.subtree_control")
            }
            let enabled = try Self.read(directory + "/cgroup.subtree_control").split(separator: " ").map(String.init)
            controllers = Set(enabled.filter(Self.wanted.contains))
        } catch {
            throw FunctionHostError("\(Self.variable): control groups can't be made in \(directory): \(error)")
        }
        // Of a worker that was killed; what still has processes stays.
        for name in (try? FileManager.default.contentsOfDirectory(atPath: directory)) ?? []
        where name.hasPrefix(Self.prefix) { rmdir("\(directory)/\(name)") }
    }

    private static let prefix = "function-"

    /// Makes a group for one process and all that it starts.
    func make(_ name: String, limits: ControlGroup.Limits) throws(FunctionHostError) -> ControlGroup {
        let place = "\(directory)/\(Self.prefix)\(getpid())-\(name)"
        do throws(Errno) {
            try Self.make(place)
            if controllers.contains("memory") {
                try Self.write("\(limits.memoryMegabytes << 20)", to: place + "/memory.max")
                // Kernels without swap have no file for it.
                try? Self.write("0", to: place + "/memory.swap.max")
                try Self.write("1", to: place + "/memory.oom.group")
            }
            if controllers.contains("pids") { try Self.write("\(limits.processes)", to: place + "/pids.max") }
            if let cores = limits.cores, controllers.contains("cpu") {
                try Self.write("\(Int(cores * 100_000)) 100000", to: place + "/cpu.max")
            }
        } catch {
            rmdir(place)
            throw FunctionHostError("the control group \(place) can't be made: \(error)")
        }
        return ControlGroup(place: place, limitsAll: controllers.isSuperset(of: ["memory", "pids"]))
    }

    // MARK: Files

    fileprivate static func make(_ place: String) throws(Errno) {
        guard mkdir(place, 0o755) == 0 || errno == EEXIST else { throw Errno(rawValue: errno) }
    }

    fileprivate static func read(_ file: String) throws(Errno) -> String {
        do {
            let descriptor = try FileDescriptor.open(file, .readOnly, options: .closeOnExec)
            return try descriptor.closeAfter {
                var text: [UInt8] = []
                var buffer = [UInt8](repeating: 0, count: 4096)
                while true {
                    let count = try buffer.withUnsafeMutableBytes { try descriptor.read(into: $0) }
                    guard count > 0 else { break }
                    text += buffer[..<count]
                }
                return String(decoding: text, as: UTF8.self).trimmingCharacters(in: .whitespacesAndNewlines)
            }
        } catch {
            throw error as? Errno ?? .ioError
        }
    }

    /// Files of control groups are there already.
    fileprivate static func write(_ text: String, to file: String) throws(Errno) {
        do {
            let descriptor = try FileDescriptor.open(file, .writeOnly, options: [.closeOnExec, .truncate])
            try descriptor.closeAfter { _ = try descriptor.writeAll(Array(text.utf8)) }
        } catch {
            throw error as? Errno ?? .ioError
        }
    }
}

/// The control group of one process of a function, and of all that it has started, wherever that has gone.
struct ControlGroup: Sendable {
    struct Limits: Sendable {
        var memoryMegabytes: Int
        var processes: Int
        /// Nil: as many as there are.
        var cores: Double?
    }

    let place: String
    /// Whether the kernel limits memory and processes.
    let limitsAll: Bool

    /// Puts a process in it: what it starts from then on is in it too.
    func add(_ process: pid_t) throws(FunctionHostError) {
        do throws(Errno) {
            try ControlGroups.write("\(process)", to: place + "/cgroup.procs")
        } catch {
            throw FunctionHostError("the process can't be put into the control group \(place): \(error)")
        }
    }

    /// Whether more processes were wanted than there may be.
    var hasHitProcessLimit: Bool {
        let events = (try? ControlGroups.read(place + "/pids.events")) ?? ""
        return events.split(separator: "\n").contains { $0.hasPrefix("max ") && $0 != "max 0" }
    }

    /// Kills all that is in it at once, and takes it away.
    ///
    /// - Returns: whether it is gone.
    @discardableResult
    func end() async -> Bool {
        for _ in 0..<200 {
            guard rmdir(place) != 0, errno == EBUSY else { break }
            kill()
            // What was killed takes a moment to be gone.
            try? await Task.sleep(for: .milliseconds(10))
        }
        return access(place, F_OK) != 0
    }

    func kill() {
        do throws(Errno) {
            try ControlGroups.write("1", to: place + "/cgroup.kill")
        } catch {
            // Kernels before 5.14 can't.
            for process in ((try? ControlGroups.read(place + "/cgroup.procs")) ?? "").split(separator: "\n") {
                guard let process = pid_t(process), process > 0 else { continue }
                #if canImport(Glibc)
                    _ = Glibc.kill(process, SIGKILL)
                #elseif canImport(Musl)
                    _ = Musl.kill(process, SIGKILL)
                #else
                    _ = Darwin.kill(process, SIGKILL)
                #endif
            }
        }
    }
}
