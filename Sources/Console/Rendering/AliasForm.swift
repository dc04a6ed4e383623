/// What a form for an alias of a state machine or of a function begins with.
struct AliasForm {
    let address: String
    /// nil: of one that is to be.
    let name: String?
    let description: String?
    let version: String?
    let other: Int?
    /// How many of a hundred the other one gets.
    let percent: String?
    let mayDelete: Bool

    static func new(at address: String, version: Int?) -> AliasForm {
        AliasForm(
            address: address,
            name: nil,
            description: nil,
            version: version.map { "\($0)" },
            other: nil,
            percent: nil,
            mayDelete: false
        )
    }
}
