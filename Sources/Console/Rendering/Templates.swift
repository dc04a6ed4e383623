/// The templates, by the names by which they are put into each other.
enum Templates {
    static let all: [String: [UInt8]] = [
        "layout": PackageResources.layout_mustache,
        "moment": PackageResources.moment_mustache,
        "login": PackageResources.login_mustache,
        "refusal": PackageResources.refusal_mustache,
        "overview": PackageResources.overview_mustache,
        "tile": PackageResources.tile_mustache,
        "executions": PackageResources.executions_mustache,
        "executionList": PackageResources.executionList_mustache,
        "execution": PackageResources.execution_mustache,
        "graph": PackageResources.graph_mustache,
        "panel": PackageResources.panel_mustache,
        "json": PackageResources.json_mustache,
        "machine": PackageResources.machine_mustache,
        "machines": PackageResources.machines_mustache,
        "workers": PackageResources.workers_mustache,
        "audit": PackageResources.audit_mustache,
    ]
}
