package import Signing

/// Where AWS's services are and who calls them, by the names of environment variables that the SDKs use.
///
/// A service is called only where an endpoint of its own (`AWS_ENDPOINT_URL_SQS`) or one for all (`AWS_ENDPOINT_URL`)
/// is given: a worker never talks to AWS just because there are credentials in its environment.
package struct AWSConfiguration: Sendable {
    package let region: String
    package let credentials: AWSCredentials?
    /// For every service that has none of its own.
    package let commonEndpoint: Endpoint?
    /// By the last part of the variable's name: `SQS`, `SECRETS_MANAGER`.
    private let endpoints: [String: Endpoint]

    private static let endpointVariable = "AWS_ENDPOINT_URL"

    /// - Throws: when an endpoint is not a URL, or one half of the credentials is missing.
    package init(environment: [String: String]) throws(AWSConfigurationError) {
        func value(_ name: String) -> String? { environment[name].flatMap { $0.isEmpty ? nil : $0 } }
        func endpoint(_ name: String) throws(AWSConfigurationError) -> Endpoint? {
            guard let text = value(name) else { return nil }
            guard let endpoint = Endpoint(text) else { throw .invalidEndpoint(variable: name, value: text) }
            return endpoint
        }
        region = value("AWS_REGION") ?? value("AWS_DEFAULT_REGION") ?? "us-east-1"
        commonEndpoint = try endpoint(Self.endpointVariable)
        var endpoints: [String: Endpoint] = [:]
        let prefix = Self.endpointVariable + "_"
        for name in environment.keys.sorted() where name.hasPrefix(prefix) {
            endpoints[String(name.dropFirst(prefix.count))] = try endpoint(name)
        }
        self.endpoints = endpoints
        switch (value("AWS_ACCESS_KEY_ID"), value("AWS_SECRET_ACCESS_KEY")) {
        case (nil, nil): credentials = nil
        case (let id?, let secret?):
            credentials = AWSCredentials(
                accessKeyID: id,
                secretAccessKey: secret,
                sessionToken: value("AWS_SESSION_TOKEN")
            )
        case (.some, nil): throw .missing(variable: "AWS_SECRET_ACCESS_KEY", besides: "AWS_ACCESS_KEY_ID")
        case (nil, .some): throw .missing(variable: "AWS_ACCESS_KEY_ID", besides: "AWS_SECRET_ACCESS_KEY")
        }
    }

    /// Where a service is; nil: nowhere.
    package func endpoint(of service: AWSService) -> Endpoint? {
        service.endpointNames.lazy.compactMap { endpoints[$0] }.first ?? commonEndpoint
    }

    /// Services that have an endpoint.
    package var services: [AWSService] { AWSService.all.filter { endpoint(of: $0) != nil } }
}

/// What is wrong with the environment.
package enum AWSConfigurationError: Error, Sendable, Equatable, CustomStringConvertible {
    case invalidEndpoint(variable: String, value: String)
    case missing(variable: String, besides: String)

    package var description: String {
        switch self {
        case .invalidEndpoint(let variable, let value):
            "\(variable) is '\(value)': it must be a URL such as http://localhost:4566"
        case .missing(let variable, let other): "\(other) is set and \(variable) is not: set both, or neither"
        }
    }
}
