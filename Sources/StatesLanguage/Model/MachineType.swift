/// The two kinds of state machine; some resources are only allowed in one of them.
package enum MachineType: String, Sendable, Hashable {
    case standard = "STANDARD"
    case express = "EXPRESS"
}
