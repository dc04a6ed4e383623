/// Random numbers, and whether anybody wanted some: what was drawn can't be drawn again.
struct WitnessedRandom: RandomNumberGenerator {
    let surroundings: any Surroundings
    private(set) var wasUsed = false

    init(_ surroundings: any Surroundings) {
        self.surroundings = surroundings
    }

    mutating func next() -> UInt64 {
        wasUsed = true
        return surroundings.randomBits()
    }
}
