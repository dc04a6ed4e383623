import Foundation
import Logging
import NIOPosix
import Subprocess
import Synchronization
import SystemPackage

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// One process of a function, the shell that guards it, and the endpoint that it talks to.
///
/// The guard is the leader of a process group. It waits for the function, and for the end of its own input, which this
/// process holds open: when that ends, by a kill if need be, the guard kills the group. So no function outlives its worker.
final class FunctionProcess: Sendable {
    /// Starts the function, and kills everything once nobody holds the other end of file 3.
    private static let guardScript = """
        ulimit -c 0
        "$@" 3<&- &
        function=$!
        { read -r _ <&3; kill -KILL 0; } 2>/dev/null &
        watch=$!
        wait "$function"
        status=$?
        kill -KILL "$watch" 2>/dev/null
        exit "$status"
        """
    /// The input that ends with the worker. In a control group, the guard waits for a line: that it is in there.
    private static let input = "exec 3<&0 0</dev/null\n"
    private static let gate = "read -r _ <&3 || exit 1\n"
    /// How long Lambda lets a process start before it starts it once more, then with the function's own timeout. Here it
    /// goes on with the first start, and has both.
    /// (https://docs.aws.amazon.com/lambda/latest/dg/lambda-runtime-environment.html)
    private static let initialization: Duration = .seconds(10)

    let session: RuntimeSession
    private let output: OutputPipe
    private let life = Mutex<Task<Void, Never>?>(nil)
    private let calls = Mutex(0)
    private let isOver = Mutex(false)
    /// Of whom it is the leader; 0: it has not started yet.
    private let leader = Mutex<pid_t>(0)
    private let controlGroup: ControlGroup?
    private let memory: Mutex<MemoryGrowth>
    private let logger: Logger

    private init(
        session: RuntimeSession,
        output: OutputPipe,
        controlGroup: ControlGroup?,
        memory: MemoryGrowth,
        logger: Logger
    ) {
        self.session = session
        self.output = output
        self.controlGroup = controlGroup
        self.memory = Mutex(memory)
        self.logger = logger
    }

    /// Starts a process. Whether it works shows when it is given a call.
    ///
    /// - Parameter controlGroups: where its control group is made; nil: it has none.
    static func start(
        _ function: HostedFunction,
        region: String,
        controlGroups: ControlGroups?,
        logger: Logger
    ) async throws -> FunctionProcess {
        let session = RuntimeSession(
            timeout: function.timeout,
            startTimeout: initialization + function.timeout,
            loop: MultiThreadedEventLoopGroup.singleton.next()
        )
        let endpoint = try await RuntimeEndpoint(session: session)
        let process: FunctionProcess
        let variables: [Environment.Key: String]
        do {
            variables = try function.variables(port: endpoint.port, region: region)
            let output = try OutputPipe(logger)
            let limits = ControlGroup.Limits(
                memoryMegabytes: function.memoryMegabytes,
                processes: ProcessGroup.mostProcesses,
                cores: function.cores
            )
            process = FunctionProcess(
                session: session,
                output: output,
                controlGroup: try controlGroups?.make(UUID().uuidString, limits: limits),
                memory: MemoryGrowth(above: function.recycleAbove, percent: function.recycleGrowth),
                logger: logger
            )
        } catch {
            endpoint.close()
            throw error
        }
        var options = PlatformOptions()
        options.processGroupID = 0
        let command =
            (function.owner?.command ?? [])
            + ["/bin/sh", "-c", input + (process.controlGroup == nil ? "" : gate) + guardScript, function.name]
            + function.command
        let configuration = Configuration(
            executable: .path(FilePath(command[0])),
            arguments: Arguments(Array(command.dropFirst())),
            environment: .custom(variables),
            workingDirectory: FilePath(function.workingDirectory.path),
            platformOptions: options
        )
        let memory = function.memoryMegabytes
        process.life.withLock { life in
            life = Task {
                await process.live(configuration, endpoint, memory)
                process.isOver.withLock { $0 = true }
            }
        }
        return process
    }

