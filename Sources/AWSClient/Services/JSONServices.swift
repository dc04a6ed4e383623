/// The services that speak AWS JSON: what there is to know of each of them to make a request and to name its errors.
enum JSONServices {
    /// One service per line: its id (with `_` for a space), the name before its errors, the name it signs with, the
    /// version of the protocol, what stands before an operation's name in `X-Amz-Target`, whether its members begin
    /// with a small (`a`) or a large letter (`A`), and which of the errors that every service may answer are its own:
    /// `A`ccessDeniedException, InternalServer`E`rror, `I`nternalServerException, `R`esourceNotFoundException,
    /// `S`erviceUnavailableException, `T`hrottlingException, `V`alidationException.
    static let table = """
        ACM Acm acm 1.1 CertificateManager A ARTV
        ACM_PCA AcmPca acm-pca 1.1 ACMPrivateCA A R
        Application_Auto_Scaling ApplicationAutoScaling application-autoscaling 1.1 AnyScaleFrontendService A RV
        Application_Insights ApplicationInsights applicationinsights 1.1 EC2WindowsBarleyService A AIRV
        AppRunner AppRunner apprunner 1.0 AppRunner A R
        AppStream AppStream appstream 1.1 PhotonAdminProxyService A R
        ARC_Region_switch ArcRegionSwitch arc-region-switch 1.0 ArcRegionSwitch a AIR
        Athena Athena athena 1.1 AmazonAthena A IR
        Auto_Scaling_Plans AutoScalingPlans autoscaling-plans 1.1 AnyScaleScalingPlannerFrontendService A V
        b2bi B2Bi b2bi 1.0 B2BI a AIRTV
        Backup_Gateway BackupGateway backup-gateway 1.0 BackupOnPremises_v20210101 A AIRTV
        BCM_Dashboards BcmDashboards bcm-dashboards 1.0 AWSBCMDashboardsService a AIRTV
        BCM_Data_Exports BcmDataExports bcm-data-exports 1.1 AWSBillingAndCostManagementDataExports A AIRTV
        BCM_Pricing_Calculator BcmPricingCalculator bcm-pricing-calculator 1.0 AWSBCMPricingCalculator a AIRTV
        Billing Billing billing 1.0 AWSBilling a AIRTV
        Budgets Budgets budgets 1.1 AWSBudgetServiceGateway A AT
        Cost_Explorer CostExplorer ce 1.1 AWSInsightsIndexService A R
        Cloud9 Cloud9 cloud9 1.1 AWSCloud9WorkspaceManagementService a -
        CloudControl CloudControl cloudcontrolapi 1.0 CloudApiService A RT
        CloudHSM CloudHsm cloudhsm 1.1 CloudHsmFrontendService A -
        CloudHSM_V2 CloudHsmV2 cloudhsm 1.1 BaldrApiService A -
        CloudTrail CloudTrail cloudtrail 1.1 com.amazonaws.cloudtrail.v20131101.CloudTrail_20131101 A ART
        CloudWatch CloudWatch monitoring 1.0 GraniteServiceVersion20100801 A R
        CodeBuild CodeBuild codebuild 1.1 CodeBuild_20161006 a R
        CodeCommit CodeCommit codecommit 1.1 CodeCommit_20150413 a -
        CodeDeploy CodeDeploy codedeploy 1.1 CodeDeploy_20141006 a T
        CodePipeline CodePipeline codepipeline 1.1 CodePipeline_20150709 a RV
        Cognito_Identity CognitoIdentity cognito-identity 1.1 AWSCognitoIdentityService A R
        Cognito_Identity_Provider CognitoIdentityProvider cognito-idp 1.1 AWSCognitoIdentityProviderService A AIR
        Comprehend Comprehend comprehend 1.1 Comprehend_20171127 A IR
        ComprehendMedical ComprehendMedical comprehendmedical 1.1 ComprehendMedical_20181030 A IRSV
        Compute_Optimizer ComputeOptimizer compute-optimizer 1.0 ComputeOptimizerService a AIRST
        Config_Service Config config 1.1 StarlingDoveService A RV
        Cost_Optimization_Hub CostOptimizationHub cost-optimization-hub 1.0 CostOptimizationHubService a AIRTV
        Cost_and_Usage_Report_Service CostAndUsageReport cur 1.1 AWSOrigamiServiceGatewayService A RV
        Data_Pipeline DataPipeline datapipeline 1.1 DataPipeline a -
        DataSync DataSync datasync 1.1 FmrsService A -
        DAX Dax dax 1.1 AmazonDAXV3 A -
        Device_Farm DeviceFarm devicefarm 1.1 DeviceFarm_20150623 a -
        Direct_Connect DirectConnect directconnect 1.1 OvertureService a -
        Application_Discovery_Service ApplicationDiscovery discovery 1.1 AWSPoseidonService_V2015_11_01 a R
        Database_Migration_Service DatabaseMigration dms 1.1 AmazonDMSv20160101 A -
        Directory_Service Directory ds 1.1 DirectoryService_20150416 A A
        DynamoDB DynamoDb dynamodb 1.0 DynamoDB_20120810 A ERT
        DynamoDB_Streams DynamoDbStreams dynamodb 1.0 DynamoDBStreams_20120810 A ER
        EC2_Instance_Connect Ec2InstanceConnect ec2-instance-connect 1.1 AWSEC2InstanceConnectService A T
        ECR Ecr ecr 1.1 AmazonEC2ContainerRegistry_V20150921 a V
        ECR_PUBLIC EcrPublic ecr-public 1.1 SpencerFrontendService a -
        ECS Ecs ecs 1.1 AmazonEC2ContainerServiceV20141113 a AR
        EMR Emr elasticmapreduce 1.1 ElasticMapReduce A EI
        EventBridge EventBridge events 1.1 AWSEvents A ART
        evs Evs evs 1.0 AmazonElasticVMwareService a IRTV
        Firehose Firehose firehose 1.1 Firehose_20150804 A RS
        FMS Fms fms 1.1 AWSFMS_20180101 A R
        forecast Forecast forecast 1.1 AmazonForecast A R
        forecastquery Forecastquery forecast 1.1 AmazonForecastRuntime A R
        FraudDetector FraudDetector frauddetector 1.1 AWSHawksNestServiceFacade a AIRTV
        FreeTier FreeTier freetier 1.0 AWSFreeTierService a AIRTV
        FSx FSx fsx 1.1 AWSSimbaAPIService_v20180301 A E
        GameLift GameLift gamelift 1.1 GameLift A -
        Global_Accelerator GlobalAccelerator globalaccelerator 1.1 GlobalAccelerator_V20180706 A A
        Glue Glue glue 1.1 AWSGlue A AIRTV
        Health Health health 1.1 AWSHealth_20160804 a -
        HealthLake HealthLake healthlake 1.0 HealthLake A AIRTV
        identitystore Identitystore identitystore 1.1 AWSIdentityStore A AIRTV
        Inspector Inspector inspector 1.1 InspectorService a A
        Interconnect Interconnect interconnect 1.0 Interconnect a ART
        Invoicing Invoicing invoicing 1.0 Invoicing A AIRTV
        IoTFleetWise IoTFleetWise iotfleetwise 1.0 IoTAutobahnControlPlane a AIRTV
        IoTSecureTunneling IoTSecureTunneling IoTSecuredTunneling 1.1 IoTSecuredTunneling a R
        IoTThingsGraph IoTThingsGraph iotthingsgraph 1.1 IotThingsGraphFrontEndService a RT
        kendra Kendra kendra 1.1 AWSKendraFrontendService A AIRTV
        Kendra_Ranking KendraRanking kendra-ranking 1.0 AWSKendraRerankingFrontendService A AIRTV
        Keyspaces Keyspaces cassandra 1.0 KeyspacesService a AIRV
        KeyspacesStreams KeyspacesStreams cassandra 1.0 KeyspacesStreams a AIRTV
        Kinesis Kinesis kinesis 1.1 Kinesis_20131202 A ARV
        Kinesis_Analytics KinesisAnalytics kinesisanalytics 1.1 KinesisAnalytics_20150814 A RS
        Kinesis_Analytics_V2 KinesisAnalyticsV2 kinesisanalytics 1.1 KinesisAnalytics_20180523 A RS
        KMS Kms kms 1.1 TrentService A -
        License_Manager LicenseManager license-manager 1.1 AWSLicenseManager A ARV
        Lightsail Lightsail lightsail 1.1 Lightsail_20161128 a A
        CloudWatch_Logs CloudWatchLogs logs 1.1 Logs_20140328 a AIRSTV
        LookoutEquipment LookoutEquipment lookoutequipment 1.0 AWSLookoutEquipmentFrontendService A AIRTV
        Machine_Learning MachineLearning machinelearning 1.1 AmazonML_20141212 A IR
        MailManager MailManager ses 1.0 MailManagerSvc A ARTV
        Marketplace_Agreement MarketplaceAgreement aws-marketplace 1.0 AWSMPCommerceService_v20200301 a AIRTV
        Marketplace_Entitlement_Service MarketplaceEntitlement aws-marketplace 1.1 AWSMPEntitlementService A T
        MediaStore MediaStore mediastore 1.1 MediaStore_20170901 A E
        MemoryDB MemoryDb memorydb 1.1 AmazonMemoryDB A -
        Marketplace_Metering MarketplaceMetering aws-marketplace 1.1 AWSMPMeteringService A T
        Migration_Hub MigrationHub mgh 1.1 AWSMigrationHub A AERST
        MigrationHub_Config MigrationHubConfig mgh 1.1 AWSMigrationHubMultiAccountService A AEST
        MTurk MTurk mturk-requester 1.1 MTurkRequesterServiceV20170117 A -
        MWAA_Serverless MwaaServerless airflow-serverless 1.0 AmazonMWAAServerless A AIRTV
        Network_Firewall NetworkFirewall network-firewall 1.0 NetworkFirewall_20201112 A ERT
        odb Odb odb 1.0 Odb a AIRTV
        OpenSearchServerless OpenSearchServerless aoss 1.0 OpenSearchServerless a IRV
        Organizations Organizations organizations 1.1 AWSOrganizationsV20161128 A A
        PartnerCentral_Account PartnerCentralAccount partnercentral-account 1.0 PartnerCentralAccount A AIRTV
        PartnerCentral_Benefits PartnerCentralBenefits partnercentral-benefits 1.0 PartnerCentralBenefitsService A AIRTV
        PartnerCentral_Channel PartnerCentralChannel partnercentral-channel 1.0 PartnerCentralChannel a AIRTV
        PartnerCentral_Selling PartnerCentralSelling partnercentral-selling 1.0 AWSPartnerCentralSelling A AIRTV
        Payment_Cryptography PaymentCryptography payment-cryptography 1.0 PaymentCryptographyControlPlane A AIRSTV
        PCS Pcs pcs 1.0 AWSParallelComputingService a AIRTV
        Personalize Personalize personalize 1.1 AmazonPersonalize a R
        PI Pi pi 1.1 PerformanceInsightsv20180227 A -
        Pinpoint_SMS_Voice_V2 PinpointSmsVoiceV2 sms-voice 1.0 PinpointSMSVoiceV2 A AIRTV
        Pricing Pricing pricing 1.1 AWSPriceListService A ART
        Proton Proton proton 1.0 AwsProton20200720 a AIRTV
        Redshift_Data RedshiftData redshift-data 1.1 RedshiftData A IRV
        Redshift_Serverless RedshiftServerless redshift-serverless 1.1 RedshiftServerless a AIRTV
        Rekognition Rekognition rekognition 1.1 RekognitionService A AERT
        Resource_Groups_Tagging_API ResourceGroupsTaggingApi tagging 1.1 ResourceGroupsTaggingAPI_20170126 A -
        Route53_Recovery_Cluster Route53RecoveryCluster route53-recovery-cluster 1.0 ToggleCustomerAPI A AIRTV
        Route_53_Domains Route53Domains route53domains 1.1 Route53Domains_v20140515 A -
        Route53Resolver Route53Resolver route53resolver 1.1 Route53Resolver A ARTV
        SageMaker SageMaker sagemaker 1.1 SageMaker A -
        Secrets_Manager SecretsManager secretsmanager 1.1 secretsmanager A R
        Service_Quotas ServiceQuotas servicequotas 1.1 ServiceQuotasV20190624 A A
        Service_Catalog ServiceCatalog servicecatalog 1.1 AWS242ServiceCatalogService A R
        ServiceDiscovery ServiceDiscovery servicediscovery 1.1 Route53AutoNaming_v20170314 A R
        Shield Shield shield 1.1 AWSShield_20160616 A AR
        Snowball Snowball snowball 1.1 AWSIESnowballJobManagementService A -
        SQS Sqs sqs 1.0 AmazonSQS A R
        SSM Ssm ssm 1.1 AmazonSSM A AERTV
        SSM_Contacts SsmContacts ssm-contacts 1.1 SSMContacts A AIRTV
        SSO_Admin SsoAdmin sso 1.1 SWBExternalService A AIRTV
        SFN Sfn states 1.0 AWSStepFunctions a V
        Storage_Gateway StorageGateway storagegateway 1.1 StorageGateway_20130630 A E
        Support Support support 1.1 AWSSupport_20130415 a ET
        SWF Swf swf 1.0 SimpleWorkflowService a -
        Textract Textract textract 1.1 Textract A AERTV
        Timestream_InfluxDB TimestreamInfluxDb timestream-influxdb 1.0 AmazonTimestreamInfluxDB a AIRTV
        Timestream_Query TimestreamQuery timestream 1.0 Timestream_20181101 A AIRTV
        Timestream_Write TimestreamWrite timestream 1.0 Timestream_20181101 A AIRTV
        Transcribe Transcribe transcribe 1.1 Transcribe A -
        Transfer Transfer transfer 1.1 TransferService A ARST
        Translate Translate translate 1.1 AWSShineFrontendService_20170701 A IRS
        VerifiedPermissions VerifiedPermissions verifiedpermissions 1.0 VerifiedPermissions a AIRTV
        Voice_ID VoiceId voiceid 1.0 VoiceID A AIRTV
        WAF Waf waf 1.1 AWSWAF_20150824 A -
        WAF_Regional WafRegional waf-regional 1.1 AWSWAF_Regional_20161128 A -
        WAFV2 Wafv2 wafv2 1.1 AWSWAF_20190729 A -
        WorkMail WorkMail workmail 1.1 WorkMailService A R
        WorkSpaces WorkSpaces workspaces 1.1 WorkspacesService A AIRV
        Workspaces_Instances WorkspacesInstances workspaces-instances 1.0 EUCMIFrontendAPIService A AIRTV
        """

