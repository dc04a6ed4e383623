/// The system's random numbers, and whether anybody wanted some: what was drawn can't be drawn again.
struct WitnessedRandom: RandomNumberGenerator {
    private var base = SystemRandomNumberGenerator()
    private(set) var wasUsed = false

    mutating func next() -> UInt64 {
        wasUsed = true
        return base.next()
    }
}
