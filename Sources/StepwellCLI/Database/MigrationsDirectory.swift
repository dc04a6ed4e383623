import Foundation

/// Where the migrations that belong to this program are.
enum MigrationsDirectory {
    /// `STEPWELL_MIGRATIONS`; else `share/stepwell/migrations` below the prefix that the program is installed under;
    /// else `migrations` of the source tree that it was built in.
    static func find() throws(Failure) -> String {
        let environment = ProcessInfo.processInfo.environment
        if let directory = environment["STEPWELL_MIGRATIONS"], !directory.isEmpty {
            guard holdsMigrations(directory) else {
                throw Failure(.unavailable, "STEPWELL_MIGRATIONS holds no migrations", at: directory)
            }
            return directory
        }
        let program = (Bundle.main.executableURL ?? URL(fileURLWithPath: "/")).resolvingSymlinksInPath()
        var directory = program.deletingLastPathComponent()
        let installed = directory.deletingLastPathComponent().appending(path: "share/stepwell/migrations").path
        if holdsMigrations(installed) { return installed }
        while directory.path != "/" {
            directory = directory.deletingLastPathComponent()
            let candidate = directory.appending(path: "migrations").path
            let isSourceTree = FileManager.default.fileExists(atPath: directory.appending(path: "Package.swift").path)
            if isSourceTree && holdsMigrations(candidate) { return candidate }
        }
        throw Failure(
            .unavailable,
            "the migrations were not found beside this program",
            at: program.path,
            remedy: "set STEPWELL_MIGRATIONS to the directory that holds 0001_definitions.sql"
        )
    }

    private static func holdsMigrations(_ directory: String) -> Bool {
        FileManager.default.fileExists(atPath: directory + "/0001_definitions.sql")
    }
}
