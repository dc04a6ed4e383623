/// An error that chooses the name under which `Retry` and `Catch` know it.
///
/// Other errors go by the name of their type, without its module: `struct OutOfStock: Error` is caught by
/// `"ErrorEquals": ["OutOfStock"]`. What the state machine sees as the error's `Cause` is the JSON text that AWS Lambda
/// makes, compact: `{"errorMessage":"…","errorType":"…","requestId":"…","stackTrace":[]}`.
public protocol FunctionError: Error {
    /// What `ErrorEquals` compares with; the type's name if the error does not say. At most 256 characters are kept.
    var errorName: String { get }
    /// What happened, for people; the error's description if it does not say. At most 32 KiB are kept.
    var errorMessage: String { get }
}

extension FunctionError {
    /// The type's name, without its module.
    public var errorName: String { String(describing: type(of: self)) }
    /// The error's description.
    public var errorMessage: String { String(describing: self) }
}
