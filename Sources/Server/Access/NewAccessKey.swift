/// An access key that was just made; its secret exists nowhere else in the clear.
package struct NewAccessKey: Sendable {
    /// `SW` and 18 more capital letters and digits: shaped like AWS's, and not to be taken for one.
    package let id: String
    /// 40 letters and digits.
    package let secret: String

    package init() {
        var generator = SystemRandomNumberGenerator()
        let capitals = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZ234567")
        let letters = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789")
        id = "SW" + String((0..<18).map { _ in capitals.randomElement(using: &generator) ?? "A" })
        secret = String((0..<40).map { _ in letters.randomElement(using: &generator) ?? "A" })
    }
}
