"""Every operation: a success, and each error that AWS's model of the service documents for it."""

import json
import os
import subprocess
import time
import unittest

import botocore.exceptions

from support import PASS, PREFIX, ROLE, WAIT, client, create, end_of, name, wait_until_ready

NO_KMS = "there are no keys of KMS here: a customer's key is refused as InvalidEncryptionConfiguration"
NO_QUOTA = "the limit holds with strict-aws only, and is too high to be reached here"
ONE_TRANSACTION = "a change is one transaction: there is no state in which another is in its way"
PATTERN_FIRST = "such a name violates a constraint of the request, which is a ValidationException"

# What can't happen here, and why.
IMPOSSIBLE = {
    ("CreateActivity", "ActivityLimitExceeded"): NO_QUOTA,
    ("CreateActivity", "ActivityAlreadyExists"): "it is about another encryption, and there is only one",
    ("CreateStateMachine", "StateMachineLimitExceeded"): NO_QUOTA,
    ("CreateStateMachine", "StateMachineTypeNotSupported"): "both types are supported",
    ("CreateStateMachine", "ConflictException"): ONE_TRANSACTION,
    ("CreateStateMachineAlias", "InvalidName"): PATTERN_FIRST,
    ("DeleteStateMachineAlias", "ConflictException"): ONE_TRANSACTION,
    ("DeleteStateMachineAlias", "ResourceNotFound"): "AWS, too, was seen to take an alias that isn't there for deleted",
    ("GetActivityTask", "ActivityWorkerLimitExceeded"): "takes 10,000 connections; the server's own tests have it",
    ("RedriveExecution", "ExecutionLimitExceeded"): NO_QUOTA,
    ("SendTaskFailure", "TaskDoesNotExist"): "a token that is no task's is an InvalidToken",
    ("SendTaskHeartbeat", "TaskDoesNotExist"): "a token that is no task's is an InvalidToken",
    ("SendTaskSuccess", "TaskDoesNotExist"): "a token that is no task's is an InvalidToken",
    ("StartExecution", "ExecutionLimitExceeded"): NO_QUOTA,
    ("UpdateStateMachine", "ConflictException"): ONE_TRANSACTION,
    ("UpdateStateMachineAlias", "ConflictException"): ONE_TRANSACTION,
}

LONG_ARN = PREFIX + "stateMachine:" + "x" * 2100
NOWHERE = PREFIX + "stateMachine:nowhere"
BAD_ARN = "nonsense"
MANY_TAGS = [{"key": f"k{index}", "value": ""} for index in range(51)]
KMS = {"type": "CUSTOMER_MANAGED_KMS_KEY", "kmsKeyId": "k"}
FAIL = {"StartAt": "A", "States": {"A": {"Type": "Fail", "Error": "E"}}}
TEXT = json.dumps(PASS)


def new_machine(**more):
    return {"name": name(), "definition": TEXT, "roleArn": ROLE} | more


def routes(arn):
    return [{"stateMachineVersionArn": arn, "weight": 100}]


