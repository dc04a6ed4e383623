import AWSClient
import Integrations
import StatesLanguage

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// What the environment says about services that Tasks call.
struct ServiceSettings: Sendable {
    static let connectionsVariable = "STEPWELL_CONNECTIONS_FILE"
    static let allowVariable = "STEPWELL_HTTP_ALLOW"

    let aws: AWSConfiguration
    let addresses: AddressRules
    let connections: Connections
    /// Whether readers and writers of distributed Maps have a directory; else they use S3, if there is an endpoint.
    let hasStorageDirectory: Bool

    init(environment: [String: String], hasStorageDirectory: Bool) throws(WorkerError) {
        self.hasStorageDirectory = hasStorageDirectory
        do throws(AWSConfigurationError) {
            aws = try AWSConfiguration(environment: environment)
        } catch {
            throw WorkerError(.configuration, error.description)
        }
        do throws(InvalidAddressRange) {
            addresses = try AddressRules(allowed: environment[Self.allowVariable] ?? "")
        } catch {
            throw WorkerError(
                .configuration,
                "\(Self.allowVariable): '\(error.text)' is not an address or a range such as 10.1.0.0/16"
            )
        }
        guard let path = Self.connectionsFile(environment) else {
            connections = Connections()
            return
        }
        do throws(InvalidConnections) {
            connections = try Connections(file: path)
        } catch {
            throw WorkerError(.configuration, "the connections in \(path) can't be used: \(error)")
        }
    }

    /// The file that the environment names, or systemd's credential `connections.json`, if the unit has one.
    private static func connectionsFile(_ environment: [String: String]) -> String? {
        if let path = environment[connectionsVariable], !path.isEmpty { return path }
        guard let directory = environment["CREDENTIALS_DIRECTORY"], !directory.isEmpty else { return nil }
        let path = directory + "/connections.json"
        return access(path, F_OK) == 0 ? path : nil
    }
}

extension ServiceSettings {
    /// The services of AWS that this worker can call, and whether it has object storage, as steps name those who can do
    /// their work.
    var offers: [String] {
        let hasStorage = hasStorageDirectory || aws.services.contains(.s3)
        return aws.services.map { ServiceIntegration.offer(of: $0.name) }
            + (hasStorage ? [ServiceIntegration.storageOffer] : [])
    }
}
