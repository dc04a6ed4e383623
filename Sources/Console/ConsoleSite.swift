import HTTPTypes
package import Hummingbird
import JSON
import Logging
import NIOCore
package import Server
import Signing
import Store

/// Pages for people who operate workflows: what runs, what failed, where and why; and what to do about it.
///
/// Everything that is done from a page goes through the operations of the API, with the rights of whoever has logged in.
package struct ConsoleSite: Site {
    let hosts: HostList
    let assets: Assets
    let renderer: Renderer
    /// What requests are protected with where nobody logs in; every process has its own.
    let openSecret: String
    private(set) var activity = ActivityCache()
    let layouts = LayoutEngine()
    let streams = StreamCount()
    let reports = ReportCache()

    /// - Parameter hosts: names by which the server is reached, beside `localhost` and addresses.
    /// - Throws: if a template is no template: none of those that are compiled in.
    package init(hosts: [String] = []) throws {
        self.hosts = HostList(names: hosts)
        assets = Assets()
        renderer = try Renderer(assets: assets)
        openSecret = SHA256.hexadecimal(KeySealer.random(32))
    }

    /// Makes the overview once, for nobody: its queries are planned and what they read is in memory when somebody asks for it.
    package func prepare(api: LocalAPI) async {
        let head = HTTPRequest(method: .get, scheme: nil, authority: nil, path: "/console")
        let request = Request(head: head, body: .init(buffer: ByteBuffer()))
        guard let address = Address(request) else { return }
        var rehearsal = self
        // Nobody is to see figures of this moment.
        rehearsal.activity = ActivityCache()
        let visit = Visit(
            request: request,
            address: address,
            api: api,
            console: rehearsal,
            language: Language(request, address),
            caller: .anonymous,
            session: nil
        )
        do {
            _ = try await OverviewPage.answer(visit)
        } catch {
            api.logger.warning("The overview can't be made", metadata: ["error": "\(error)"])
        }
    }

    package func respond(to request: Request, api: LocalAPI) async -> Response? {
        guard let address = Address(request) else { return nil }
        var response = await answer(request, address, api)
        response.secure()
        return response
    }

    private func answer(_ request: Request, _ address: Address, _ api: LocalAPI) async -> Response {
        guard hosts.allow(request.head.authority ?? "") else {
            return .plain("This name is not one that the server answers to: see --console-host.", status: .forbidden)
        }
        if address.isRoot { return .redirect("/console") }
        if let file = address.asset { return assets.response(to: request, file: file) }
        do {
            let bytes = request.method == .get ? 0 : LocalAPI.expectedBytes(of: request, limit: RequestBody.limit)
            return try await api.whileAdmitted(bytes: bytes) {
                try await answer(Visit.begin(request, address, api, console: self))
            }
        } catch {
            return .plain("The server is busy, or its database is away. Try again.", status: .serviceUnavailable)
        }
    }

    private func answer(_ visit: Visit) async -> Response {
        do {
            return try await route(visit)
        } catch let error as APIError {
            return visit.refusal(error)
        } catch let error as StoreError {
            let refusal = error.refusal
            if refusal.status >= 500 {
                visit.api.logger.error("Failed", metadata: ["page": "\(visit.address.text)", "error": "\(error)"])
            }
            return visit.refusal(refusal)
        } catch {
            visit.api.logger.error("Failed", metadata: ["page": "\(visit.address.text)", "error": "\(error)"])
            return visit.refusal(.internalFailure)
        }
    }
}