# By operation, what is sent for a success (None) and for each error. `f` is the test, with what it has made.
CASES = {
    "CreateActivity": {
        None: lambda f: {"name": name("activity")},
        "InvalidName": lambda f: {"name": "a b"},
        "TooManyTags": lambda f: {"name": name("activity"), "tags": MANY_TAGS},
        "InvalidEncryptionConfiguration": lambda f: {"name": name("activity"), "encryptionConfiguration": KMS},
    },
    "CreateStateMachine": {
        None: lambda f: new_machine(publish=True, versionDescription="v"),
        "InvalidArn": lambda f: new_machine(roleArn=BAD_ARN),
        "InvalidDefinition": lambda f: new_machine(definition="{}"),
        "InvalidName": lambda f: new_machine(name="a b"),
        "InvalidLoggingConfiguration": lambda f: new_machine(loggingConfiguration={"level": "ALL"}),
        "InvalidTracingConfiguration": lambda f: new_machine(tracingConfiguration={}),
        "StateMachineAlreadyExists": lambda f: new_machine(name=f.machine.split(":")[-1], type="EXPRESS"),
        "StateMachineDeleting": lambda f: new_machine(name=f.deleting.split(":")[-1]),
        "TooManyTags": lambda f: new_machine(tags=MANY_TAGS),
        "ValidationException": lambda f: new_machine(versionDescription="v"),
        "InvalidEncryptionConfiguration": lambda f: new_machine(encryptionConfiguration=KMS),
    },
    "CreateStateMachineAlias": {
        None: lambda f: {"name": name("alias"), "routingConfiguration": routes(f.version)},
        "InvalidArn": lambda f: {"name": "a", "routingConfiguration": routes(BAD_ARN)},
        "ValidationException": lambda f: {"name": "1", "routingConfiguration": routes(f.version)},
        "StateMachineDeleting": lambda f: {"name": "other", "routingConfiguration": routes(f.deleting + ":1")},
        "ResourceNotFound": lambda f: {"name": "a", "routingConfiguration": routes(f.machine + ":77")},
        "ConflictException": lambda f: {
            "name": "live", "routingConfiguration": routes(f.version), "description": "another"},
        "ServiceQuotaExceededException": lambda f: {"name": "one-more", "routingConfiguration": routes(f.full + ":1")},
    },
    "DeleteActivity": {
        None: lambda f: {"activityArn": PREFIX + "activity:nobody"},
        "InvalidArn": lambda f: {"activityArn": BAD_ARN},
    },
    "DeleteStateMachine": {
        None: lambda f: {"stateMachineArn": create(f.sfn)},
        "InvalidArn": lambda f: {"stateMachineArn": BAD_ARN},
        "ValidationException": lambda f: {"stateMachineArn": LONG_ARN},
    },
    "DeleteStateMachineAlias": {
        None: lambda f: {"stateMachineAliasArn": f.new_alias()},
        "ValidationException": lambda f: {"stateMachineAliasArn": LONG_ARN},
        "InvalidArn": lambda f: {"stateMachineAliasArn": BAD_ARN},
    },
    "DeleteStateMachineVersion": {
        None: lambda f: {"stateMachineVersionArn": create(f.sfn, publish=True) + ":1"},
        "ValidationException": lambda f: {"stateMachineVersionArn": LONG_ARN},
        "InvalidArn": lambda f: {"stateMachineVersionArn": BAD_ARN},
        "ConflictException": lambda f: {"stateMachineVersionArn": f.version},
    },
    "DescribeActivity": {
        None: lambda f: {"activityArn": f.activity},
        "ActivityDoesNotExist": lambda f: {"activityArn": f.activity + "x"},
        "InvalidArn": lambda f: {"activityArn": BAD_ARN},
    },
    "DescribeExecution": {
        None: lambda f: {"executionArn": f.ended},
        "ExecutionDoesNotExist": lambda f: {"executionArn": f.ended + "x"},
        "InvalidArn": lambda f: {"executionArn": BAD_ARN},
    },
    "DescribeMapRun": {
        None: lambda f: {"mapRunArn": f.map_run},
        "ResourceNotFound": lambda f: {"mapRunArn": f.missing_run},
        "InvalidArn": lambda f: {"mapRunArn": BAD_ARN},
    },
    "DescribeStateMachine": {
        None: lambda f: {"stateMachineArn": f.version},
        "InvalidArn": lambda f: {"stateMachineArn": BAD_ARN},
        "StateMachineDoesNotExist": lambda f: {"stateMachineArn": NOWHERE},
    },
    "DescribeStateMachineAlias": {
        None: lambda f: {"stateMachineAliasArn": f.alias},
        "ValidationException": lambda f: {"stateMachineAliasArn": LONG_ARN},
        "InvalidArn": lambda f: {"stateMachineAliasArn": BAD_ARN},
        "ResourceNotFound": lambda f: {"stateMachineAliasArn": f.machine + ":nobody"},
    },
    "DescribeStateMachineForExecution": {
        None: lambda f: {"executionArn": f.ended},
        "ExecutionDoesNotExist": lambda f: {"executionArn": f.ended + "x"},
        "InvalidArn": lambda f: {"executionArn": BAD_ARN},
    },
    "GetActivityTask": {
        None: lambda f: {"activityArn": f.activity_with_task()},
        "ActivityDoesNotExist": lambda f: {"activityArn": f.activity + "x"},
        "InvalidArn": lambda f: {"activityArn": BAD_ARN},
    },
    "GetExecutionHistory": {
        None: lambda f: {"executionArn": f.failed},
        "ExecutionDoesNotExist": lambda f: {"executionArn": f.ended + "x"},
        "InvalidArn": lambda f: {"executionArn": BAD_ARN},
        "InvalidToken": lambda f: {"executionArn": f.ended, "nextToken": "made-up"},
    },
    "ListActivities": {
        None: lambda f: {"maxResults": 1},
        "InvalidToken": lambda f: {"nextToken": "made-up"},
    },
    "ListExecutions": {
        None: lambda f: {"stateMachineArn": f.machine},
        "InvalidArn": lambda f: {"stateMachineArn": BAD_ARN},
        "InvalidToken": lambda f: {"stateMachineArn": f.machine, "nextToken": "made-up"},
        "StateMachineDoesNotExist": lambda f: {"stateMachineArn": NOWHERE},
        "StateMachineTypeNotSupported": lambda f: {"stateMachineArn": f.express},
        "ValidationException": lambda f: {},
        "ResourceNotFound": lambda f: {"mapRunArn": f.missing_run},
    },
    "ListMapRuns": {
        None: lambda f: {"executionArn": f.mapping},
        "ExecutionDoesNotExist": lambda f: {"executionArn": f.ended + "x"},
        "InvalidArn": lambda f: {"executionArn": BAD_ARN},
        "InvalidToken": lambda f: {"executionArn": f.mapping, "nextToken": "made-up"},
    },
    "ListStateMachineAliases": {
        None: lambda f: {"stateMachineArn": f.machine},
        "InvalidArn": lambda f: {"stateMachineArn": BAD_ARN},
        "InvalidToken": lambda f: {"stateMachineArn": f.machine, "nextToken": "made-up"},
        "ResourceNotFound": lambda f: {"stateMachineArn": f.machine + ":77"},
        "StateMachineDoesNotExist": lambda f: {"stateMachineArn": NOWHERE},
        "StateMachineDeleting": lambda f: {"stateMachineArn": f.deleting},
    },
    "ListStateMachineVersions": {
        None: lambda f: {"stateMachineArn": f.machine},
        "ValidationException": lambda f: {"stateMachineArn": LONG_ARN},
        "InvalidArn": lambda f: {"stateMachineArn": BAD_ARN},
        "InvalidToken": lambda f: {"stateMachineArn": f.machine, "nextToken": "made-up"},
    },
    "ListStateMachines": {
        None: lambda f: {"maxResults": 1},
        "InvalidToken": lambda f: {"nextToken": "made-up"},
    },
    "ListTagsForResource": {
        None: lambda f: {"resourceArn": f.activity},
        "InvalidArn": lambda f: {"resourceArn": BAD_ARN},
        "ResourceNotFound": lambda f: {"resourceArn": NOWHERE},
    },
    "PublishStateMachineVersion": {
        None: lambda f: {"stateMachineArn": create(f.sfn)},
        "ValidationException": lambda f: {"stateMachineArn": LONG_ARN},
        "StateMachineDeleting": lambda f: {"stateMachineArn": f.deleting},
        "StateMachineDoesNotExist": lambda f: {"stateMachineArn": NOWHERE},
        "ServiceQuotaExceededException": lambda f: {"stateMachineArn": f.full},
        "ConflictException": lambda f: {"stateMachineArn": f.machine, "revisionId": "another"},
        "InvalidArn": lambda f: {"stateMachineArn": BAD_ARN},
    },
    "RedriveExecution": {
        None: lambda f: {"executionArn": f.failed, "clientToken": "t"},
        "ExecutionDoesNotExist": lambda f: {"executionArn": f.ended + "x"},
        "ExecutionNotRedrivable": lambda f: {"executionArn": f.ended},
        "InvalidArn": lambda f: {"executionArn": BAD_ARN},
        "ValidationException": lambda f: {"executionArn": LONG_ARN},
    },
    "SendTaskFailure": {
        None: lambda f: {"taskToken": f.new_token(), "error": "E", "cause": "C"},
        "InvalidToken": lambda f: {"taskToken": "made-up"},
        "TaskTimedOut": lambda f: {"taskToken": f.old_token},
    },
    "SendTaskHeartbeat": {
        None: lambda f: {"taskToken": f.new_token()},
        "InvalidToken": lambda f: {"taskToken": "made-up"},
        "TaskTimedOut": lambda f: {"taskToken": f.old_token},
    },
    "SendTaskSuccess": {
        None: lambda f: {"taskToken": f.new_token(), "output": "{}"},
        "InvalidOutput": lambda f: {"taskToken": f.old_token, "output": "{"},
        "InvalidToken": lambda f: {"taskToken": "made-up", "output": "{}"},
        "TaskTimedOut": lambda f: {"taskToken": f.old_token, "output": "{}"},
    },
    "StartExecution": {
        None: lambda f: {"stateMachineArn": f.alias, "input": "[1]", "traceHeader": "Root=1-a-b"},
        "ExecutionAlreadyExists": lambda f: {"stateMachineArn": f.machine, "name": f.ended.split(":")[-1]},
        "InvalidArn": lambda f: {"stateMachineArn": BAD_ARN},
        "InvalidExecutionInput": lambda f: {"stateMachineArn": f.machine, "input": "{"},
        "InvalidName": lambda f: {"stateMachineArn": f.machine, "name": "a b"},
        "StateMachineDoesNotExist": lambda f: {"stateMachineArn": NOWHERE},
        "StateMachineDeleting": lambda f: {"stateMachineArn": f.deleting},
        "ValidationException": lambda f: {"stateMachineArn": LONG_ARN},
    },
    "StartSyncExecution": {
        None: lambda f: {"stateMachineArn": f.express},
        "InvalidArn": lambda f: {"stateMachineArn": BAD_ARN},
        "InvalidExecutionInput": lambda f: {"stateMachineArn": f.express, "input": "{"},
        "InvalidName": lambda f: {"stateMachineArn": f.express, "name": "a b"},
        "StateMachineDoesNotExist": lambda f: {"stateMachineArn": NOWHERE},
        "StateMachineDeleting": lambda f: {"stateMachineArn": f.deleting_express},
        "StateMachineTypeNotSupported": lambda f: {"stateMachineArn": f.machine},
    },
    "StopExecution": {
        None: lambda f: {"executionArn": f.running},
        "ExecutionDoesNotExist": lambda f: {"executionArn": f.ended + "x"},
        "InvalidArn": lambda f: {"executionArn": BAD_ARN},
        "ValidationException": lambda f: {"executionArn": f.ended, "error": "x" * 257},
    },
    "TagResource": {
        None: lambda f: {"resourceArn": f.machine, "tags": [{"key": "a", "value": "b"}]},
        "InvalidArn": lambda f: {"resourceArn": BAD_ARN, "tags": []},
        "ResourceNotFound": lambda f: {"resourceArn": NOWHERE, "tags": []},
        "TooManyTags": lambda f: {"resourceArn": f.machine, "tags": MANY_TAGS},
    },
    "TestState": {
        None: lambda f: {"definition": json.dumps(PASS["States"]["A"]), "roleArn": ROLE, "input": "{}"},
        "InvalidArn": lambda f: {"definition": json.dumps(PASS["States"]["A"]), "roleArn": BAD_ARN},
        "InvalidDefinition": lambda f: {"definition": "{}", "roleArn": ROLE},
        "InvalidExecutionInput": lambda f: {
            "definition": json.dumps(PASS["States"]["A"]), "roleArn": ROLE, "input": "{"},
        "ValidationException": lambda f: {"roleArn": ROLE},
    },
    "UntagResource": {
        None: lambda f: {"resourceArn": f.machine, "tagKeys": ["a"]},
        "InvalidArn": lambda f: {"resourceArn": BAD_ARN, "tagKeys": []},
        "ResourceNotFound": lambda f: {"resourceArn": NOWHERE, "tagKeys": []},
    },
    "UpdateMapRun": {
        None: lambda f: {"mapRunArn": f.open_run, "maxConcurrency": 2},
        "ResourceNotFound": lambda f: {"mapRunArn": f.missing_run, "maxConcurrency": 2},
        "InvalidArn": lambda f: {"mapRunArn": BAD_ARN},
        "ValidationException": lambda f: {"mapRunArn": f.map_run, "maxConcurrency": 2},
    },
    "UpdateStateMachine": {
        None: lambda f: {"stateMachineArn": f.machine, "roleArn": ROLE + "2"},
        "InvalidArn": lambda f: {"stateMachineArn": BAD_ARN, "definition": TEXT},
        "InvalidDefinition": lambda f: {"stateMachineArn": f.machine, "definition": "{}"},
        "InvalidLoggingConfiguration": lambda f: {
            "stateMachineArn": f.machine, "loggingConfiguration": {"level": "ALL"}},
        "InvalidTracingConfiguration": lambda f: {"stateMachineArn": f.machine, "tracingConfiguration": {}},
        "MissingRequiredParameter": lambda f: {"stateMachineArn": f.machine},
        "StateMachineDeleting": lambda f: {"stateMachineArn": f.deleting, "definition": TEXT},
        "StateMachineDoesNotExist": lambda f: {"stateMachineArn": NOWHERE, "definition": TEXT},
        "ServiceQuotaExceededException": lambda f: {
            "stateMachineArn": f.full, "definition": json.dumps(WAIT), "publish": True},
        "ValidationException": lambda f: {"stateMachineArn": f.machine, "definition": TEXT, "versionDescription": "v"},
        "InvalidEncryptionConfiguration": lambda f: {
            "stateMachineArn": f.machine, "encryptionConfiguration": KMS},
    },
    "UpdateStateMachineAlias": {
        None: lambda f: {"stateMachineAliasArn": f.alias, "description": "d"},
        "ValidationException": lambda f: {"stateMachineAliasArn": f.alias},
        "InvalidArn": lambda f: {"stateMachineAliasArn": BAD_ARN, "description": "d"},
        "ResourceNotFound": lambda f: {"stateMachineAliasArn": f.machine + ":nobody", "description": "d"},
        "StateMachineDeleting": lambda f: {"stateMachineAliasArn": f.deleting + ":live", "description": "d"},
    },
    "ValidateStateMachineDefinition": {
        None: lambda f: {"definition": TEXT},
        "ValidationException": lambda f: {"definition": ""},
    },
}


