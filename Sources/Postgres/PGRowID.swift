/// Where a version of a row is stored: PostgreSQL's `ctid`. It holds until the row is written again or its table rewritten.
package struct PGRowID: Sendable, Hashable {
    /// The number of the page.
    package let block: UInt32
    /// The place in the page's list of rows.
    package let offset: UInt16

    package init(block: UInt32, offset: UInt16) {
        self.block = block
        self.offset = offset
    }
}
