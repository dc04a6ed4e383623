/// PostgreSQL's five-character error code.
///
/// A matchable struct rather than an enum: servers and extensions may send codes that nobody listed here.
///
/// ```swift
/// switch error.sqlState {
/// case .uniqueViolation: …
/// case let state? where state.isClass("40"): …
/// ```
package struct SQLState: RawRepresentable, Sendable, Hashable, CustomStringConvertible {
    /// The five characters, for example `23505`.
    package let rawValue: String

    /// Takes any text; codes come from the server and are compared, never interpreted.
    package init(rawValue: String) {
        self.rawValue = rawValue
    }

    /// Whether the code belongs to a class, which is its first two characters: `40` holds everything that asks for the
    /// transaction to be run again.
    package func isClass(_ prefix: String) -> Bool {
        rawValue.utf8.starts(with: prefix.utf8)
    }

    /// The five characters.
    package var description: String { rawValue }
}

// Constraints and data.
extension SQLState {
    package static let integrityConstraintViolation = SQLState(rawValue: "23000")
    package static let notNullViolation = SQLState(rawValue: "23502")
    package static let foreignKeyViolation = SQLState(rawValue: "23503")
    package static let uniqueViolation = SQLState(rawValue: "23505")
    package static let checkViolation = SQLState(rawValue: "23514")
    package static let exclusionViolation = SQLState(rawValue: "23P01")
    package static let numericValueOutOfRange = SQLState(rawValue: "22003")
    package static let divisionByZero = SQLState(rawValue: "22012")
    package static let characterNotInRepertoire = SQLState(rawValue: "22021")
    package static let invalidParameterValue = SQLState(rawValue: "22023")
    package static let invalidTextRepresentation = SQLState(rawValue: "22P02")
    package static let untranslatableCharacter = SQLState(rawValue: "22P05")
}

// Transactions and locks.
extension SQLState {
    package static let activeTransaction = SQLState(rawValue: "25001")
    package static let readOnlyTransaction = SQLState(rawValue: "25006")
    package static let inFailedTransaction = SQLState(rawValue: "25P02")
    package static let transactionRollback = SQLState(rawValue: "40000")
    package static let serializationFailure = SQLState(rawValue: "40001")
    package static let deadlockDetected = SQLState(rawValue: "40P01")
    package static let lockNotAvailable = SQLState(rawValue: "55P03")
    package static let queryCanceled = SQLState(rawValue: "57014")
}

// The server's state.
extension SQLState {
    package static let diskFull = SQLState(rawValue: "53100")
    package static let outOfMemory = SQLState(rawValue: "53200")
    package static let tooManyConnections = SQLState(rawValue: "53300")
    package static let programLimitExceeded = SQLState(rawValue: "54000")
    package static let adminShutdown = SQLState(rawValue: "57P01")
    package static let crashShutdown = SQLState(rawValue: "57P02")
    package static let cannotConnectNow = SQLState(rawValue: "57P03")
    package static let databaseDropped = SQLState(rawValue: "57P04")
    package static let idleSessionTimeout = SQLState(rawValue: "57P05")
    package static let idleInTransactionSessionTimeout = SQLState(rawValue: "25P03")
    package static let inputOutputError = SQLState(rawValue: "58030")
}

// Names, rights and syntax.
extension SQLState {
    package static let featureNotSupported = SQLState(rawValue: "0A000")
    package static let invalidStatementName = SQLState(rawValue: "26000")
    package static let invalidAuthorization = SQLState(rawValue: "28000")
    package static let invalidPassword = SQLState(rawValue: "28P01")
    package static let undefinedDatabase = SQLState(rawValue: "3D000")
    package static let undefinedSchema = SQLState(rawValue: "3F000")
    package static let insufficientPrivilege = SQLState(rawValue: "42501")
    package static let syntaxError = SQLState(rawValue: "42601")
    package static let undefinedColumn = SQLState(rawValue: "42703")
    package static let undefinedFunction = SQLState(rawValue: "42883")
    package static let undefinedTable = SQLState(rawValue: "42P01")
    package static let undefinedObject = SQLState(rawValue: "42704")
    package static let duplicateTable = SQLState(rawValue: "42P07")
    package static let duplicateObject = SQLState(rawValue: "42710")
    package static let duplicateDatabase = SQLState(rawValue: "42P04")
    package static let duplicateSchema = SQLState(rawValue: "42P06")
    package static let raiseException = SQLState(rawValue: "P0001")
    package static let noDataFound = SQLState(rawValue: "P0002")
    package static let assertFailure = SQLState(rawValue: "P0004")
}
