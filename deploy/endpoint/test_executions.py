"""Executions, their histories, and the functions they call."""

import concurrent.futures
import json
import subprocess
import unittest

from support import ENDPOINT, PASS, PREFIX, WAIT, client, create, end_of, name, post, refused, wait_until_ready


class Executions(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        wait_until_ready()
        cls.sfn = client()

    def test_an_order_is_processed(self):
        definition = {
            "StartAt": "ProcessOrder",
            "States": {
                "ProcessOrder": {
                    "Type": "Task",
                    "Resource": "arn:aws:lambda:us-east-1:000000000000:function:process_order",
                    "End": True,
                }
            },
        }
        arn = create(self.sfn, definition)
        order = {"body": json.dumps({"id": "1", "items": [{"sku": "tea", "quantity": 1, "price": 900}]})}
        execution = self.sfn.start_execution(stateMachineArn=arn, input=json.dumps(order))["executionArn"]
        end = end_of(self.sfn, execution)
        self.assertEqual(end["status"], "SUCCEEDED", end)
        self.assertEqual(json.loads(end["output"])["statusCode"], 200)
        types = [event["type"] for event in self.sfn.get_execution_history(executionArn=execution)["events"]]
        self.assertEqual(types[0], "ExecutionStarted")
        self.assertIn("LambdaFunctionSucceeded", types)
        self.assertEqual(types[-1], "ExecutionSucceeded")

    def test_start(self):
        sfn, arn = self.sfn, create(self.sfn, WAIT)
        first = sfn.start_execution(stateMachineArn=arn, name="a", input='{"x": 1}', traceHeader="Root=1-abc")
        again = sfn.start_execution(stateMachineArn=arn, name="a", input='{"x": 1}')
        self.assertEqual(first["executionArn"], again["executionArn"])
        self.assertEqual(first["startDate"], again["startDate"])
        with refused("ExecutionAlreadyExists", f"Execution Already Exists: '{first['executionArn']}'"):
            sfn.start_execution(stateMachineArn=arn, name="a", input="{}")
        described = sfn.describe_execution(executionArn=first["executionArn"])
        self.assertEqual((described["status"], described["input"]), ("RUNNING", '{"x": 1}'))
        self.assertEqual(described["traceHeader"], "Root=1-abc")
        self.assertEqual(described["redriveStatusReason"], "Execution is RUNNING and cannot be redriven")
        bare = sfn.describe_execution(executionArn=first["executionArn"], includedData="METADATA_ONLY")
        self.assertNotIn("input", bare)
        self.assertEqual(bare["inputDetails"], {"included": False})
        with refused("InvalidExecutionInput"):
            sfn.start_execution(stateMachineArn=arn, input="{")
        with refused("InvalidName", "Invalid Name: 'a/b'"):
            sfn.start_execution(stateMachineArn=arn, name="a/b")
        with refused("StateMachineDoesNotExist", f"State Machine Does Not Exist: '{arn}x'"):
            sfn.start_execution(stateMachineArn=arn + "x")
        with refused("InvalidArn"):
            sfn.start_execution(stateMachineArn=first["executionArn"])
        with refused("ValidationException", "Value at 'input' failed to satisfy constraint: Member must have length"):
            sfn.start_execution(stateMachineArn=arn, input='"' + "x" * 262_143 + '"')
        status, answer = post("StartExecution", {"name": "a"})
        self.assertEqual((status, answer["__type"]), (400, "ValidationException"))
        self.assertIn("Value null at 'stateMachineArn' failed to satisfy constraint", answer["message"])

        stopped = sfn.stop_execution(executionArn=first["executionArn"], error="E", cause="C")
        self.assertEqual(
            sfn.stop_execution(executionArn=first["executionArn"])["stopDate"], stopped["stopDate"]
        )
        end = end_of(sfn, first["executionArn"])
        self.assertEqual((end["status"], end["error"], end["cause"]), ("ABORTED", "E", "C"))
        with refused("ExecutionAlreadyExists"):
            sfn.start_execution(stateMachineArn=arn, name="a", input='{"x": 1}')
        for operation in (sfn.describe_execution, sfn.stop_execution, sfn.get_execution_history,
                          sfn.describe_state_machine_for_execution):
            missing = first["executionArn"] + "x"
            with refused("ExecutionDoesNotExist", f"Execution Does Not Exist: '{missing}'"):
                operation(executionArn=missing)
            with refused("InvalidArn", "Invalid ARN prefix: nonsense"):
                operation(executionArn="nonsense")

    def test_starts_at_the_same_time(self):
        arn = create(self.sfn, WAIT)
        with concurrent.futures.ThreadPoolExecutor(16) as pool:
            clients = [client() for _ in range(16)]
            same = list(pool.map(lambda c: c.start_execution(stateMachineArn=arn, name="same"), clients))
            others = list(pool.map(lambda i: clients[i % 16].start_execution(stateMachineArn=arn, name=f"n{i}"),
                                   range(200)))
        self.assertEqual(len({answer["executionArn"] for answer in same}), 1)
        self.assertEqual(len({answer["executionArn"] for answer in others}), 200)
        listed = [
            execution["name"]
            for page in self.sfn.get_paginator("list_executions").paginate(
                stateMachineArn=arn, PaginationConfig={"PageSize": 50})
            for execution in page["executions"]
        ]
        self.assertEqual(sorted(listed), sorted(["same"] + [f"n{i}" for i in range(200)]))

    def test_lists_and_histories(self):
        sfn, arn = self.sfn, create(self.sfn)
        names = [f"run-{i}" for i in range(7)]
        for run in names:
            end_of(sfn, sfn.start_execution(stateMachineArn=arn, name=run)["executionArn"])
        listed = sfn.list_executions(stateMachineArn=arn, statusFilter="SUCCEEDED")["executions"]
        self.assertEqual([e["name"] for e in listed], names[::-1])
        self.assertEqual(sfn.list_executions(stateMachineArn=arn, statusFilter="RUNNING")["executions"], [])
        with refused("ValidationException", "Must provide a StateMachine ARN or MapRun ARN"):
            sfn.list_executions()
        with refused("StateMachineDoesNotExist"):
            sfn.list_executions(stateMachineArn=arn + "x")
        with refused("ValidationException", "Member must satisfy enum value set: [SUCCEEDED, TIMED_OUT, "
                     "PENDING_REDRIVE, ABORTED, FAILED, RUNNING]"):
            sfn.list_executions(stateMachineArn=arn, statusFilter="succeeded")

        execution = listed[0]["executionArn"]
        whole = sfn.get_execution_history(executionArn=execution)["events"]
        self.assertEqual([e["id"] for e in whole], [1, 2, 3, 4])
        paged = [
            event
            for page in sfn.get_paginator("get_execution_history").paginate(
                executionArn=execution, PaginationConfig={"PageSize": 1})
            for event in page["events"]
        ]
        self.assertEqual(paged, whole)
        backwards = [
            event
            for page in sfn.get_paginator("get_execution_history").paginate(
                executionArn=execution, reverseOrder=True, PaginationConfig={"PageSize": 3})
            for event in page["events"]
        ]
        self.assertEqual(backwards, whole[::-1])
        bare = sfn.get_execution_history(executionArn=execution, includeExecutionData=False)["events"]
        self.assertNotIn("input", bare[0]["executionStartedEventDetails"])

    def test_task_tokens(self):
        sfn = self.sfn
        for operation, more in (
            (sfn.send_task_success, {"output": "{}"}), (sfn.send_task_failure, {}), (sfn.send_task_heartbeat, {}),
        ):
            with refused("InvalidToken"):
                operation(taskToken="made-up", **more)
        with refused("InvalidOutput"):
            sfn.send_task_success(taskToken="made-up", output="{")

    def test_the_aws_command(self):
        def aws(*arguments):
            environment = {
                "AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test", "AWS_DEFAULT_REGION": "us-east-1",
                "PATH": __import__("os").environ["PATH"], "HOME": "/nonexistent",
            }
            command = ["aws", "stepfunctions", *arguments, "--endpoint-url", ENDPOINT, "--output", "json"]
            done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60)
            self.assertEqual(done.returncode, 0, done.stderr)
            return json.loads(done.stdout or "{}")

        machine = name("cli")
        arn = aws("create-state-machine", "--name", machine, "--definition", json.dumps(PASS), "--role-arn",
                  "arn:aws:iam::000000000000:role/r")["stateMachineArn"]
        self.assertEqual(arn, f"{PREFIX}stateMachine:{machine}")
        execution = aws("start-execution", "--state-machine-arn", arn, "--input", '{"a": [1, 2]}')["executionArn"]
        end_of(self.sfn, execution)
        self.assertEqual(aws("describe-execution", "--execution-arn", execution)["output"], '{"a": [1, 2]}')
        self.assertEqual(len(aws("list-executions", "--state-machine-arn", arn)["executions"]), 1)
        aws("delete-state-machine", "--state-machine-arn", arn)


if __name__ == "__main__":
    unittest.main()
