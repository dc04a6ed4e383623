/// How long to wait before trying again what the database could not do: longer each time, with jitter.
struct Backoff {
    private static let first: Duration = .milliseconds(50)
    private static let longest: Duration = .seconds(1)
    private var next = first

    /// The pause before the next attempt.
    mutating func pause() -> Duration {
        let pause = next
        next = min(next * 2, Self.longest)
        return pause.jittered()
    }

    /// It worked: the next trouble starts from the beginning.
    mutating func reset() {
        next = Self.first
    }
}

extension Duration {
    /// Between 80 % and 100 % of the duration, so that processes don't act in step.
    func jittered() -> Duration {
        self * Double.random(in: 0.8...1)
    }
}
