/// What one caller asked a connection for.
final class Call: Sendable {
    enum Grouping {
        /// One Sync: all statements are one transaction.
        case together
        /// A Sync each: every statement stands alone.
        case apart
    }

    let statements: [EncodedStatement]
    let grouping: Grouping
    /// Whether the statements may be committed by themselves, so that losing the connection leaves their outcome open.
    let mayCommit: Bool
    /// As many results as statements; a failed group has a single one, its error.
    let answer = Promise<[Result<Rows, PostgresError>]>()

    init(
        _ statements: [Statement],
        _ grouping: Grouping,
        mayCommit: Bool,
        schema: SchemaName
    ) throws(PostgresError) {
        var encoded: [EncodedStatement] = []
        encoded.reserveCapacity(statements.count)
        for statement in statements { encoded.append(try EncodedStatement(statement, schema: schema)) }
        self.statements = encoded
        self.grouping = grouping
        self.mayCommit = mayCommit
    }
}

/// What lies between two Syncs on the wire; the server answers these in order.
struct Exchange {
    enum Purpose {
        /// Statements of a call. The call is answered after its last exchange.
        case call(Call, statements: Range<Int>, isLast: Bool)
        /// A statement is being prepared, for whoever comes later.
        case preparation(PreparedStatements.Key)
    }

    let purpose: Purpose
    /// Whether a BEGIN goes ahead of the statements.
    let begins: Bool
    /// How many statements have been answered completely, a BEGIN among them.
    var finished = 0
    /// The first real error; what follows it is skipped by the server.
    var failure: PostgresError?
    var rows: [Rows] = []

    /// How many answers come before that to the Sync.
    var expected: Int {
        switch purpose {
        case .call(_, let statements, _): statements.count + (begins ? 1 : 0)
        case .preparation: 1
        }
    }

    /// The statement that is being answered; nil for a BEGIN and after the last.
    var current: EncodedStatement? {
        guard case .call(let call, let statements, _) = purpose else { return nil }
        let index = finished - (begins ? 1 : 0)
        return index >= 0 && index < statements.count ? call.statements[statements.lowerBound + index] : nil
    }
}
