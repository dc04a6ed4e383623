import StatesLanguage

/// The workflows that are measured.
enum Workload: CaseIterable {
    /// One Task.
    case single
    /// order → charge → ship.
    case chain
    /// The same in memory.
    case express
    /// A Parallel of five Tasks.
    case parallel
    /// An inline Map with a Task for each item.
    case map
    /// A Task that follows itself until it fails, which it does not.
    case loop

    var machine: String { "bench-\(self)" }

    var type: MachineType { self == .express ? .express : .standard }

    /// How many tasks an execution runs; of a Map, for each item.
    var tasks: Int {
        switch self {
        case .single, .map, .loop: 1
        case .chain, .express: 3
        case .parallel: 5
        }
    }

    /// The function that an execution calls last.
    var lastFunction: String {
        switch self {
        case .chain, .express: "ship"
        case .single, .parallel, .map, .loop: "order"
        }
    }

    /// About what an order has.
    static let input =
        #"{"id":"1042","customer":"c-81231","items":[{"sku":"tea","quantity":2,"price":9000}],"total":18000}"#

    var definition: String {
        switch self {
        case .single: Self.states("Order", Self.task("Order", "order"))
        case .chain, .express:
            Self.states(
                "Order",
                Self.task("Order", "order", next: "Charge"),
                Self.task("Charge", "charge", next: "Ship"),
                Self.task("Ship", "ship")
            )
        case .parallel:
            Self.states(
                "All",
                #""All": {"Type": "Parallel", "End": true, "Branches": ["#
                    + (0..<5).map { Self.states("Branch\($0)", Self.task("Branch\($0)", "order")) }
                    .joined(separator: ",")
                    + "]}"
            )
        case .loop:
            Self.states(
                "Order",
                Self.task("Order", "order", next: "Order", catching: "Failed"),
                #""Failed": {"Type": "Fail"}"#
            )
        case .map:
            Self.states(
                "Each",
                #""Each": {"Type": "Map", "ItemsPath": "$", "End": true, "ItemProcessor": "#
                    + Self.states("Item", Self.task("Item", "order")) + "}"
            )
        }
    }

    static func states(_ first: String, _ states: String...) -> String {
        #"{"StartAt": "\#(first)", "States": {\#(states.joined(separator: ", "))}}"#
    }

    private static func task(
        _ name: String,
        _ function: String,
        next: String? = nil,
        catching: String? = nil
    ) -> String {
        let catchers = catching.map { #""Catch": [{"ErrorEquals": ["States.ALL"], "Next": "\#($0)"}], "# } ?? ""
        let end = next.map { #""Next": "\#($0)""# } ?? #""End": true"#
        return
            #""\#(name)": {"Type": "Task", "Resource": "arn:aws:lambda:us-east-1:000000000000:function:\#(function)", \#(catchers)\#(end)}"#
    }
}
