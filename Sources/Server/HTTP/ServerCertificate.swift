import HummingbirdTLS

/// The certificate that a server shows, and its private key.
package struct ServerCertificate: Sendable {
    /// Why files can't be used.
    package struct Failure: Error, CustomStringConvertible {
        package let description: String
    }

    let configuration: TLSConfiguration

    /// - Parameters:
    ///   - chain: a PEM file with the certificate, then those that vouch for it.
    ///   - key: a PEM file with its private key.
    package init(chain: String, key: String) throws(Failure) {
        do {
            let certificates = try NIOSSLCertificate.fromPEMFile(chain)
            guard !certificates.isEmpty else { throw Failure(description: "\(chain) holds no certificate") }
            configuration = TLSConfiguration.makeServerConfiguration(
                certificateChain: certificates.map { .certificate($0) },
                privateKey: .privateKey(try NIOSSLPrivateKey(file: key, format: .pem))
            )
        } catch let failure as Failure {
            throw failure
        } catch {
            throw Failure(description: "\(chain) and \(key) are not a certificate and its key in PEM: \(error)")
        }
    }
}
