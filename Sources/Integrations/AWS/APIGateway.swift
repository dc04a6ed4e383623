import AWSClient
import JSON
import Signing

/// `apigateway:invoke`: calls an API by its host, stage and path.
struct APIGateway {
    private static let methods: Set<String> = ["GET", "POST", "PUT", "DELETE", "PATCH", "OPTIONS", "HEAD"]

    let client: AWSClient
    let http: HTTPTasks

    func invoke(_ request: TaskRequest) async throws(TaskFailure) -> JSONDocument {
        let arguments = try request.arguments()
        guard let host = arguments["ApiEndpoint"]?.string,
            let endpoint = Endpoint(host.contains("://") ? host : "https://\(host)")
        else { throw request.refused("The field \"ApiEndpoint\" must be the host of an API") }
        guard let method = arguments["Method"]?.string, Self.methods.contains(method) else {
            throw request.refused("The value for the field 'Method' must be one of \(Self.methods.sorted())")
        }
        let headers = try HTTPTaskRequest.pairs(arguments["Headers"], named: "Headers", of: request)
        for header in headers {
            guard HeaderRules.permits(header.name), HeaderRules.isWellFormed(header.name, header.value) else {
                throw request.refused("The header '\(header.name)' can't be set by a definition")
            }
        }
        let query = try HTTPTaskRequest.pairs(arguments["QueryParameters"], named: "QueryParameters", of: request)
        let parts = [arguments["Stage"]?.string, arguments["Path"]?.string].compactMap { $0 }
        let segments = parts.flatMap { $0.split(separator: "/", omittingEmptySubsequences: false) }
            .filter { !$0.isEmpty }
        let body = arguments["RequestBody"]
        let outgoing = OutgoingRequest(
            method: method,
            endpoint: endpoint,
            path: "/" + segments.map { PercentEncoding.encode(String($0)) }.joined(separator: "/"),
            query: query.map { "\(PercentEncoding.encode($0.name))=\(PercentEncoding.encode($0.value))" }
                .joined(separator: "&"),
            headers: headers + (body == nil ? [] : [("Content-Type", "application/json")]),
            body: body.map { Array($0.text.utf8) } ?? []
        )
        let response = try await http.send(outgoing, request.bounds)
        return try HTTPTasks.result(response, error: "ApiGateway")
    }
}
