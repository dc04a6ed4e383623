"""Health, metrics and logs."""

import contextlib
import json
import os
import socket
import subprocess
import time
import unittest
import urllib.error
import urllib.parse
import urllib.request

import botocore.exceptions

from support import ENDPOINT, ROLE, client, create, end_of, name, post, wait_until_ready

ORDER = {"body": json.dumps({"id": "1", "items": [{"sku": "tea", "quantity": 1, "price": 900}]})}
PROCESS = {"StartAt": "P", "States": {"P": {
    "Type": "Task", "Resource": "arn:aws:lambda:us-east-1:000000000000:function:process_order", "End": True}}}


def read(path, endpoint=ENDPOINT):
    with urllib.request.urlopen(endpoint + path) as response:
        return response.read().decode()


def free_address():
    with contextlib.closing(socket.socket()) as probe:
        probe.bind(("127.0.0.1", 0))
        return f"127.0.0.1:{probe.getsockname()[1]}"


def samples(text):
    """The samples of a page of metrics; the page is held against Prometheus's rules."""
    types, found = {}, {}
    for line in text.splitlines():
        if line.startswith("# TYPE "):
            _, _, metric, kind = line.split()
            assert metric not in types, f"{metric} begins twice"
            types[metric] = kind
        elif not line.startswith("# HELP "):
            key, _, value = line.rpartition(" ")
            metric = key.partition("{")[0]
            family = metric if metric in types else metric.rpartition("_")[0]
            assert family in types, f"{line} has no type"
            assert key not in found, f"{key} is there twice"
            found[key] = float(value)
    return found


