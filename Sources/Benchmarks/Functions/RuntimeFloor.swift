import Foundation
import Subprocess
import Synchronization

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// The least that calls of the function can cost: a Runtime API server that answers from memory, with blocking sockets.
final class RuntimeFloor: Sendable {
    private struct End: Sendable {
        var isThere = false
        /// Nil: the process has ended before.
        var duration: Duration?
        var waiter: CheckedContinuation<Duration?, Never>?
    }

    private let listener: Int32
    private let port: UInt16
    private let calls: Int
    private let times = Mutex<(answered: Int, start: ContinuousClock.Instant?)>((0, nil))
    private let end = Mutex(End())

    /// Microseconds for one call.
    static func measure(_ folder: URL, calls: Int) async throws -> Double {
        // A process that is ended closes its connection while it is being answered.
        signal(SIGPIPE, SIG_IGN)
        let floor = try RuntimeFloor(calls: calls)
        let directory = folder.appending(path: PythonFunction.name)
        let duration = await withTaskGroup(of: Void.self) { group in
            group.addTask {
                _ = try? await PythonFunction.run(
                    ["-m", "awslambdaric", PythonFunction.handler],
                    in: directory,
                    environment: [
                        "AWS_LAMBDA_RUNTIME_API": "127.0.0.1:\(floor.port)",
                        "PYTHONPATH": PythonFunction.searchPath(directory),
                        "PYTHONUNBUFFERED": "1", "AWS_REGION": "us-east-1", "LAMBDA_TASK_ROOT": directory.path,
                        "_HANDLER": PythonFunction.handler, "AWS_LAMBDA_FUNCTION_NAME": PythonFunction.name,
                        "AWS_LAMBDA_FUNCTION_VERSION": "$LATEST", "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "512",
                    ]
                )
                floor.finish(nil)
            }
            let duration = await floor.duration()
            group.cancelAll()
            return duration
        }
        guard let duration else { throw BenchFailure("awslambdaric has ended without making all calls") }
        return duration / .microseconds(calls)
    }

    private init(calls: Int) throws {
        self.calls = calls
        #if canImport(Darwin)
            let stream = SOCK_STREAM
        #else
            let stream = Int32(SOCK_STREAM.rawValue)
        #endif
        let listener = socket(AF_INET, stream, 0)
        self.listener = listener
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let isBound = withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(listener, $0, length) == 0 && listen(listener, 16) == 0 && getsockname(listener, $0, &length) == 0
            }
        }
        guard isBound else { throw BenchFailure("no loopback port can be listened on") }
        port = UInt16(bigEndian: address.sin_port)
        Thread.detachNewThread { [self] in accept() }
    }

    private func accept() {
        while true {
            #if canImport(Glibc)
                let connection = Glibc.accept(listener, nil, nil)
            #elseif canImport(Musl)
                let connection = Musl.accept(listener, nil, nil)
            #else
                let connection = Darwin.accept(listener, nil, nil)
            #endif
            guard connection >= 0 else {
                close(listener)
                return
            }
            var on: Int32 = 1
            setsockopt(connection, Int32(IPPROTO_TCP), TCP_NODELAY, &on, socklen_t(MemoryLayout<Int32>.size))
            Thread.detachNewThread { [self] in
                serve(connection)
                close(connection)
            }
        }
    }

    private func serve(_ connection: Int32) {
        var input: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 65_536)
        while true {
            // Head and body of a request.
            guard let head = input.firstRange(of: Array("\r\n\r\n".utf8)),
                case let length = Self.contentLength(of: input[..<head.lowerBound]),
                input.count >= head.upperBound + length
            else {
                let count = recv(connection, &buffer, buffer.count, 0)
                guard count > 0 else { return }
                input += buffer[..<count]
                continue
            }
            let isNext = input.starts(with: Array("GET ".utf8))
            input.removeSubrange(..<(head.upperBound + length))
            guard let reply = isNext ? next() : answered() else { return }
            guard send(connection, reply, reply.count, 0) == reply.count else { return }
        }
    }

    private static func contentLength(of head: ArraySlice<UInt8>) -> Int {
        let lines = String(decoding: head, as: UTF8.self).lowercased().split(separator: "\r\n")
        return lines.lazy
            .compactMap { $0.hasPrefix("content-length:") ? Int($0.dropFirst(15).filter { $0 != " " }) : nil }
            .first ?? 0
    }

    /// - Returns: nil: there are no more calls.
    private func next() -> [UInt8]? {
        let number = times.withLock { times in
            if times.answered == PythonFunction.warmUp { times.start = .now }
            return times.answered
        }
        guard number < PythonFunction.warmUp + calls else { return nil }
        return Self.reply(
            "200 OK",
            PythonFunction.event,
            """
            Lambda-Runtime-Aws-Request-Id: 8476a536-e9f4-11e8-9739-2dfe\(String(10_000_000 + number))\r
            Lambda-Runtime-Deadline-Ms: \(Int64(Date().timeIntervalSince1970 * 1000) + 60_000)\r
            Lambda-Runtime-Invoked-Function-Arn: arn:aws:lambda:us-east-1:000000000000:function:receipt\r

            """
        )
    }

    private func answered() -> [UInt8] {
        let duration = times.withLock { times -> Duration? in
            times.answered += 1
            guard times.answered == PythonFunction.warmUp + calls else { return nil }
            return times.start.map { $0.duration(to: .now) }
        }
        if let duration { finish(duration) }
        return Self.reply("202 Accepted", #"{"status":"OK"}"#)
    }

    private static func reply(_ status: String, _ body: String, _ headers: String = "") -> [UInt8] {
        Array(
            "HTTP/1.1 \(status)\r\nContent-Type: application/json\r\n\(headers)Content-Length: \(body.utf8.count)\r\n\r\n\(body)"
                .utf8
        )
    }

    // MARK: The end

    private func finish(_ duration: Duration?) {
        let (isFirst, waiter) = end.withLock { end -> (Bool, CheckedContinuation<Duration?, Never>?) in
            guard !end.isThere else { return (false, nil) }
            end.isThere = true
            end.duration = duration
            defer { end.waiter = nil }
            return (true, end.waiter)
        }
        // Once: after that the descriptor may be somebody else's.
        if isFirst { shutdown(listener, Int32(SHUT_RDWR)) }
        waiter?.resume(returning: duration)
    }

    private func duration() async -> Duration? {
        await withCheckedContinuation { continuation in
            let end = end.withLock { end in
                if !end.isThere { end.waiter = continuation }
                return end
            }
            if end.isThere { continuation.resume(returning: end.duration) }
        }
    }
}
