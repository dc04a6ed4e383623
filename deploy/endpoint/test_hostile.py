"""Requests that nobody should send: each is refused with a 4xx, says why, and leaves nothing behind."""

import http.client
import json
import os
import socket
import subprocess
import unittest
import urllib.parse

from support import ENDPOINT, PASS, PREFIX, ROLE, client, create, post, wait_until_ready

ADDRESS = urllib.parse.urlparse(ENDPOINT)
MACHINE = PREFIX + "stateMachine:"
BAD_CHARACTERS = ' \t\n<>{}[]?*"#%\\^|~`$&,;:/\x00\x01\x1f\x7f\x85\u2028\ufffe\uffff\U0010ffff'
SQL = ["'; drop table steps; --", "$$", "\\", "' or '1'='1", "%s%n", "${jndi:ldap://x}", "\u202e", "a\x00b"]


def rows():
    """How much there is in every table that a request could write to."""
    tables = ["state_machines", "revisions", "versions", "aliases", "tags", "executions", "steps",
              "payloads", "history", "outbox"]
    query = " union all ".join(f"select '{t}', count(*) from stepwell.{t}" for t in tables)
    return subprocess.run(["psql", os.environ["DATABASE_URL"], "-Atc", query], check=True, capture_output=True).stdout


class Hostile(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        wait_until_ready()
        cls.sfn = client()
        cls.machine = create(cls.sfn)
        cls.count = 0

    def setUp(self):
        self.before = rows()

    def tearDown(self):
        self.assertEqual(rows(), self.before, "something was left behind")

    @classmethod
    def tearDownClass(cls):
        print(f"{cls.count} hostile requests were refused")
        assert cls.count >= 200
        wait_until_ready()

    def refuse(self, operation, body, **more):
        status, answer = post(operation, body, **more)
        type(self).count += 1
        what = f"{operation} {str(body)[:200]} {more}: {status} {str(answer)[:300]}"
        self.assertTrue(400 <= status < 500, what)
        text = json.dumps(answer).lower()
        for word in ("select ", "stepwell.", ".swift", "postgres", "/work", "syntax error at or near"):
            self.assertNotIn(word, text, what)
        return answer

    def create_body(self, **more):
        return {"name": "x", "definition": json.dumps(PASS), "roleArn": ROLE} | more

    def test_json(self):
        texts = [
            b"", b" ", b"null", b"[]", b"1", b'"a"', b"{", b"}", b"{}}", b"{} {}", b"{'a': 1}", b'{"a": 1,}',
            b"\xef\xbb\xbf{}", b'{"a": NaN}', b'{"a": Infinity}', b'{"a": 01}', b'{"a": .5}', b'{"a": 1.}',
            b'{"a": "\\ud800"}', b'{"a": "\xff"}', b'{"a": "\xc0\xaf"}', b'{"a": "\n"}', b'{"a": "\\x"}', b'{"a"}',
            b"[" * 513 + b"]" * 513, b"[" * 100_000, b'{"a":' * 600 + b"1" + b"}" * 600, b"\x00", b"\x1f\x8b\x08",
        ]
        for text in texts:
            self.refuse("StartExecution", text)

    def test_types(self):
        for value in (1, True, [], {}, 1e400, -1, 0.5, [[]], {"a": 1}):
            self.refuse("StartExecution", json.dumps({"stateMachineArn": value}).encode())
            self.refuse("CreateStateMachine", self.create_body(name=value))
        for value in (-1, 1001, 0.5, 1e10, 2**63, -(2**63), "1", True, [], 1e308):
            self.refuse("ListStateMachines", {"maxResults": value})
        for member in ("loggingConfiguration", "tracingConfiguration", "tags", "publish", "encryptionConfiguration"):
            self.refuse("CreateStateMachine", self.create_body(**{member: "text"}))
        self.refuse("CreateStateMachine", self.create_body(type="standard"))
        self.refuse("CreateStateMachine", self.create_body(tags=[{"key": "", "value": ""}]))
        self.refuse("CreateStateMachine", self.create_body(tags=[{"value": ""}]))
        self.refuse("CreateStateMachine", self.create_body(tags=[None]))
        self.refuse("CreateStateMachine", self.create_body(tags=[{"key": f"{i}", "value": ""} for i in range(51)]))
        self.refuse("CreateStateMachine", self.create_body(roleArn="nobody"))

    def test_names(self):
        for character in BAD_CHARACTERS:
            self.refuse("CreateStateMachine", self.create_body(name=f"a{character}b"))
            self.refuse("StartExecution", {"stateMachineArn": self.machine, "name": f"a{character}b"})
        for name in ("", "x" * 81, "\U0001F600" * 41):
            self.refuse("CreateStateMachine", self.create_body(name=name))
            self.refuse("StartExecution", {"stateMachineArn": self.machine, "name": name})
        for name in ("1", "", "a b", "a:b", "ä", "x" * 81):
            routing = [{"stateMachineVersionArn": self.machine + ":1", "weight": 100}]
            self.refuse("CreateStateMachineAlias", {"name": name, "routingConfiguration": routing})

    def test_nul(self):
        for member in ("roleArn", "versionDescription"):
            self.refuse("CreateStateMachine", self.create_body(**{member: "arn:a\x00b"}, publish=True))
        self.refuse("PublishStateMachineVersion", {"stateMachineArn": self.machine, "revisionId": "a\x00"})
        self.refuse("TagResource", {"resourceArn": self.machine, "tags": [{"key": "a\x00", "value": ""}]})
        alias = {"stateMachineAliasArn": self.machine + ":live", "description": "a\x00"}
        self.refuse("UpdateStateMachineAlias", alias)

    def test_arns(self):
        arns = [
            "", "arn", "arn:", "arn:aws", "arn:aws:states", MACHINE, MACHINE + ":", MACHINE + "a:", MACHINE + "a:b:c",
            PREFIX + "stateMachine", PREFIX + "nothing:a", "arn:aws:lambda:us-east-1:000000000000:function:f",
            "arn:aws:states:::stateMachine:a", "arn:aws:states:us-east-1:111111111111:stateMachine:a",
            "arn:aws:states:eu-west-1:000000000000:stateMachine:a", "arn:gcp:states:us-east-1:000000000000:stateMachine:a",
            MACHINE + "a/b", MACHINE + "a/", MACHINE + "/b", MACHINE + "a:99999999999", MACHINE + "a:-1", "x" * 257,
            PREFIX + "execution:a", PREFIX + "execution:a:b:c", PREFIX + "activity:a", PREFIX + "mapRun:a/b:c",
        ]
        for arn in arns + [MACHINE + text for text in SQL] + SQL:
            self.refuse("StartExecution", {"stateMachineArn": arn})
            self.refuse("DescribeStateMachine", {"stateMachineArn": arn})
        for arn in arns[:20] + [PREFIX + "execution:" + text + ":b" for text in SQL]:
            self.refuse("DescribeExecution", {"executionArn": arn})
            self.refuse("GetExecutionHistory", {"executionArn": arn})
            self.refuse("StopExecution", {"executionArn": arn})

    def test_inputs(self):
        for text in ("", "{", "nul", "[1,]", '"\\ud800"', "NaN", "01", "[" * 600, "'a'", "{} {}", "\ufeff{}"):
            self.refuse("StartExecution", {"stateMachineArn": self.machine, "input": text})
        self.refuse("StartExecution", {"stateMachineArn": self.machine, "input": '"' + "x" * 262_143 + '"'})
        self.refuse("StartExecution", {"stateMachineArn": self.machine, "traceHeader": "ä"})
        self.refuse("StartExecution", {"stateMachineArn": self.machine, "traceHeader": "x" * 257})
        arn = self.machine.replace("stateMachine", "execution") + ":nobody"
        self.refuse("StopExecution", {"executionArn": arn, "error": "x" * 257})
        self.refuse("StopExecution", {"executionArn": arn, "cause": "x" * 32_769})
        self.refuse("StopExecution", {"executionArn": arn, "cause": "a\x00b"})

    def test_tokens(self):
        for token in ("", "x", "x" * 1025, "\x00", "ä", "0" * 88, "f" * 200, "00000001" + "0" * 80):
            self.refuse("ListStateMachines", {"nextToken": token})
            self.refuse("ListExecutions", {"stateMachineArn": self.machine, "nextToken": token or "x" * 3097})
        for token in ("", "x", "A" * 96, "A" * 2049, "\x00", "ä", "' or 1=1", "-" * 96, "_" * 95):
            self.refuse("SendTaskSuccess", {"taskToken": token, "output": "{}"})
            self.refuse("SendTaskFailure", {"taskToken": token})
            self.refuse("SendTaskHeartbeat", {"taskToken": token})

    def test_definitions(self):
        state = {"Type": "Wait", "End": True}
        for seconds in (-1, 0.5, 1e300, "5", None, [], 1e10):
            definition = {"StartAt": "A", "States": {"A": state | {"Seconds": seconds}}}
            self.refuse("CreateStateMachine", self.create_body(definition=json.dumps(definition)))
        deep = {"Type": "Pass", "End": True}
        for _ in range(200):
            deep = {"Type": "Parallel", "End": True, "Branches": [{"StartAt": "A", "States": {"A": deep}}]}
        for definition in (
            {"StartAt": "B", "States": PASS["States"]}, {"StartAt": "A", "States": {}}, {"States": PASS["States"]},
            {"StartAt": "A", "States": {"A": deep}}, {"StartAt": "A", "States": {"x" * 81: PASS["States"]["A"]}},
            {"StartAt": "A", "States": {"A": {"Type": "Pass", "InputPath": "$..[?(", "End": True}}},
            {"StartAt": "A", "States": {"A": {"Type": "Pass", "Next": "B"}}}, [], 1, None, "",
        ):
            self.refuse("CreateStateMachine", self.create_body(definition=json.dumps(definition)))
            self.refuse("UpdateStateMachine", {"stateMachineArn": self.machine, "definition": json.dumps(definition)})

    def test_http(self):
        body = json.dumps({}).encode()
        for target in (None, "", "ListStateMachines", "awsstepfunctions.ListStateMachines", "AWSStepFunctions.",
                       "AWSStepFunctions.Nothing", "AWSStepFunctions.liststatemachines", "Other.ListStateMachines",
                       "AWSStepFunctions.ListStateMachines, AWSStepFunctions.StartExecution"):
            self.refuse("", body, headers={"X-Amz-Target": target})
        for kind in (None, "text/plain", "application/json", "application/x-www-form-urlencoded", "x"):
            self.refuse("ListStateMachines", body, headers={"Content-Type": kind})
        for encoding in ("gzip", "deflate", "br", "identity, gzip"):
            self.refuse("ListStateMachines", body, headers={"Content-Encoding": encoding})
        self.refuse("ListStateMachines", b"{" + b" " * 1_048_577 + b"}")
        for path in ("/x", "//", "/..", "/health", "/metrics/x", "/%00", "/?a=b/../c/d" * 10 + "/z" * 100):
            if path.startswith("/?"):
                path = "/nothing" + path[1:]
            self.refuse("ListStateMachines", body, path=path)
        for method in ("GET", "PUT", "DELETE", "OPTIONS", "PATCH"):
            self.refuse("ListStateMachines", body, method=method)

    def test_bytes(self):
        """What is not even HTTP: refused, or the connection ends."""
        request = b"POST / HTTP/1.1\r\nHost: a\r\nX-Amz-Target: AWSStepFunctions.ListStateMachines\r\n"
        for text in (
            b"\x16\x03\x01\x00\xa5\x01\x00\x00\xa1\x03\x03", b"GET\r\n\r\n", b"POST / HTTP/9.9\r\n\r\n",
            request + b"Content-Length: -1\r\n\r\n", request + b"Content-Length: x\r\n\r\n",
            request + b"Content-Length: 2\r\nContent-Length: 3\r\n\r\n{}",
            request + b"Content-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n{}",
            request + b"Transfer-Encoding: chunked\r\n\r\nZZ\r\n{}\r\n0\r\n\r\n",
            request + b"A: " + b"x" * 100_000 + b"\r\n\r\n",
            request + b"".join(b"A%d: x\r\n" % i for i in range(10_000)) + b"\r\n",
            request + b"A\x00: b\r\n\r\n", request + b": b\r\n\r\n", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + b"\x00" * 100,
        ):
            with socket.create_connection((ADDRESS.hostname, ADDRESS.port), timeout=10) as connection:
                try:
                    connection.sendall(text)
                    connection.shutdown(socket.SHUT_WR)
                    answer = connection.recv(1000)
                except ConnectionError:
                    answer = b""
            type(self).count += 1
            self.assertRegex(answer, rb"^(HTTP/1\.1 4\d\d |$)", text[:80])


if __name__ == "__main__":
    unittest.main()
