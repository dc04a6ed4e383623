package import Expressions
import Foundation

/// A time zone, and what its clocks show.
package struct ScheduleZone: Sendable, Hashable {
    package let name: String
    private let zone: TimeZone

    /// - Parameter name: as the time zone database has it: `Asia/Seoul`, `Europe/Berlin`, `UTC`.
    package init(_ name: String) throws(ScheduleError) {
        guard name.wholeMatch(of: /[A-Za-z0-9_+\/-]{1,50}/) != nil, let zone = TimeZone(identifier: name) else {
            throw ScheduleError("there is no time zone named '\(name.prefix(60))'; names are like Asia/Seoul or UTC")
        }
        self.name = name
        self.zone = zone
    }

    /// What clocks show at a moment, in seconds, as if it were UTC.
    func wallSeconds(at seconds: Int64) -> Int64 { seconds + offset(at: seconds) }

    /// The first moment at which clocks show a time; nil for one that they leap over.
    func firstMoment(showing wall: Int64) -> Int64? {
        // No zone is a day away from UTC, and none changes twice within two.
        let offsets = Set([offset(at: wall - 86_400), offset(at: wall + 86_400)])
        return offsets.map { wall - $0 }.filter { wallSeconds(at: $0) == wall }.min()
    }

    /// `2026-11-29 09:00:00 +09:00`
    package func text(of moment: Timestamp) -> String {
        let seconds = moment.seconds
        let offset = offset(at: seconds)
        let wall = Timestamp(microseconds: 0).adding(seconds: seconds + offset).description
        let minutes = abs(offset) / 60
        return "\(wall.prefix(10)) \(wall.dropFirst(11).prefix(8)) \(offset < 0 ? "-" : "+")"
            + "\(twoDigits(minutes / 60)):\(twoDigits(minutes % 60))"
    }

    private func offset(at seconds: Int64) -> Int64 {
        Int64(zone.secondsFromGMT(for: Date(timeIntervalSince1970: Double(seconds))))
    }

    private func twoDigits(_ number: Int64) -> String { number < 10 ? "0\(number)" : "\(number)" }
}

extension Timestamp {
    /// Whole seconds since 1970, rounded down.
    var seconds: Int64 {
        let (quotient, remainder) = microseconds.quotientAndRemainder(dividingBy: 1_000_000)
        return remainder < 0 ? quotient - 1 : quotient
    }
}