class Monitoring(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        wait_until_ready()

    def test_health(self):
        self.assertEqual(read("/health/live"), "live\n")
        self.assertEqual(read("/health/ready"), "ready\n")

    def test_http_1_0(self):
        """Who speaks nothing newer is told whether the connection stays, and sees its end if it doesn't."""
        address = urllib.parse.urlparse(ENDPOINT)
        with socket.create_connection((address.hostname, address.port), timeout=10) as connection:
            connection.sendall(b"GET /health/live HTTP/1.0\r\n\r\n")
            answer = b"".join(iter(lambda: connection.recv(65536), b""))
            self.assertIn(b"\r\nConnection: close\r\n", answer)
            self.assertTrue(answer.endswith(b"\r\n\r\nlive\n"), answer)
        with socket.create_connection((address.hostname, address.port), timeout=10) as connection:
            for _ in range(2):
                connection.sendall(b"GET /health/live HTTP/1.0\r\nConnection: Keep-Alive\r\n\r\n")
                answer = b""
                while not answer.endswith(b"\r\n\r\nlive\n"):
                    received = connection.recv(65536)
                    self.assertTrue(received, f"the end comes after {answer}")
                    answer += received
                self.assertIn(b"\r\nConnection: keep-alive\r\n", answer)

    def test_metrics(self):
        before = samples(read("/metrics"))["ExecutionsStarted"]
        sfn = client()
        sfn.start_execution(stateMachineArn=create(sfn))
        found = samples(read("/metrics"))
        self.assertEqual(found["ExecutionsStarted"], before + 1)
        self.assertGreaterEqual(found["stepwell_live_workers"], 1)
        self.assertIn('stepwell_requests_total{operation="StartExecution",status="200"}', found)
        self.assertIn("OpenExecutionCount", found)

    def test_workers_figures(self):
        """Workers say with every sign of life what they have done."""
        sfn = client()
        execution = sfn.start_execution(stateMachineArn=create(sfn, PROCESS), input=json.dumps(ORDER))
        end_of(sfn, execution["executionArn"])
        wanted = {
            "ExecutionsSucceeded{", "ExecutionTime_count{", 'LambdaFunctionRunTime_count{function="process_order"',
            'LambdaFunctionsSucceeded{function="process_order"', "stepwell_claim_latency_seconds_count{",
            "stepwell_transitions_total{",
        }
        for _ in range(300):
            found = samples(read("/metrics"))
            missing = {start for start in wanted if not any(
                key.startswith(start) and value > 0 for key, value in found.items())}
            if not missing:
                break
            time.sleep(0.1)
        self.assertFalse(missing)
        self.assertTrue(any(key.startswith("stepwell_lease_losses_total{") for key in found))

    def test_a_workers_own_page(self):
        address = free_address()
        endpoint = f"http://{address}"
        with open("metrics-worker.log", "w") as log:
            worker = subprocess.Popen(["stepwell", "worker", "--metrics", address], stderr=log)
        try:
            wait_until_ready(endpoint)
            self.assertEqual(read("/health/live", endpoint), "live\n")
            found = samples(read("/metrics", endpoint))
            slots = [value for key, value in found.items() if key.startswith("stepwell_slots{")]
            self.assertEqual(slots, [1000])
            self.assertEqual(found["stepwell_database_up"], 1)
            self.assertTrue(any(key.startswith("stepwell_claims_total{") for key in found))
            for path, method, status in (("/", "GET", 404), ("/metrics", "POST", 405)):
                with self.assertRaises(urllib.error.HTTPError) as refusal:
                    urllib.request.urlopen(urllib.request.Request(endpoint + path, method=method))
                self.assertEqual(refusal.exception.code, status)
        finally:
            worker.terminate()
            self.assertEqual(worker.wait(30), 0)


class Logs(unittest.TestCase):
    """What people send is in no line of any log, however much is logged."""

    def test_canary(self):
        canary = f"canary-{os.urandom(8).hex()}"
        address = free_address()
        endpoint = f"http://{address}"
        with open("canary-server.log", "w") as server_log, open("canary-worker.log", "w") as worker_log:
            server = subprocess.Popen(
                ["stepwell", "server", "--listen", address, "--insecure-no-auth", "--log-level", "trace"],
                stderr=server_log)
            worker = subprocess.Popen(["stepwell", "worker"], stderr=worker_log)
        try:
            wait_until_ready(endpoint)
            sfn = client(endpoint=endpoint)
            passing = {"StartAt": "A", "States": {"A": {"Type": "Pass", "Result": canary, "End": True}}}
            failing = {"StartAt": "A", "States": {"A": {"Type": "Fail", "Error": canary, "Cause": canary}}}
            text = json.dumps({"secret": canary})
            for definition in (passing, failing, PROCESS):
                arn = create(sfn, definition, tags=[{"key": canary, "value": canary}])
                started = sfn.start_execution(stateMachineArn=arn, input=text, traceHeader=f"Root={canary}")
                sfn.describe_execution(executionArn=end_of(sfn, started["executionArn"])["executionArn"])
            express = create(sfn, passing, type="EXPRESS")
            sfn.start_sync_execution(stateMachineArn=express, input=text)
            for operation, body in (
                ("StartExecution", {"stateMachineArn": arn, "input": "{" + canary}),
                ("StartExecution", {"stateMachineArn": canary, "input": text}),
                ("StartExecution", {"stateMachineArn": arn, "name": canary * 20, "input": text}),
                ("CreateStateMachine", {"name": name(), "definition": '{"StartAt": "' + canary, "roleArn": ROLE}),
                ("SendTaskSuccess", {"taskToken": canary, "output": text}),
                ("SendTaskFailure", {"taskToken": canary, "error": canary, "cause": canary}),
                ("TestState", {"definition": json.dumps(passing["States"]["A"]), "input": "{" + canary}),
                ("StopExecution", {"executionArn": started["executionArn"], "cause": canary + "\x00"}),
                ("ListExecutions", {"stateMachineArn": arn, "nextToken": canary}),
                ("StartExecution", b"{" + canary.encode()),
            ):
                status, _ = post(operation, body, endpoint=endpoint)
                self.assertTrue(400 <= status < 500, (operation, status))
            functions = client("lambda", endpoint=endpoint)
            functions.invoke(FunctionName="validate_order", Payload=json.dumps(canary).encode())
            with self.assertRaises(botocore.exceptions.ClientError):
                functions.invoke(FunctionName="validate_order", Payload=b"{" + canary.encode())
        finally:
            for process in (server, worker):
                process.terminate()
                self.assertEqual(process.wait(30), 0)
        with open("canary-server.log") as server_log, open("canary-worker.log") as worker_log:
            lines, others = server_log.read().splitlines(), worker_log.read()
        self.assertTrue(lines and others)
        for line in lines:
            self.assertNotIn(canary, line)
            self.assertLessEqual({"time", "level", "logger", "message"}, set(json.loads(line)))
        self.assertNotIn(canary, others)


if __name__ == "__main__":
    unittest.main()
