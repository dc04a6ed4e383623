import Expressions
import Foundation
import Testing

@testable import Stepwell

/// The parts of a worker process that stand by themselves.
@Suite struct ProcessTests {
    // MARK: The database's clock

    @Test func theBestAnswerSaysWhatTimeItIs() {
        let start = ContinuousClock.now
        func at(_ seconds: Double) -> ContinuousClock.Instant { start.advanced(by: .seconds(seconds)) }
        func time(_ seconds: Double) -> Timestamp { Timestamp(microseconds: Int64(seconds * 1_000_000)) }
        var clock = DatabaseClock(now: start)
        #expect(clock.time(at: at(0)) == nil)
        // The answer took half a second, the next one only a tenth.
        clock.observe(time(99.5), at: at(0))
        #expect(clock.time(at: at(1)) == time(100.5))
        clock.observe(time(100.9), at: at(1))
        #expect(clock.time(at: at(2)) == time(101.9))
        clock.observe(time(101.2), at: at(2))
        #expect(clock.time(at: at(3)) == time(102.9))
        #expect(clock.instant(of: time(103.9), now: at(3)) == at(4))
        // A clock that was put back an hour is believed once old answers are forgotten.
        clock.observe(time(-3490), at: at(10))
        #expect(clock.time(at: at(10)) == time(109.9))
        clock.observe(time(-3480), at: at(20))
        #expect(clock.time(at: at(20)) == time(-3480))
    }

    @Test(arguments: [Int64.max, .min])
    func timesBeyondAllBoundsAreFarAway(_ microseconds: Int64) {
        let now = ContinuousClock.now
        var clock = DatabaseClock(now: now)
        clock.observe(Timestamp(microseconds: 1), at: now)
        let distance = now.duration(to: clock.instant(of: Timestamp(microseconds: microseconds), now: now))
        #expect(abs(distance.components.seconds) <= 86_400)
    }

    // MARK: Mailboxes

    @Test func aLetterWakesTheSleeper() async {
        let box = Mailbox<[Int]>([])
        async let sleeper: Void = box.wait()
        box.post { $0.append(1) }
        await sleeper
        box.post { $0.append(2) }
        #expect(box.take() == [1, 2])
        #expect(box.take() == [])
    }

    @Test func aSleepEndsAtItsDeadlineOrWithItsTask() async {
        let box = Mailbox<[Int]>([])
        await box.wait(until: .now.advanced(by: .milliseconds(1)))
        await box.wait(until: .now.advanced(by: .seconds(-1)))
        let task = Task { await box.wait() }
        task.cancel()
        await task.value
        // Neither the old timers nor the cancellation end a sleep that is not theirs.
        async let sleeper: Void = box.wait()
        box.post { $0.append(1) }
        await sleeper
        #expect(box.take() == [1])
    }

    @Test func noLetterIsLostHoweverManyArePosted() async {
        let box = Mailbox(0)
        await withTaskGroup { group in
            for _ in 0..<1000 { group.addTask { box.post { $0 += 1 } } }
            var sum = 0
            while sum < 1000 {
                await box.wait()
                sum += box.take()
            }
            #expect(sum == 1000)
        }
    }

    // MARK: Names

    @Test(.timeLimit(.minutes(5))) func aNameIsFreeAgainWhenItsLockIsGone() async throws {
        let name = "lock-\(UUID())"
        var lock: NameLock? = try NameLock(name)
        #expect(throws: WorkerError.self) { try NameLock(name) }
        _ = try NameLock(name + "2")
        #expect(lock != nil)
        lock = nil
        // A program that another test is just starting may hold a copy of the socket until it has replaced its image.
        while (try? NameLock(name)) == nil { try await Task.sleep(for: .milliseconds(5)) }
    }

    // MARK: systemd

    @Test(arguments: [true, false])
    func tellsSystemdHowItIs(_ isAbstract: Bool) throws {
        let name = isAbstract ? "@stepwell-test-\(UUID())" : "/tmp/stepwell-test-\(UUID())"
        defer { if !isAbstract { unlink(name) } }
        let address = try #require(UnixAddress(name))
        let receiver = UnixAddress.datagramSocket()
        defer { close(receiver) }
        try #require(address.withPointer { bind(receiver, $0, $1) } == 0)
        let notifier = ServiceNotifier(environment: ["NOTIFY_SOCKET": name, "WATCHDOG_USEC": "30000000"])
        #expect(notifier.watchdogInterval == .seconds(15))
        notifier.ready()
        notifier.feedWatchdog()
        notifier.stopping()
        var messages: [String] = []
        for _ in 0..<3 {
            var buffer = [UInt8](repeating: 0, count: 100)
            let count = recv(receiver, &buffer, buffer.count, 0)
            messages.append(String(decoding: buffer.prefix(max(0, count)), as: UTF8.self))
        }
        #expect(messages.map { $0.prefix { $0 != "\n" } } == ["READY=1", "WATCHDOG=1", "STOPPING=1"])
    }

    @Test(arguments: [[:], ["WATCHDOG_USEC": "1000000"], ["NOTIFY_SOCKET": "", "WATCHDOG_USEC": "x"]])
    func isSilentWithoutSystemd(_ environment: [String: String]) {
        let notifier = ServiceNotifier(environment: environment)
        #expect(notifier.watchdogInterval == nil)
        notifier.ready()
    }

    @Test func theWatchdogOfAnotherProcessIsNotOurs() {
        let environment = ["NOTIFY_SOCKET": "@nobody", "WATCHDOG_USEC": "1000000", "WATCHDOG_PID": "1"]
        #expect(ServiceNotifier(environment: environment).watchdogInterval == nil)
    }

    // MARK: Configuration

    @Test func readsTheEnvironment() throws {
        let configuration = try WorkerConfiguration(environment: [
            "STEPWELL_WORKER_NAME": "orders", "STEPWELL_CONCURRENCY": "7", "STEPWELL_LEASE_SECONDS": "30",
            "STEPWELL_NOTIFY": "off", "STEPWELL_SHUTDOWN_SECONDS": "0", "STEPWELL_START_SECONDS": "5",
            "STEPWELL_LISTEN_URL": "host=direct",
        ])
        #expect(configuration.name == "orders")
        #expect(configuration.concurrency == 7)
        #expect(configuration.lease == .seconds(30))
        #expect(!configuration.usesNotifications)
        #expect(configuration.shutdownTimeout == .zero)
        #expect(configuration.startTimeout == .seconds(5))
        #expect(configuration.listenDatabase == "host=direct")
    }

    @Test(arguments: [
        ("STEPWELL_CONCURRENCY", "0"), ("STEPWELL_CONCURRENCY", "many"), ("STEPWELL_CONCURRENCY", "1e3"),
        ("STEPWELL_LEASE_SECONDS", "0"), ("STEPWELL_LEASE_SECONDS", "99999999999999999999"),
        ("STEPWELL_NOTIFY", "maybe"), ("STEPWELL_SHUTDOWN_SECONDS", "-1"),
    ])
    func namesTheVariableThatMakesNoSense(_ variable: String, _ value: String) {
        let error = #expect(throws: WorkerError.self) { try WorkerConfiguration(environment: [variable: value]) }
        #expect(error?.message.contains("\(variable)=\(value)") == true)
    }
}
