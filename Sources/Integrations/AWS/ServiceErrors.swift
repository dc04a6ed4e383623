package import AWSClient

/// How Step Functions names what went wrong at a service.
package struct ServiceErrors {
    /// Which of AWS's Java SDKs stands behind an integration: names and texts are theirs.
    package enum Style {
        /// The optimised integrations: SDK 1. `prefix` stands before the names of errors, `service` in causes.
        case optimized(prefix: String, service: String, general: String)
        /// `aws-sdk:…`: SDK 2.
        case sdk
    }

    private let service: AWSService
    private let style: Style

    package init(service: AWSService, style: Style) {
        self.service = service
        self.style = style
    }

    package func failure(_ error: ServiceError) -> TaskFailure {
        switch error {
        case .fault(let fault): TaskFailure(error: "\(prefix).\(name(of: fault))", cause: cause(of: fault))
        case .transport(.responseTooLarge(let limit)):
            TaskFailure(
                error: "States.DataLimitExceeded",
                cause: "The service '\(service.id)' returned a response of more than \(limit) bytes."
            )
        case .transport(let error):
            TaskFailure(error: "\(prefix).SdkClientException", cause: "Unable to execute HTTP request: \(error)")
        case .invalidRequest(let reason): TaskFailure(runtime: reason)
        case .invalidResponse(let reason): TaskFailure(error: "\(prefix).SdkClientException", cause: reason)
        }
    }

    private var prefix: String {
        switch style {
        case .optimized(let prefix, _, _): prefix
        case .sdk: service.errorName
        }
    }

    /// An error that the service has declared has a name of its own; all others have the service's.
    private func name(of fault: ServiceFault) -> String {
        let isOwn = service.declares(fault.code)
        let suffix = fault.code.hasSuffix("Exception") ? "" : "Exception"
        switch style {
        case .optimized(_, _, let general): return isOwn ? fault.code + suffix : general
        case .sdk: return isOwn ? fault.code + suffix : "\(service.errorName)Exception"
        }
    }

    private func cause(of fault: ServiceFault) -> String {
        let request = fault.requestID ?? "null"
        switch style {
        case .optimized(_, let name, _):
            let extended = fault.extendedRequestID.map { "; S3 Extended Request ID: \($0)" } ?? ""
            return "\(fault.message) (Service: \(name); Status Code: \(fault.status); Error Code: "
                + "\(fault.legacyCode ?? fault.code); Request ID: \(request)\(extended); Proxy: null)"
        case .sdk:
            let extended = fault.extendedRequestID.map { ", Extended Request ID: \($0)" } ?? ""
            return "\(fault.message) (Service: \(service.errorName), Status Code: \(fault.status), "
                + "Request ID: \(request)\(extended))"
        }
    }
}
