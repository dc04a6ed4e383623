/// Which functions an expression finds.
package enum JSONataDialect: Sendable {
    /// The language of docs.jsonata.org.
    case standard
    /// What Step Functions offers: `$partition`, `$range`, `$hash`, `$uuid`, `$parse`, a `$random` with a seed, and no
    /// `$eval`.
    case stepFunctions
}

/// What an evaluation can't compute from its input: the time and chance.
package struct JSONataEnvironment: Sendable {
    /// The moment of `$now()` and `$millis()`, the same throughout one evaluation.
    package var now: Timestamp
    /// The source of `$random()`, `$shuffle()` and `$uuid()`.
    package var random: any RandomNumberGenerator & Sendable
    /// The time since the evaluation began, for ``JSONataBounds/time``; a clock that stands still is never late.
    package var elapsed: @Sendable () -> Duration

    /// - Parameters:
    ///   - now: The moment that the expression takes for the present.
    ///   - random: The source of chance.
    ///   - elapsed: The time since the evaluation began; by default the machine's own clock, started here.
    package init(
        now: Timestamp,
        random: any RandomNumberGenerator & Sendable = SystemRandomNumberGenerator(),
        elapsed: (@Sendable () -> Duration)? = nil
    ) {
        self.now = now
        self.random = random
        let start = ContinuousClock.now
        self.elapsed = elapsed ?? { ContinuousClock.now - start }
    }
}
