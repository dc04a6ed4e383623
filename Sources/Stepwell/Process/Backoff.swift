/// How long to wait before trying again what the database could not do: longer each time, with jitter.
struct Backoff {
    private static let first: Duration = .milliseconds(50)
    private static let longest: Duration = .seconds(1)
    private let surroundings: any Surroundings
    private var next = first

    init(_ surroundings: any Surroundings = ProcessSurroundings()) {
        self.surroundings = surroundings
    }

    /// The pause before the next attempt.
    mutating func pause() -> Duration {
        let pause = next
        next = min(next * 2, Self.longest)
        return pause * surroundings.random(in: 0.8...1)
    }

    /// Waits for that long, or until the task is cancelled.
    mutating func wait() async {
        await surroundings.sleep(for: pause())
    }

    /// It worked: the next trouble starts from the beginning.
    mutating func reset() {
        next = Self.first
    }
}
