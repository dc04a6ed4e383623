import Foundation
import JSON
import Logging
import Store
import Synchronization
import Testing

@testable import FunctionHost

@Suite("Control groups")
struct ControlGroupTests {
    @Test(arguments: [
        ("0::/system.slice/stepwell-worker@1.service", "/sys/fs/cgroup/system.slice/stepwell-worker@1.service"),
        ("9:name=systemd:/x\n0::/a b", "/sys/fs/cgroup/a b"), ("0::/", "/sys/fs/cgroup"),
        ("9:name=systemd:/x\n8:pids:/", nil), ("", nil),
    ])
    func theOwnGroupIsFound(process: String, place: String?) {
        let mounts = "proc /proc proc rw 0 0\ncgroup2 /sys/fs/cgroup cgroup2 rw,nsdelegate 0 0\n"
        #expect(ControlGroups.place(inProcess: process, mounts: mounts) == place)
        #expect(ControlGroups.place(inProcess: process, mounts: "tmpfs /sys/fs/cgroup tmpfs rw 0 0\n") == nil)
        let spaced = "cgroup2 /mnt/a\\040b cgroup2 rw 0 0\n"
        #expect(ControlGroups.place(inProcess: "0::/c", mounts: spaced) == "/mnt/a b/c")
    }

    @Test(arguments: [("sure", "expected on, off or an absolute path"), ("/proc/self", "can't be made in /proc/self")])
    func whereThereAreNoneTheErrorSaysSo(setting: String, message: String) {
        let error = #expect(throws: FunctionHostError.self) {
            try ControlGroups.find(in: [ControlGroups.variable: setting])
        }
        #expect(error?.description.contains(message) == true, "\(error?.description ?? "")")
    }

    @Test(arguments: [[:], [ControlGroups.variable: ""], [ControlGroups.variable: "off"]])
    func nobodyHasToHaveThem(environment: [String: String]) throws {
        #expect(try ControlGroups.find(in: environment)?.controllers == nil)
    }

    /// A directory that looks like a group's, made of ordinary files.
    private struct Tree {
        let place = FileManager.default.temporaryDirectory.appending(path: "swcg.\(UUID().uuidString.prefix(8))").path

        func make(_ name: String, _ files: [String: String]) throws {
            try FileManager.default.createDirectory(atPath: "\(place)/\(name)", withIntermediateDirectories: true)
            for (file, text) in files { try Data(text.utf8).write(to: URL(filePath: "\(place)/\(name)/\(file)")) }
        }

        func read(_ file: String) throws -> String { try String(contentsOfFile: "\(place)/\(file)", encoding: .utf8) }
        func remove() { try? FileManager.default.removeItem(atPath: place) }
    }

    @Test func limitsAreWritten() throws {
        let tree = Tree()
        defer { tree.remove() }
        let name = "function-\(getpid())-7"
        let files = ["memory.max", "memory.swap.max", "memory.oom.group", "pids.max", "cpu.max", "cgroup.procs"]
        try tree.make(name, Dictionary(uniqueKeysWithValues: files.map { ($0, "max and more") }))
        let groups = ControlGroups(directory: tree.place, controllers: ["cpu", "memory", "pids"])
        let group = try groups.make("7", limits: .init(memoryMegabytes: 128, processes: 64, cores: 0.5))
        try group.add(4711)
        #expect(
            try files.map { try tree.read("\(name)/\($0)") } == [
                "134217728", "0", "1", "64", "50000 100000", "4711",
            ]
        )
        #expect(group.limitsAll && !group.hasHitProcessLimit)
        try tree.make(name, ["pids.events": "max 0\n"])
        #expect(!group.hasHitProcessLimit)
        try tree.make(name, ["pids.events": "max 3\n"])
        #expect(group.hasHitProcessLimit)
        // Who has no controllers has a group all the same, and is watched.
        try tree.make(name, ["memory.max": "max"])
        let bare = ControlGroups(directory: tree.place, controllers: ["pids"])
        #expect(try bare.make("7", limits: .init(memoryMegabytes: 1, processes: 1)).limitsAll == false)
        #expect(try tree.read("\(name)/memory.max") == "max")
        #expect(try tree.read("\(name)/cpu.max") == "50000 100000")
    }

    @Test func processesThatAreThereMakeRoomForGroups() throws {
        let tree = Tree()
        defer { tree.remove() }
        try tree.make(
            "",
            ["cgroup.procs": "17\n", "cgroup.controllers": "cpu io memory pids\n", "cgroup.subtree_control": ""]
        )
        try tree.make("worker", ["cgroup.procs": ""])
        try tree.make("function-1-1", [:])
        try tree.make("function-1-2", ["cgroup.procs": "18\n"])
        _ = try ControlGroups(tree.place)
        #expect(try tree.read("worker/cgroup.procs") == "17")
        // The kernel adds what is written; a file has what was written last.
        #expect(try tree.read("cgroup.subtree_control") == "+pids")
        // What a worker left behind that was killed is taken away, if nothing lives there.
        let left = try FileManager.default.contentsOfDirectory(atPath: tree.place).filter { $0.hasPrefix("function-") }
        #expect(left == ["function-1-2"])
    }

    // MARK: The kernel's own

    private static let cause: Comment = "no control groups of version 2 can be made on this machine"
    private static let count = Atomic(0)

    /// Where the kernel's own can be made.
    private static let kernel: String? = {
        func read(_ file: String) -> String { (try? String(contentsOfFile: file, encoding: .utf8)) ?? "" }
        let mounts = read("/proc/self/mounts")
        guard let place = ControlGroups.place(inProcess: read("/proc/self/cgroup"), mounts: mounts) else { return nil }
        let probe = "\(place)/stepwell-test-\(getpid())"
        guard mkdir(probe, 0o755) == 0 else { return nil }
        rmdir(probe)
        return place
    }()

    /// Runs the body with groups of the kernel's in a directory of their own.
    private func withGroups<Value>(_ body: (ControlGroups, String) async throws -> Value) async throws -> Value {
        let number = Self.count.add(1, ordering: .relaxed).newValue
        let place = "\(try #require(Self.kernel))/stepwell-test-\(getpid())-\(number)"
        try #require(mkdir(place, 0o755) == 0)
        defer { rmdir(place) }
        return try await body(try ControlGroups(place), place)
    }

    @Test(.enabled(if: kernel != nil, cause))
    func whateverAFunctionStartsEndsWithIt() async throws {
        // A daemon in a session of its own: no process group holds it.
        let script = """
            call, event, _ = next_call()
            if os.fork() == 0:
                os.setsid()
                if os.fork() == 0:
                    os.close(1); os.close(2)
                    open(event, "w").write(str(os.getpid()))
                    time.sleep(600)
                os._exit(0)
            while not os.path.exists(event) or not open(event).read(): time.sleep(0.01)
            reply(call, [open("/proc/self/cgroup").read(), open(event).read()])
            next_call()
            """
        let host = try await Host(["daemon": (script, #""timeout": 60, "recycleAfter": 1"#)])
        let file = host.folder.appending(path: "pid").path
        defer { try? FileManager.default.removeItem(at: host.folder) }
        let reply = try await withGroups { groups, place in
            let reply = try await host.withWorker(controlGroups: groups, keepsFolder: true) {
                try await host.call("daemon", .string(file))
            }
            #expect(
                try FileManager.default.contentsOfDirectory(atPath: place).allSatisfy { !$0.hasPrefix("function-") }
            )
            return reply
        }
        let words = try #require(try reply.output?.value().array, "\(reply.cause ?? "")")
        #expect(words[0].string?.contains("/function-\(getpid())-") == true, "\(words[0])")
        let daemon = try #require(words[1].string.flatMap(Int32.init))
        #expect(kill(daemon, 0) != 0 || ProcessGroup.isAlive(daemon) == false)
    }

    @Test(
        .enabled(if: kernel != nil, cause),
        arguments: FunctionHostTests.misfortunes
    )
    func misfortunesAreTheSame(_ misfortune: FunctionHostTests.Misfortune) async throws {
        let host = try await Host(["bad": (misfortune.script, misfortune.settings)])
        let bad = try await withGroups { groups, _ in
            try await host.withWorker(controlGroups: groups) { try await host.call("bad") }
        }
        #expect(bad.error == misfortune.error)
        #expect(bad.cause?.contains(misfortune.message) == true, "\(bad.cause ?? "no cause")")
    }
}
