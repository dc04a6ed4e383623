/// Something that an operator should know, and what to do about it.
package struct Finding: Sendable, Hashable {
    package enum Level: String, Sendable {
        case fine
        /// It works, and will not for ever, or not as well as it could.
        case warning
        /// Something is lost, stands still, or would at the next crash.
        case problem
    }

    /// What it is about.
    package enum Subject: String, Sendable, CaseIterable {
        case settings, migrations, permissions, tables, snapshots, partitions, clock, queue, connections
    }

    package var subject: Subject
    package var level: Level
    package var message: String
    package var remedy: String?

    init(_ subject: Subject, _ level: Level, _ message: String, remedy: String? = nil) {
        self.subject = subject
        self.level = level
        self.message = message
        self.remedy = remedy
    }
}