class Errors(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        wait_until_ready()
        sfn = cls.sfn = client()
        cls.machine = create(sfn, publish=True)
        cls.version = cls.machine + ":1"
        cls.alias = sfn.create_state_machine_alias(name="live", routingConfiguration=routes(cls.version))[
            "stateMachineAliasArn"]
        cls.express = create(sfn, type="EXPRESS")
        cls.ended = sfn.start_execution(stateMachineArn=cls.machine)["executionArn"]
        cls.running = sfn.start_execution(stateMachineArn=create(sfn, WAIT))["executionArn"]
        cls.failed = sfn.start_execution(stateMachineArn=create(sfn, FAIL))["executionArn"]
        cls.activity = sfn.create_activity(name=name("activity"))["activityArn"]
        cls.asking = create(
            sfn, {"StartAt": "A", "States": {"A": {"Type": "Task", "Resource": cls.activity, "End": True}}})
        cls.old_token = cls.new_token()
        sfn.send_task_success(taskToken=cls.old_token, output="{}")
        cls.mapping, cls.map_run = cls.start_map(PASS)
        cls.open_mapping, cls.open_run = cls.start_map(WAIT)
        cls.missing_run = cls.map_run[:-12] + "0" * 12
        cls.full = cls.fill()
        end_of(sfn, cls.ended)
        end_of(sfn, cls.failed)
        end_of(sfn, cls.mapping)
        cls.deleting, cls.release = cls.hold_deletion("STANDARD")
        cls.deleting_express, cls.release_express = cls.hold_deletion("EXPRESS")

    @classmethod
    def tearDownClass(cls):
        cls.release()
        cls.release_express()
        cls.sfn.stop_execution(executionArn=cls.open_mapping)

    @classmethod
    def new_token(cls):
        return cls.sfn.get_activity_task(activityArn=cls.activity_with_task())["taskToken"]

    @classmethod
    def activity_with_task(cls):
        cls.sfn.start_execution(stateMachineArn=cls.asking)
        return cls.activity

    @classmethod
    def new_alias(cls):
        return cls.sfn.create_state_machine_alias(
            name=name("alias"), routingConfiguration=routes(cls.version))["stateMachineAliasArn"]

    @classmethod
    def start_map(cls, child):
        processor = child | {"ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"}}
        machine = create(cls.sfn, {"StartAt": "M", "States": {"M": {
            "Type": "Map", "Label": "L", "ItemProcessor": processor, "End": True}}})
        execution = cls.sfn.start_execution(stateMachineArn=machine, input="[1, 2]")["executionArn"]
        for _ in range(600):
            runs = cls.sfn.list_map_runs(executionArn=execution)["mapRuns"]
            if runs:
                return execution, runs[0]["mapRunArn"]
            time.sleep(0.05)
        raise AssertionError("the map run does not begin")

    @classmethod
    def fill(cls):
        """A state machine with as many versions and aliases as there may be."""
        arn = create(cls.sfn, publish=True)
        for index in range(100):
            cls.sfn.create_state_machine_alias(name=f"a{index}", routingConfiguration=routes(arn + ":1"))
        for index in range(999):
            cls.sfn.update_state_machine(
                stateMachineArn=arn, definition=json.dumps(PASS | {"Comment": str(index)}), publish=True)
        cls.sfn.update_state_machine(stateMachineArn=arn, definition=json.dumps(WAIT | {"Comment": "last"}))
        return arn

    @classmethod
    def hold_deletion(cls, type):
        """A state machine that is being deleted for as long as somebody has a lock on an execution of it."""
        arn = create(cls.sfn, WAIT, type=type, publish=True)
        cls.sfn.create_state_machine_alias(name="live", routingConfiguration=routes(arn + ":1"))
        cls.sfn.start_execution(stateMachineArn=arn)
        psql = subprocess.Popen(
            ["psql", os.environ["DATABASE_URL"], "-qAt"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        psql.stdin.write(
            "begin; select 'locked' from stepwell.executions e join stepwell.state_machines m on m.id = e.machine "
            f"left join stepwell.steps s on s.bucket = e.bucket and s.execution = e.id and s.id = 0 "
            f"where m.name = '{arn.split(':')[-1]}' for update of e;\n")
        psql.stdin.flush()
        assert psql.stdout.readline().strip() == "locked"
        cls.sfn.delete_state_machine(stateMachineArn=arn)

        def release():
            psql.communicate("commit;\n", timeout=30)

        return arn, release

    def test_operations(self):
        model = self.sfn.meta.service_model
        self.assertEqual(set(CASES), set(model.operation_names))
        lenient = client(checks=False)
        method = {operation: method for method, operation in self.sfn.meta.method_to_api_mapping.items()}
        for operation in model.operation_names:
            documented = {shape.name for shape in model.operation_model(operation).error_shapes}
            impossible = {error for error in documented if error.startswith("Kms")}
            impossible |= {error for (of, error) in IMPOSSIBLE if of == operation}
            self.assertLessEqual(impossible, documented, operation)
            self.assertEqual(set(CASES[operation]) - {None}, documented - impossible, operation)
            for error, make in sorted(CASES[operation].items(), key=lambda case: case[0] or ""):
                with self.subTest(operation=operation, error=error):
                    found = None
                    try:
                        getattr(lenient, method[operation])(**make(self))
                    except botocore.exceptions.ClientError as refusal:
                        found = refusal.response["Error"]["Code"]
                        self.assertTrue(refusal.response["Error"]["Message"])
                        self.assertEqual(refusal.response["ResponseMetadata"]["HTTPStatusCode"], 400)
                    self.assertEqual(found, error)


if __name__ == "__main__":
    unittest.main()
