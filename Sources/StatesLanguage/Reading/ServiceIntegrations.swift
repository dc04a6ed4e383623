/// The service integrations that Step Functions has a resource of its own for, with the patterns each can be called
/// in beside plain request and response.
enum ServiceIntegrations {
    private static let job: Set<String> = ["sync"]
    private static let callback: Set<String> = ["waitForTaskToken"]
    private static let jobOrCallback: Set<String> = ["sync", "waitForTaskToken"]
    private static let plain: Set<String> = []

    /// The actions of `aws-sdk:sfn` that workers carry out on their own database.
    static let stepFunctionsActions: Set<String> = [
        "createActivity", "deleteActivity", "describeActivity", "describeExecution", "describeStateMachine",
        "getActivityTask", "getExecutionHistory", "listActivities", "listExecutions", "listStateMachines",
        "sendTaskFailure", "sendTaskHeartbeat", "sendTaskSuccess", "startExecution", "stopExecution",
    ]

    /// Whether workers can call this action, where they have an endpoint for it.
    static func isCalled(_ service: String, _ action: String) -> Bool {
        if service.hasPrefix("aws-sdk:") { return service != "aws-sdk:sfn" }
        return ["apigateway", "dynamodb", "events", "http", "sns", "sqs"].contains(service)
    }

    static let known: [String: [String: Set<String>]] = [
        "apigateway": ["invoke": callback],
        "athena": [
            "startQueryExecution": job, "stopQueryExecution": plain, "getQueryExecution": plain,
            "getQueryResults": plain,
        ],
        "batch": ["submitJob": jobOrCallback],
        "bedrock": ["invokeModel": callback, "createModelCustomizationJob": job],
        "codebuild": [
            "startBuild": job, "stopBuild": plain, "batchDeleteBuilds": plain, "batchGetReports": plain,
            "startBuildBatch": job, "stopBuildBatch": plain, "retryBuildBatch": job, "deleteBuildBatch": plain,
        ],
        "databrew": ["startJobRun": job],
        "dynamodb": ["getItem": plain, "putItem": plain, "updateItem": plain, "deleteItem": plain],
        "ecs": ["runTask": jobOrCallback],
        "eks": [
            "createCluster": job, "deleteCluster": job, "createNodegroup": job, "deleteNodegroup": job,
            "createFargateProfile": job, "deleteFargateProfile": job, "call": plain, "runJob": job,
        ],
        "elasticmapreduce": [
            "createCluster": job, "terminateCluster": job, "addStep": job, "cancelStep": plain,
            "setClusterTerminationProtection": plain, "modifyInstanceFleetByName": plain,
            "modifyInstanceGroupByName": plain,
        ],
        "emr-containers": ["createVirtualCluster": plain, "deleteVirtualCluster": job, "startJobRun": job],
        "emr-serverless": [
            "createApplication": job, "startApplication": job, "stopApplication": job, "deleteApplication": job,
            "startJobRun": job, "cancelJobRun": job,
        ],
        "events": ["putEvents": callback],
        "glue": ["startJobRun": job],
        "http": ["invoke": plain],
        "lambda": ["invoke": callback],
        "mediaconvert": ["createJob": job],
        "sagemaker": [
            "createTrainingJob": job, "createTransformJob": job, "createHyperParameterTuningJob": job,
            "createLabelingJob": job, "createProcessingJob": job, "createEndpoint": plain,
            "createEndpointConfig": plain, "createModel": plain, "updateEndpoint": plain,
        ],
        "sns": ["publish": callback],
        "sqs": ["sendMessage": callback],
        "states": ["startExecution": ["sync", "sync:2", "waitForTaskToken"]],
    ]
}
