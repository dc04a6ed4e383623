import Postgres

extension Store {
    /// Changes the limits of the whole installation; nil: as it is. Processes that run keep theirs until they start again.
    ///
    /// - Parameters:
    ///   - isStrict: whether all limits are AWS's. Turning it on or off sets those that are not given here.
    ///   - payloadBytes: 1 KiB to 256 MiB.
    ///   - historyEvents: 100 to 100 million.
    /// - Returns: the settings as they are now.
    package func changeSettings(
        isStrict: Bool? = nil,
        payloadBytes: Int? = nil,
        historyEvents: Int? = nil
    ) async throws(StoreError) -> Settings {
        _ = try await query(
            Statement(
                "select stepwell.change_settings($1, $2, $3)",
                [
                    .bool(isStrict), .int4(payloadBytes.map { Int32(clamping: $0) }),
                    .int4(historyEvents.map { Int32(clamping: $0) }),
                ]
            )
        )
        return try await Settings.load(from: pool)
    }
}
