import CoreMetrics
import JSON
import Testing

@testable import Monitoring

@Suite struct MonitoringTests {
    private static func figures() -> WorkerFigures {
        var figures = WorkerFigures()
        figures.claims = 2
        figures.leaseLosses = 1
        figures.executionsSucceeded = 3
        for value in [0.0005, 0.002, 400, 1e300] { figures.claimLatency.add(value) }
        var calls = WorkerFigures.Calls()
        calls.failed = 1
        calls.runTime.add(7)
        figures.functions["charge"] = calls
        return figures
    }

    @Test func `figures are the same after a round trip`() throws {
        let figures = Self.figures()
        #expect(WorkerFigures(try JSONValue(parsing: figures.json.text)) == figures)
    }

    @Test(arguments: [
        "{}", "[]", "1", #"{"claims": -1e300, "claimLatency": {"counts": [1], "sum": 1}}"#,
        #"{"claimLatency": {"counts": "x"}, "functions": {"f": null, "g": {"runTime": {"sum": "x"}}}}"#,
    ])
    func `what makes no sense is zero`(text: String) throws {
        let figures = WorkerFigures(try JSONValue(parsing: text))
        #expect(figures.claims == 0 && figures.claimLatency.count == 0)
    }

    @Test func `a histogram counts up to each bound`() {
        var page = MetricsPage()
        var distribution = Distribution(bounds: [1, 5])
        for value in [1, 1.5, 9] { distribution.add(value) }
        page.begin("h", "histogram", "Help.")
        page.add("h", ["a": "\"\\\n"], distribution)
        #expect(
            page.text == #"""
                # HELP h Help.
                # TYPE h histogram
                h_bucket{a="\"\\\n",le="1.0"} 1
                h_bucket{a="\"\\\n",le="5.0"} 2
                h_bucket{a="\"\\\n",le="+Inf"} 3
                h_sum{a="\"\\\n"} 11.5
                h_count{a="\"\\\n"} 3

                """#
        )
    }

    @Test func `a worker's figures have AWS's names where there are any`() {
        var page = MetricsPage()
        page.add([("host/w1", Self.figures())])
        for line in [
            #"ExecutionsSucceeded{worker="host/w1"} 3"#, #"stepwell_lease_losses_total{worker="host/w1"} 1"#,
            #"stepwell_claim_latency_seconds_count{worker="host/w1"} 4"#,
            #"LambdaFunctionsFailed{function="charge",worker="host/w1"} 1"#,
            #"LambdaFunctionRunTime_sum{function="charge",worker="host/w1"} 7.0"#,
        ] {
            #expect(page.text.contains(line + "\n"), "\(line)")
        }
    }

    @Test func `what swift-metrics is told is shown, by kind and series`() {
        let registry = MetricsRegistry()
        let claims = Counter(label: "stepwell_claims_total", dimensions: [("worker", "a\"b")], factory: registry)
        claims.increment(by: 2)
        Counter(label: "stepwell_claims_total", dimensions: [("worker", "a\"b")], factory: registry).increment()
        FloatingPointCounter(label: "seconds_total", factory: registry).increment(by: 0.5)
        Meter(label: "stepwell_slots", factory: registry).set(7)
        Gauge(label: "orders", factory: registry).record(2.5)
        Timer(label: "took_seconds", factory: registry).recordMilliseconds(2)
        Recorder(label: "ExecutionTime", factory: registry).record(7)
        var page = MetricsPage()
        page.add(registry)
        for line in [
            "# HELP stepwell_claims_total Claims that brought something.", "# TYPE stepwell_claims_total counter",
            #"stepwell_claims_total{worker="a\"b"} 3"#, "seconds_total 0.5", "# TYPE orders gauge", "orders 2.5",
            "stepwell_slots 7", #"took_seconds_bucket{le="0.005"} 1"#, #"took_seconds_bucket{le="0.001"} 0"#,
            #"ExecutionTime_bucket{le="10.0"} 1"#, #"ExecutionTime_bucket{le="5.0"} 0"#,
        ] {
            #expect(page.text.contains(line + "\n"), "\(line)")
        }
        claims.reset()
        #expect(WorkerFigures(registry).claims == 0)
    }

    @Test func `a worker's figures come from what swift-metrics was told`() {
        let registry = MetricsRegistry()
        let maker = MetricsMaker(registry, dimensions: [("worker", "w1")])
        maker.counter(.claims).increment(by: 2)
        maker.counter(.leaseLosses).increment()
        maker.counter(.executionsSucceeded).increment(by: 3)
        for value in [0.0005, 0.002, 400, 1e300] { maker.recorder(.claimLatency).record(value) }
        maker.counter(.functionsFailed, ("function", "charge")).increment()
        maker.recorder(.functionRunTime, ("function", "charge")).record(7)
        #expect(WorkerFigures(registry) == Self.figures())
    }

    @Test func `another backend is told as well`() {
        let (own, other) = (MetricsRegistry(), MetricsRegistry())
        MetricsMaker(own, backend: other).counter(.claims).increment()
        #expect(WorkerFigures(other).claims == 1 && WorkerFigures(own).claims == 1)
    }
}
