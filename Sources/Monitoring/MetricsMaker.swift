package import CoreMetrics

/// Makes metrics that are kept in a registry, and told to another backend.
package struct MetricsMaker: Sendable {
    private let factory: any MetricsFactory
    /// What all of them have in common.
    private let dimensions: [(String, String)]

    /// - Parameter backend: what the program has given to `MetricsSystem`, if it has.
    package init(
        _ registry: MetricsRegistry,
        dimensions: [(String, String)] = [],
        backend: any MetricsFactory = MetricsSystem.factory
    ) {
        factory = MultiplexMetricsHandler(factories: [registry, backend])
        self.dimensions = dimensions
    }

    package func counter(_ metric: Metric, _ more: (String, String)...) -> Counter {
        Counter(label: metric.rawValue, dimensions: more + dimensions, factory: factory)
    }

    package func floatingPointCounter(_ metric: Metric, _ more: (String, String)...) -> FloatingPointCounter {
        FloatingPointCounter(label: metric.rawValue, dimensions: more + dimensions, factory: factory)
    }

    package func recorder(_ metric: Metric, _ more: (String, String)...) -> Recorder {
        Recorder(label: metric.rawValue, dimensions: more + dimensions, aggregate: true, factory: factory)
    }

    package func meter(_ metric: Metric, _ more: (String, String)...) -> Meter {
        Meter(label: metric.rawValue, dimensions: more + dimensions, factory: factory)
    }
}
