internal import Glibc

/// Runs deep recursions on a thread with a stack of its own, because the threads of tasks have little. The memory is
/// only touched as far as the recursion goes.
enum LargeStack {
    private static let size = 64 * 1_024 * 1_024

    /// Runs the body on such a thread and waits for it.
    ///
    /// - Throws: The body's error, or a bound when there is no thread to be had.
    static func run<Result>(_ body: @escaping () throws(JSONataError) -> Result) throws(JSONataError) -> Result {
        let job = Job(body)
        var attributes = pthread_attr_t()
        pthread_attr_init(&attributes)
        defer { pthread_attr_destroy(&attributes) }
        pthread_attr_setstacksize(&attributes, size)
        var thread = pthread_t()
        let reference = Unmanaged<AnyJob>.passRetained(job)
        let status = pthread_create(
            &thread,
            &attributes,
            { argument in
                if let argument { Unmanaged<AnyJob>.fromOpaque(argument).takeRetainedValue().run() }
                return nil
            },
            reference.toOpaque()
        )
        guard status == 0 else {
            reference.release()
            throw .bound("there is no thread for a deep evaluation (error \(status))")
        }
        pthread_join(thread, nil)
        return try job.outcome()
    }

    private class AnyJob {
        func run() {}
    }

    private final class Job<Result>: AnyJob {
        private let body: () throws(JSONataError) -> Result
        private var result: Swift.Result<Result, JSONataError>?

        init(_ body: @escaping () throws(JSONataError) -> Result) { self.body = body }

        override func run() {
            do throws(JSONataError) {
                result = .success(try body())
            } catch {
                result = .failure(error)
            }
        }

        func outcome() throws(JSONataError) -> Result {
            guard let result else { throw .bound("the thread of a deep evaluation ended early") }
            return try result.get()
        }
    }
}