    /// Members that are maps, whose keys are the user's own, of services whose members begin with a small letter.
    static let maps: [String: Set<String>] = [
        "applicationdiscovery": ["schemaStorageConfig"],
        "arcregionswitch": [
            "associatedAlarms", "dbInstanceArnMap", "regionAndRoutingControls", "regionEventSourceMappings",
            "resourceTags", "tags",
        ],
        "bcmdashboards": ["graph"],
        "bcmpricingcalculator": ["serviceCostDifferences", "tags"],
        "bcmrecommendedactions": ["context"],
        "bedrockdataautomationruntime": ["kmsEncryptionContext"],
        "cloudwatchlogs": [
            "attributes", "deliverySourceConfiguration", "dimensions", "enumerations", "extractedValues", "histogram",
            "keyAttributes", "logRecord", "tags",
        ],
        "codebuild": ["statusCounts"],
        "codecommit": ["reactionCounts", "tags"],
        "codedeploy": ["targetFilters"],
        "codepipeline": ["artifactStores", "configuration", "outputVariables", "queryParam", "resolvedConfiguration"],
        "datapipeline": ["objects"],
        "devicefarm": [
            "current", "maxSlots", "nextPeriod", "parameters", "uniqueProblems", "unmeteredDevices",
            "unmeteredRemoteAccessDevices",
        ],
        "ecr": ["annotations", "findingSeverityCounts", "tags"],
        "ecs": ["dockerLabels", "driverOpts", "labels", "options"],
        "evs": ["tags"],
        "frauddetector": [
            "csvIndexToVariableMap", "eventVariables", "externalModelEndpointDataBlobs", "inputVariables",
            "jsonKeyToVariableMap", "labelMapper", "outputVariables", "outputs", "scores",
        ],
        "health": ["entityMetadata", "eventMetadata", "statuses", "tags"],
        "inspector": ["exclusions", "failedItems", "findingCounts"],
        "interconnect": ["tags"],
        "iotfleetwise": ["attributes", "signalsMap"],
        "keyspacesstreams": ["clusteringKeys", "partitionKeys", "staticCells", "udtT", "valueCells"],
        "lightsail": [
            "attachedDiskMapping", "configurationOptions", "containers", "environment", "options", "ports",
            "publicDomainNames",
        ],
        "marketplacecommerceanalytics": ["customerDefinedValues"],
        "odb": ["tags"],
        "pcs": ["tags"],
        "personalize": [
            "algorithmHyperParameters", "defaultHyperParameters", "defaultParameters", "defaultResourceConfig",
            "excludedDatasetColumns", "featureTransformationParameters", "includedDatasetColumns",
            "itemExplorationConfig", "metrics", "modelMetrics", "rankingInfluence",
        ],
        "sfn": ["assignedVariables", "variableReferences"],
        "timestreaminfluxdb": ["tags"],
        "verifiedpermissions": ["attributes", "contextMap", "encryptionContext", "record", "tags"],
    ]
}
