import CLibcrypto
import Foundation

/// Encrypts the secrets of access keys for the database, with a key that is kept elsewhere.
package struct KeySealer: Sendable {
    /// Why a key file can't be used.
    package struct Failure: Error, CustomStringConvertible {
        package let description: String
    }

    private let key: [UInt8]

    /// - Parameter file: 32 bytes, or 64 hexadecimal digits, that only their owner can read.
    package init(file: String) throws(Failure) {
        guard let data = FileManager.default.contents(atPath: file) else {
            throw Failure(description: "the key file \(file) can't be read; make one: openssl rand -hex 32 > \(file)")
        }
        let mode = (try? FileManager.default.attributesOfItem(atPath: file))?[.posixPermissions] as? Int ?? 0o777
        guard mode & 0o077 == 0 else {
            throw Failure(description: "the key file \(file) can be read by others; chmod 600 \(file)")
        }
        var bytes = [UInt8](data)
        if bytes.count != 32 {
            let digits = String(decoding: bytes, as: UTF8.self).filter { !$0.isWhitespace }
            bytes = stride(from: 0, to: digits.utf8.count - 1, by: 2)
                .compactMap { UInt8(digits.dropFirst($0).prefix(2), radix: 16) }
        }
        guard bytes.count == 32 else {
            throw Failure(description: "the key file \(file) must hold 32 bytes, or 64 hexadecimal digits")
        }
        key = bytes
    }

    package init(key: [UInt8]) { self.key = key }

    /// Random bytes that nobody can guess.
    package static func random(_ count: Int) -> [UInt8] {
        var generator = SystemRandomNumberGenerator()
        return (0..<count).map { _ in UInt8.random(in: .min ... .max, using: &generator) }
    }

    /// A secret, encrypted and bound to its key's id: nonce, ciphertext, tag (AES-256-GCM).
    package func seal(_ secret: String, id: String) -> [UInt8]? {
        let nonce = Self.random(12)
        let plain = Array(secret.utf8)
        var cipher = [UInt8](repeating: 0, count: plain.count)
        var tag = [UInt8](repeating: 0, count: 16)
        let context = EVP_CIPHER_CTX_new()
        defer { EVP_CIPHER_CTX_free(context) }
        var length: Int32 = 0
        let identity = Array(id.utf8)
        guard EVP_EncryptInit_ex(context, EVP_aes_256_gcm(), nil, key, nonce) == 1,
            EVP_EncryptUpdate(context, nil, &length, identity, Int32(clamping: identity.count)) == 1,
            EVP_EncryptUpdate(context, &cipher, &length, plain, Int32(clamping: plain.count)) == 1,
            EVP_EncryptFinal_ex(context, nil, &length) == 1,
            EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_GET_TAG, 16, &tag) == 1
        else { return nil }
        return nonce + cipher + tag
    }

    /// The secret; nil: it was sealed with another key, for another id, or changed.
    package func open(_ sealed: [UInt8], id: String) -> String? {
        guard sealed.count >= 28 else { return nil }
        let nonce = Array(sealed[..<12])
        let cipher = Array(sealed[12..<(sealed.count - 16)])
        var tag = Array(sealed[(sealed.count - 16)...])
        var plain = [UInt8](repeating: 0, count: cipher.count)
        let context = EVP_CIPHER_CTX_new()
        defer { EVP_CIPHER_CTX_free(context) }
        var length: Int32 = 0
        let identity = Array(id.utf8)
        guard EVP_DecryptInit_ex(context, EVP_aes_256_gcm(), nil, key, nonce) == 1,
            EVP_DecryptUpdate(context, nil, &length, identity, Int32(clamping: identity.count)) == 1,
            EVP_DecryptUpdate(context, &plain, &length, cipher, Int32(clamping: cipher.count)) == 1,
            EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_SET_TAG, 16, &tag) == 1,
            EVP_DecryptFinal_ex(context, nil, &length) == 1
        else { return nil }
        return String(validating: plain, as: UTF8.self)
    }
}
