/// Collects the functions of a ``Worker``.
@resultBuilder
public enum FunctionBuilder {
    /// One function.
    public static func buildExpression(_ function: Function) -> [Function] { [function] }
    /// Functions that were put together elsewhere.
    public static func buildExpression(_ functions: [Function]) -> [Function] { functions }
    /// All functions of a block.
    public static func buildBlock(_ functions: [Function]...) -> [Function] { functions.flatMap(\.self) }
    /// Functions behind an `if`.
    public static func buildOptional(_ functions: [Function]?) -> [Function] { functions ?? [] }
    /// Functions of the first alternative.
    public static func buildEither(first functions: [Function]) -> [Function] { functions }
    /// Functions of the other alternative.
    public static func buildEither(second functions: [Function]) -> [Function] { functions }
    /// Functions made in a loop.
    public static func buildArray(_ functions: [[Function]]) -> [Function] { functions.flatMap(\.self) }
}
