import HTTPTypes
import Hummingbird
import NIOCore
import Signing

/// The files that pages are made with: compiled in, addressed by what is in them, so that browsers keep them for good.
struct Assets: Sendable {
    private struct File: Sendable {
        let type: String
        let bytes: ByteBuffer
    }

    private var files: [String: File] = [:]
    private(set) var style = ""
    /// Of pages whose scripts are not run.
    private(set) var readingStyle = ""
    /// In the order in which they are run.
    private(set) var scripts: [String] = []
    private(set) var editor = ""
    private(set) var icon = ""

    init() {
        style = add("console", "css", "text/css; charset=utf-8", PackageResources.console_css)
        readingStyle = add("reading", "css", "text/css; charset=utf-8", PackageResources.reading_css)
        let javaScript = "text/javascript; charset=utf-8"
        scripts = [
            add("console", "js", javaScript, PackageResources.console_js),
            add("live", "js", javaScript, PackageResources.live_js),
            add("values", "js", javaScript, PackageResources.values_js),
            add("scroll", "js", javaScript, PackageResources.scroll_js),
            add("bulk", "js", javaScript, PackageResources.bulk_js),
        ]
        editor = add("editor", "js", javaScript, PackageResources.editor_js)
        icon = add("icon", "svg", "image/svg+xml", PackageResources.icon_svg)
    }

    /// - Returns: the file's address.
    private mutating func add(_ name: String, _ suffix: String, _ type: String, _ bytes: [UInt8]) -> String {
        let file = "\(name).\(SHA256.hexadecimalDigest(bytes).prefix(12)).\(suffix)"
        files[file] = File(type: type, bytes: ByteBuffer(bytes: bytes))
        return "/console/assets/\(file)"
    }

    func response(to request: Request, file name: String) -> Response {
        guard request.method == .get, let file = files[name] else {
            return .plain("There is no such file.", status: .notFound)
        }
        return Response(
            status: .ok,
            headers: [.contentType: file.type, .cacheControl: "public, max-age=31536000, immutable"],
            body: ResponseBody(byteBuffer: file.bytes)
        )
    }
}
