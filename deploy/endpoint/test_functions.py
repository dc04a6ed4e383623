"""Express executions, and functions called directly."""

import base64
import json
import unittest

import botocore.exceptions

from support import PASS, PREFIX, client, create, post, refused, wait_until_ready

ORDER = {"body": json.dumps({"id": "1", "items": [{"sku": "tea", "quantity": 1, "price": 900}]})}


class Express(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        wait_until_ready()
        cls.sfn = client()

    def test_synchronous(self):
        sfn, arn = self.sfn, create(self.sfn, type="EXPRESS")
        answer = sfn.start_sync_execution(stateMachineArn=arn, name="one", input='{"a": 1}')
        self.assertEqual((answer["status"], answer["output"], answer["name"]), ("SUCCEEDED", '{"a": 1}', "one"))
        self.assertTrue(answer["executionArn"].startswith(arn.replace("stateMachine", "express") + ":one:"))
        self.assertEqual(answer["billingDetails"]["billedMemoryUsedInMB"], 64)
        again = sfn.start_sync_execution(stateMachineArn=arn, name="one", includedData="METADATA_ONLY")
        self.assertNotEqual(again["executionArn"], answer["executionArn"])
        self.assertNotIn("output", again)
        failing = {"StartAt": "A", "States": {"A": {"Type": "Fail", "Error": "E", "Cause": "C"}}}
        failed = sfn.start_sync_execution(stateMachineArn=create(sfn, failing, type="EXPRESS"))
        self.assertEqual((failed["status"], failed["error"], failed["cause"]), ("FAILED", "E", "C"))
        with refused("StateMachineTypeNotSupported", "This operation is not supported by this type of state machine"):
            sfn.start_sync_execution(stateMachineArn=create(sfn))
        with refused("StateMachineDoesNotExist"):
            sfn.start_sync_execution(stateMachineArn=arn + "x")
        with refused("InvalidExecutionInput"):
            sfn.start_sync_execution(stateMachineArn=arn, input="{")
        with refused("InvalidName"):
            sfn.start_sync_execution(stateMachineArn=arn, name="a b")

    def test_asynchronous(self):
        sfn, arn = self.sfn, create(self.sfn, type="EXPRESS")
        both = {sfn.start_execution(stateMachineArn=arn, name="same")["executionArn"] for _ in range(2)}
        self.assertEqual(len(both), 2)
        with refused("StateMachineTypeNotSupported"):
            sfn.list_executions(stateMachineArn=arn)
        execution = both.pop()
        for operation in (sfn.describe_execution, sfn.get_execution_history, sfn.stop_execution,
                          sfn.redrive_execution, sfn.describe_state_machine_for_execution, sfn.list_map_runs):
            with refused("InvalidArn", "Resource type not valid in this context: express"):
                operation(executionArn=execution)


class Functions(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        wait_until_ready()
        cls.functions = client("lambda")

    def test_invoke(self):
        for name in ("process_order", "arn:aws:lambda:us-east-1:000000000000:function:process_order",
                     "process_order:$LATEST"):
            answer = self.functions.invoke(FunctionName=name, Payload=json.dumps(ORDER), LogType="Tail")
            self.assertEqual(answer["StatusCode"], 200)
            self.assertNotIn("FunctionError", answer)
            self.assertEqual(json.loads(answer["Payload"].read())["statusCode"], 200)
            self.assertIn("REPORT RequestId", base64.b64decode(answer["LogResult"]).decode())
        self.assertEqual(answer["ExecutedVersion"], "$LATEST")

    def test_function_errors(self):
        answer = self.functions.invoke(FunctionName="validate_order", Payload=b'"nonsense"')
        self.assertEqual((answer["StatusCode"], answer["FunctionError"]), (200, "Unhandled"))
        self.assertIn("errorMessage", json.loads(answer["Payload"].read()))

    def test_other_kinds(self):
        event = self.functions.invoke(
            FunctionName="process_order", InvocationType="Event", Payload=json.dumps(ORDER))
        self.assertEqual(event["StatusCode"], 202)
        dry = self.functions.invoke(FunctionName="process_order", InvocationType="DryRun", Payload=b"{}")
        self.assertEqual(dry["StatusCode"], 204)

    def test_traces(self):
        """Headers of requests stand for the trace that nothing else names."""
        sfn, header = client(), "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
        body = {"stateMachineArn": create(sfn)}
        for headers in ({"traceparent": header}, {"X-Amzn-Trace-Id": header, "traceparent": "other"}):
            _, answer = post("StartExecution", body, headers=headers)
            execution = sfn.describe_execution(executionArn=answer["executionArn"])
            self.assertEqual(execution["traceHeader"], header)
        _, answer = post("StartExecution", body | {"traceHeader": "given"}, headers={"traceparent": header})
        self.assertEqual(sfn.describe_execution(executionArn=answer["executionArn"])["traceHeader"], "given")

    def test_refusals(self):
        with refused("ResourceNotFoundException", "Function not found"):
            self.functions.invoke(FunctionName="nobody")
        for qualifier in ("7", "live"):
            with refused("ResourceNotFoundException", f"function:process_order:{qualifier}"):
                self.functions.invoke(FunctionName="process_order", Qualifier=qualifier)
        with refused("InvalidParameterValueException", "does not match the specified qualifier"):
            self.functions.invoke(FunctionName="process_order:live", Qualifier="7")
        with refused("InvalidRequestContentException"):
            self.functions.invoke(FunctionName="process_order", Payload=b"{")
        sfn = client()
        names = [m["name"] for m in sfn.list_state_machines(maxResults=1000)["stateMachines"]]
        self.assertFalse([name for name in names if " " in name])


if __name__ == "__main__":
    unittest.main()
