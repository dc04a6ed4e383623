package import Expressions

/// What only a distributed Map has: its items are worked on by child executions of their own, in a map run.
package struct DistributedMap: Sendable {
    /// `Label`, or what stands for it in the ARNs of the map run and its children.
    package var label: String
    /// `ExecutionType: EXPRESS`.
    package var hasExpressChildren: Bool
    /// Where the items come from; nil: from the state's input.
    package var reader: ItemReader?
    package var batcher: ItemBatcher?
    package var writer: ResultWriter?
    /// Default: 0.
    package var toleratedFailureCount: IntegerField?
    /// 0 to 100. Default: 0.
    package var toleratedFailurePercentage: NumberField?

    /// Whether its items are in object storage.
    package var readsObjects: Bool {
        switch reader?.source {
        case .object, .listing: true
        case .query, nil: false
        }
    }

    package init(
        label: String,
        hasExpressChildren: Bool = false,
        reader: ItemReader? = nil,
        batcher: ItemBatcher? = nil,
        writer: ResultWriter? = nil,
        toleratedFailureCount: IntegerField? = nil,
        toleratedFailurePercentage: NumberField? = nil
    ) {
        self.label = label
        self.hasExpressChildren = hasExpressChildren
        self.reader = reader
        self.batcher = batcher
        self.writer = writer
        self.toleratedFailureCount = toleratedFailureCount
        self.toleratedFailurePercentage = toleratedFailurePercentage
    }
}

/// A number field that may also be given by a path or, in JSONata, by an expression.
package enum NumberField: Sendable, Hashable {
    case constant(Double)
    case path(Path)
    case jsonata(JSONataField)
}

/// `ItemReader`.
package struct ItemReader: Sendable {
    package var source: ItemSource
    /// `Parameters`, in JSONata `Arguments`: which object, prefix or query.
    package var parameters: Template?
    /// 0 = all.
    package var maxItems: IntegerField?

    package init(source: ItemSource, parameters: Template? = nil, maxItems: IntegerField? = nil) {
        self.source = source
        self.parameters = parameters
        self.maxItems = maxItems
    }
}

/// `Resource` of an `ItemReader`, with the part of `ReaderConfig` that it needs.
package enum ItemSource: Sendable, Hashable {
    /// `arn:aws:states:::s3:getObject`: the items in an object.
    case object(ItemFormat)
    /// `arn:aws:states:::s3:listObjectsV2`: the objects under a prefix. With a format (`LOAD_AND_FLATTEN`): the items in
    /// each of them.
    case listing(ItemFormat?)
    /// `arn:stepwell:states:::sql:query`: the rows of a query.
    case query

    package static let objectResource = "s3:getObject"
    package static let listingResource = "s3:listObjectsV2"
    package static let queryResource = "arn:stepwell:states:::sql:query"
}

/// `InputType` of a reader.
package enum ItemFormat: Sendable, Hashable {
    case csv(CSVFormat)
    /// `pointer`: the keys of `ItemsPointer`, which lead to the items.
    case json(pointer: [String])
    case jsonLines
    case manifest(ManifestType)
}

/// How a file with separated values is written.
package struct CSVFormat: Sendable, Hashable {
    /// `CSVHeaders`; nil: the first row has them.
    package var headers: [String]?
    /// One ASCII character.
    package var delimiter: UInt8

    package init(headers: [String]? = nil, delimiter: UInt8 = UInt8(ascii: ",")) {
        self.headers = headers
        self.delimiter = delimiter
    }
}

/// What a manifest lists.
package enum ManifestType: Sendable, Hashable {
    /// An S3 inventory: CSV files with a row per object; the rows are the items.
    case inventory
    /// The files that an Athena query has written, and how they are written.
    case athena(AthenaFormat)

    package enum AthenaFormat: Sendable, Hashable {
        case csv(CSVFormat)
        case jsonLines
    }
}

/// `ItemBatcher`.
package struct ItemBatcher: Sendable {
    package var maxItems: IntegerField?
    package var maxBytes: IntegerField?
    /// `BatchInput`: what every batch gets beside its items.
    package var input: Template?

    package init(maxItems: IntegerField? = nil, maxBytes: IntegerField? = nil, input: Template? = nil) {
        self.maxItems = maxItems
        self.maxBytes = maxBytes
        self.input = input
    }
}

/// `ResultWriter`.
package struct ResultWriter: Sendable {
    /// `Transformation`.
    package enum Transformation: String, Sendable, Hashable, CaseIterable {
        /// Results with what is known of the executions.
        case described = "NONE"
        /// Results alone.
        case compact = "COMPACT"
        /// Results alone; those that are arrays element by element.
        case flatten = "FLATTEN"
    }

    /// `OutputType`.
    package enum OutputType: String, Sendable, Hashable, CaseIterable {
        case json = "JSON"
        case jsonLines = "JSONL"
    }

    /// Whether results are written to objects, whose bucket and prefix are in `parameters`.
    package var exports: Bool
    package var parameters: Template?
    package var transformation: Transformation
    package var outputType: OutputType

    package init(
        exports: Bool,
        parameters: Template? = nil,
        transformation: Transformation,
        outputType: OutputType = .json
    ) {
        self.exports = exports
        self.parameters = parameters
        self.transformation = transformation
        self.outputType = outputType
    }

    package static let resource = "s3:putObject"
}
