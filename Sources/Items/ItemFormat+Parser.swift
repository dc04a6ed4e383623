package import StatesLanguage

extension ItemFormat {
    /// A parser of documents of this format; nil: a manifest, whose documents are elsewhere.
    ///
    /// - Parameter maximumItemBytes: a larger item is an error, so that nothing larger is ever held.
    package func parser(maximumItemBytes: Int) throws(ItemError) -> (any ItemParser)? {
        switch self {
        case .csv(let format): try CSVItems(format, maximumItemBytes: maximumItemBytes)
        case .json(let pointer): JSONItems(pointer: pointer, maximumItemBytes: maximumItemBytes)
        case .jsonLines: JSONLinesItems(maximumItemBytes: maximumItemBytes)
        case .manifest: nil
        }
    }
}