    private func live(_ configuration: Configuration, _ endpoint: RuntimeEndpoint, _ memoryMegabytes: Int) async {
        let (started, start) = AsyncStream.makeStream(of: pid_t.self)
        await withTaskGroup { tasks in
            tasks.addTask { [session, controlGroup] in
                guard let group = await started.first(where: { _ in true }) else { return }
                await Self.watch(group, memoryMegabytes, session, controlGroup)
            }
            session.end(.ended(await self.run(configuration, start)))
            start.finish()
            tasks.cancelAll()
        }
        endpoint.close()
        if let controlGroup, await !controlGroup.end() {
            logger.error("A function's control group can't be removed", metadata: ["place": "\(controlGroup.place)"])
        }
    }

    /// Runs the process to its end, and says how that came.
    private func run(_ configuration: Configuration, _ start: AsyncStream<pid_t>.Continuation) async -> String {
        do {
            let result = try await Subprocess.run(
                configuration,
                input: .inputWriter,
                output: .fileDescriptor(output.writer, closeAfterSpawningProcess: false),
                error: .fileDescriptor(output.writer, closeAfterSpawningProcess: false)
            ) { execution in
                output.closeWriter()
                let process = execution.processIdentifier.value
                leader.withLock { $0 = process }
                start.yield(process)
                if let controlGroup {
                    try controlGroup.add(process)
                    _ = try await execution.standardInputWriter.write("\n")
                }
                // The guard prints nothing, and holds its output open until it ends.
                await output.closed()
            }
            return Self.words(for: result.terminationStatus)
        } catch {
            output.closeWriter()
            return "\(error)"
        }
    }

    /// Kills a group whose session is over, whose guard has ended, or that has more in memory, or more processes, than its
    /// function may.
    private static func watch(
        _ group: pid_t,
        _ memoryMegabytes: Int,
        _ session: RuntimeSession,
        _ controlGroup: ControlGroup?
    ) async {
        // The kernel kills what takes too much memory.
        let isLimited = controlGroup?.limitsAll == true
        var reason: InvocationOutcome?
        while !Task.isCancelled {
            var pause = Duration.zero
            switch session.activity {
            case .over: reason = .cancelled
            case .resting: break
            case .busy where isLimited:
                if controlGroup?.hasHitProcessLimit == true { reason = .ended("signal: killed") }
            case .busy:
                let start = ContinuousClock.now
                let usage = ProcessGroup.usage(of: group)
                // Where there are thousands of processes, looking costs: it is done half as often.
                pause = min(.milliseconds(100), start.duration(to: .now) * 50)
                if usage.processes > ProcessGroup.mostProcesses || usage.bytes > memoryMegabytes << 20 {
                    reason = .ended("signal: killed")
                }
            }
            if let reason {
                // Whoever waits is told first: the end of a process that was killed says less.
                session.end(reason)
                kill(-group, SIGKILL)
                return
            }
            if !ProcessGroup.isAlive(group) {
                // What it has left behind may hold its output open.
                kill(-group, SIGKILL)
                return
            }
            do { try await Task.sleep(for: max(.milliseconds(50), pause)) } catch { return }
        }
    }

    /// As Lambda says it. The guard, like every shell, exits with 128 and the signal's number.
    private static func words(for status: TerminationStatus) -> String {
        switch status {
        case .exited(let code) where code > 128 && code < 160: "signal: \(name(ofSignal: Int32(code) - 128))"
        case .exited(let code): "exit status \(code)"
        case .signaled(let signal): "signal: \(name(ofSignal: Int32(signal)))"
        }
    }

    private static func name(ofSignal number: Int32) -> String {
        strsignal(number).map { String(cString: $0).lowercased() } ?? "\(number)"
    }

    // MARK: Calls

    /// How many calls it has had, this one counted.
    func countCall() -> Int {
        calls.withLock {
            $0 += 1
            return $0
        }
    }

    /// Gives it a call, and waits for what comes of that.
    func run(_ call: FunctionCall) async -> InvocationOutcome {
        output.begin(call.logger, call.logTail)
        let outcome = await session.invoke(call.invocation)
        output.endCall()
        return outcome
    }

    /// Whether it has so much more in memory than before that it should be replaced. It must be resting.
    var hasGrown: Bool {
        let group = leader.withLock(\.self)
        return memory.withLock { $0.isTooMuch(after: calls.withLock(\.self)) { ProcessGroup.usage(of: group).bytes } }
    }

    /// Ends it at once, without waiting for that.
    func stop() { session.end(.cancelled) }

    /// Waits until nothing of it is left.
    func ended() async { await life.withLock(\.self)?.value }

    /// Whether nothing of it is left.
    var hasEnded: Bool { isOver.withLock(\.self) }
}
