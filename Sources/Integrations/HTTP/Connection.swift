import JSON

/// With what HTTP Tasks authenticate at one server: what `CreateConnection` of EventBridge takes.
struct Connection: Sendable {
    enum Authorization: Sendable {
        case basic(user: String, password: String)
        case apiKey(name: String, value: String)
        case oauth(OAuthClient)
    }

    /// What is added to every request. It goes before what the definition says.
    struct Additions: Sendable {
        var headers: [(name: String, value: String)] = []
        var query: [(name: String, value: String)] = []
        var body: [(name: String, value: String)] = []
    }

    let name: String
    let authorization: Authorization
    let additions: Additions
}

/// The client credentials of OAuth 2, and where to exchange them for a token.
struct OAuthClient: Sendable {
    let id: String
    let secret: String
    let endpoint: String
    let method: String
    let additions: Connection.Additions
}

extension Connection {
    /// - Parameter value: `{"Name", "AuthorizationType", "AuthParameters"}`
    /// - Throws: what is missing or wrong; secrets don't show.
    init(_ value: JSONValue) throws(InvalidConnections) {
        guard let name = value["Name"]?.string, !name.isEmpty else {
            throw InvalidConnections("a connection has no Name")
        }
        let parameters = value["AuthParameters"]
        func text(_ group: String, _ member: String) throws(InvalidConnections) -> String {
            guard let text = parameters?[group]?[member]?.string else {
                throw InvalidConnections("the connection '\(name)' needs AuthParameters.\(group).\(member)")
            }
            return text
        }
        switch value["AuthorizationType"]?.string {
        case "BASIC":
            authorization = .basic(
                user: try text("BasicAuthParameters", "Username"),
                password: try text("BasicAuthParameters", "Password")
            )
        case "API_KEY":
            authorization = .apiKey(
                name: try text("ApiKeyAuthParameters", "ApiKeyName"),
                value: try text("ApiKeyAuthParameters", "ApiKeyValue")
            )
        case "OAUTH_CLIENT_CREDENTIALS":
            let oauth = parameters?["OAuthParameters"]
            guard let id = oauth?["ClientParameters"]?["ClientID"]?.string,
                let secret = oauth?["ClientParameters"]?["ClientSecret"]?.string
            else {
                throw InvalidConnections("the connection '\(name)' needs OAuthParameters.ClientParameters")
            }
            let method = try text("OAuthParameters", "HttpMethod")
            guard ["GET", "POST", "PUT"].contains(method) else {
                throw InvalidConnections("the connection '\(name)': OAuthParameters.HttpMethod is GET, POST or PUT")
            }
            authorization = .oauth(
                OAuthClient(
                    id: id,
                    secret: secret,
                    endpoint: try text("OAuthParameters", "AuthorizationEndpoint"),
                    method: method,
                    additions: Additions(oauth?["OAuthHttpParameters"])
                )
            )
        default:
            throw InvalidConnections(
                "the connection '\(name)': AuthorizationType is BASIC, API_KEY or OAUTH_CLIENT_CREDENTIALS"
            )
        }
        self.name = name
        additions = Additions(parameters?["InvocationHttpParameters"])
    }
}

extension Connection.Additions {
    /// - Parameter value: `{"HeaderParameters", "QueryStringParameters", "BodyParameters"}`, each a list of
    ///   `{"Key", "Value"}`
    init(_ value: JSONValue?) {
        func pairs(_ name: String) -> [(name: String, value: String)] {
            (value?[name]?.array ?? [])
                .compactMap { pair in
                    guard let key = pair["Key"]?.string, let value = pair["Value"]?.string else { return nil }
                    return (name: key, value: value)
                }
        }
        headers = pairs("HeaderParameters")
        query = pairs("QueryStringParameters")
        body = pairs("BodyParameters")
    }
}
