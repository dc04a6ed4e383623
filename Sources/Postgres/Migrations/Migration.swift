#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// One step of the database's schema: a file of SQL that is applied once, in one transaction.
package struct Migration: Sendable, Hashable {
    /// Its place in the order, counted from 1.
    package let number: Int
    /// The file's name, `0001_create_orders.sql`.
    package let fileName: String
    /// Any number of statements, none of which ends the transaction.
    package let sql: String

    /// A migration from its file's name and text.
    ///
    /// - Parameters:
    ///   - fileName: Four digits, an underscore, a purpose in small letters, digits and underscores, then `.sql`.
    ///   - sql: The text.
    /// - Throws: `.invalid` if the name has another form or the text holds U+0000.
    package init(fileName: String, sql: String) throws(MigrationError) {
        let purpose = fileName.utf8.dropFirst(5).dropLast(4)
        let isPurpose = { (byte: UInt8) in 97...122 ~= byte || 48...57 ~= byte || byte == UInt8(ascii: "_") }
        guard fileName.utf8.count > 9, fileName.hasSuffix(".sql"),
            fileName.utf8.prefix(4).allSatisfy({ 48...57 ~= $0 }), let number = Int(fileName.prefix(4)), number > 0,
            fileName.dropFirst(4).first == "_", purpose.allSatisfy(isPurpose)
        else {
            throw MigrationError(.invalid, "a migration is called like 0001_create_orders.sql", file: fileName)
        }
        guard !sql.utf8.contains(0) else {
            throw MigrationError(.invalid, "the file contains U+0000", file: fileName)
        }
        self.number = number
        self.fileName = fileName
        self.sql = sql
    }

    /// Reads all `.sql` files of a directory; others are ignored.
    ///
    /// - Parameter directory: The path.
    /// - Returns: The migrations in their order.
    /// - Throws: `.invalid` if the directory or a file can't be read, isn't UTF-8 or is misnamed.
    package static func read(from directory: String) throws(MigrationError) -> [Migration] {
        let names: [String]
        do {
            names = try FileManager.default.contentsOfDirectory(atPath: directory)
        } catch {
            throw MigrationError(.invalid, "the directory can't be read: \(error)", file: directory)
        }
        var migrations: [Migration] = []
        for name in names.sorted() where name.hasSuffix(".sql") {
            let data: Data
            do {
                data = try Data(contentsOf: URL(filePath: "\(directory)/\(name)"))
            } catch {
                throw MigrationError(.invalid, "the file can't be read: \(error)", file: name)
            }
            guard let text = String(validating: data, as: UTF8.self) else {
                throw MigrationError(.invalid, "the file isn't UTF-8", file: name)
            }
            migrations.append(try Migration(fileName: name, sql: text))
        }
        return migrations
    }

    /// Line and column of a character, both counted from 1.
    func place(ofCharacter position: Int) -> (line: Int, column: Int) {
        var line = 1
        var column = 1
        for scalar in sql.unicodeScalars.prefix(position - 1) {
            if scalar == "\n" {
                line += 1
                column = 1
            } else {
                column += 1
            }
        }
        return (line, column)
    }
}
