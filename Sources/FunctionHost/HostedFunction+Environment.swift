import Foundation
import StatesLanguage
import Subprocess

extension HostedFunction {
    /// The environment that Lambda's documentation promises, and what the declaration adds. Nothing of the worker's own
    /// is passed on but where programs are: it has secrets.
    /// (https://docs.aws.amazon.com/lambda/latest/dg/configuration-envvars.html)
    func variables(port: Int, region: String) throws(FunctionHostError) -> [Environment.Key: String] {
        let worker = ProcessInfo.processInfo.environment
        var variables = [
            "PATH": worker["PATH"] ?? "/usr/local/bin:/usr/bin:/bin",
            "HOME": directory.path,
            "LANG": "en_US.UTF-8",
            "TZ": ":UTC",
            "LAMBDA_TASK_ROOT": directory.path,
            "LAMBDA_RUNTIME_DIR": directory.path,
            "PYTHONPATH": [directory.path, worker["PYTHONPATH"]].compactMap(\.self).joined(separator: ":"),
            "PYTHONUNBUFFERED": "1",
            "AWS_REGION": region,
            "AWS_DEFAULT_REGION": region,
            "AWS_EXECUTION_ENV": "Stepwell",
        ]
        variables.merge(environment) { $1 }
        for secret in secrets { variables[secret.variable] = try secret.value() }
        let fixed = [
            "AWS_LAMBDA_RUNTIME_API": "127.0.0.1:\(port)",
            "_HANDLER": handler,
            "AWS_LAMBDA_FUNCTION_NAME": name,
            "AWS_LAMBDA_FUNCTION_VERSION": version.map { "\($0)" } ?? FunctionReference.latest,
            "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "\(memoryMegabytes)",
            "AWS_LAMBDA_INITIALIZATION_TYPE": provisioned > 0 ? "provisioned-concurrency" : "on-demand",
            "AWS_LAMBDA_LOG_GROUP_NAME": "/aws/lambda/\(name)",
            "AWS_LAMBDA_LOG_STREAM_NAME": "stepwell",
        ]
        variables.merge(fixed) { $1 }
        return [Environment.Key: String](uniqueKeysWithValues: variables.map { (.init(stringLiteral: $0), $1) })
    }
}
