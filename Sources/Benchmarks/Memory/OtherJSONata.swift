import Foundation
import JSON

/// Another implementation of JSONata, run by its own interpreter on the same expressions and data.
struct OtherJSONata {
    let name: String
    /// How it can be had.
    let hint: String
    private let command: [String]

    static let all = [
        OtherJSONata(
            name: "Python",
            hint: "Python: no package jsonata for python3; pip install jsonata-python",
            command: [
                "python3", "-c",
                """
                import json, sys, time
                from jsonata import Jsonata
                request = json.load(sys.stdin)
                figures = []
                for work in request["work"]:
                    compiled = Jsonata(work["expression"])
                    data = request["document"] if work["isLarge"] else None
                    bindings = None if work["isLarge"] else {"states": request["states"]}
                    rounds, start = 0, time.process_time()
                    while rounds == 0 or time.process_time() - start < 0.5:
                        compiled.evaluate(data, bindings)
                        rounds += 1
                    figures.append((time.process_time() - start) * 1e6 / rounds)
                print(json.dumps(figures))
                """,
            ]
        ),
        OtherJSONata(
            name: "JavaScript",
            hint: "JavaScript: no module jsonata for node; npm install jsonata, or set NODE_PATH",
            command: [
                "node", "-e",
                """
                const jsonata = require('jsonata');
                const request = JSON.parse(require('fs').readFileSync(0));
                const used = () => { const usage = process.cpuUsage(); return usage.user + usage.system; };
                (async () => {
                    const figures = [];
                    for (const work of request.work) {
                        const compiled = jsonata(work.expression);
                        const data = work.isLarge ? request.document : undefined;
                        const bindings = work.isLarge ? undefined : { states: request.states };
                        let rounds = 0, start = used();
                        while (rounds === 0 || used() - start < 5e5) {
                            await compiled.evaluate(data, bindings);
                            rounds += 1;
                        }
                        figures.push((used() - start) / rounds);
                    }
                    console.log(JSON.stringify(figures));
                })();
                """,
            ]
        ),
    ]

    /// Microseconds of CPU for one evaluation of each; nil where the implementation can't be run.
    func measure(_ work: [JSONataWork]) throws -> [Double]? {
        let request: JSONValue = [
            "document": JSONataWork.document, "states": JSONataWork.states,
            "work": .array(work.map { ["expression": .string($0.expression), "isLarge": .bool($0.isLarge)] }),
        ]
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments = command
        let (input, output) = (Pipe(), Pipe())
        process.standardInput = input
        process.standardOutput = output
        process.standardError = FileHandle.nullDevice
        try process.run()
        // A program that has ended without reading closes the pipe.
        signal(SIGPIPE, SIG_IGN)
        try? input.fileHandleForWriting.write(contentsOf: Data(request.text.utf8))
        try? input.fileHandleForWriting.close()
        let answer = String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        process.waitUntilExit()
        guard process.terminationStatus == 0, let figures = try? JSONValue(parsing: answer).array else { return nil }
        return figures.compactMap { $0.number?.double }
    }
}
