/// What the database says of a migration that was applied.
struct AppliedMigration: Equatable {
    let number: Int
    let fileName: String
    let checksum: String
}

/// Compares the files with what was applied.
enum MigrationPlan {
    /// Checks that migrations are numbered 1, 2, 3 … and gives them in that order.
    static func inOrder(_ migrations: [Migration]) throws(MigrationError) -> [Migration] {
        let sorted = migrations.sorted { $0.number < $1.number }
        for (index, migration) in sorted.enumerated() where migration.number != index + 1 {
            guard migration.number > index + 1 else {
                throw MigrationError(
                    .invalid,
                    "number \(migration.number) is used twice, also by \(sorted[index - 1].fileName)",
                    file: migration.fileName
                )
            }
            throw MigrationError(.invalid, "number \(index + 1) is missing before this file", file: migration.fileName)
        }
        return sorted
    }

    /// How many migrations, from the first, have been applied. The database may know more than the files: a newer
    /// program was here before.
    ///
    /// Throws `.mismatch` if an applied migration has changed or one before it has not been applied.
    static func appliedCount(
        _ applied: [AppliedMigration],
        of migrations: [Migration],
        checksums: [String]
    ) throws(MigrationError) -> Int {
        var count = 0
        for record in applied.sorted(by: { $0.number < $1.number }) {
            guard record.number == count + 1 else {
                throw MigrationError(
                    .mismatch,
                    "the database has this migration but not number \(count + 1): it was restored or edited by hand",
                    file: record.fileName
                )
            }
            count += 1
            guard count <= migrations.count else { continue }
            let migration = migrations[count - 1]
            guard record.fileName == migration.fileName else {
                throw MigrationError(
                    .mismatch,
                    "number \(count) was applied as \(record.fileName): an applied migration keeps its name",
                    file: migration.fileName
                )
            }
            guard record.checksum == checksums[count - 1] else {
                throw MigrationError(
                    .mismatch,
                    "the file was changed after it was applied: restore it and put the change into a new migration",
                    file: migration.fileName
                )
            }
        }
        return min(count, migrations.count)
    }
}
