package import Postgres
package import Store

/// What a worker has besides the store of its steps, for Tasks that need more than a function.
package struct WorkerFacilities: Sendable {
    /// Map runs, and completions within the transactions of handlers.
    let postgres: Store
    /// Where express executions wait for the ends of others.
    let ends: EndWatch
    /// Where transactional handlers get their connections: they hold one while they run, and nobody else may have to
    /// wait for that.
    let transactions: Pool
    /// Where item readers and result writers of map runs find and put objects.
    let storage: (any ItemStorage)?
    /// Where queries of item readers run.
    let itemDatabase: PostgresConfiguration?
    let services: ServiceCalls

    init(
        postgres: Store,
        transactions: Pool,
        storage: DirectoryStorage?,
        itemDatabase: PostgresConfiguration?,
        services: ServiceCalls
    ) {
        self.postgres = postgres
        ends = EndWatch(store: postgres)
        self.transactions = transactions
        self.storage = storage ?? services.storage.map(BucketStorage.init)
        self.itemDatabase = itemDatabase
        self.services = services
    }

    /// Nothing but a database.
    package init(postgres: Store, transactions: Pool) throws(WorkerError) {
        self.init(
            postgres: postgres,
            transactions: transactions,
            storage: nil,
            itemDatabase: nil,
            services: ServiceCalls(
                store: postgres,
                settings: try ServiceSettings(environment: [:], hasStorageDirectory: false)
            )
        )
    }

    /// Closes the connections.
    func close() async {
        await services.close()
        await transactions.close()
        await postgres.close()
    }
}
