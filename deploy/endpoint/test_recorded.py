"""What the real service was recorded to answer about its API, held against the server's answers.

STEPWELL_CONFORMANCE_DIR names the directory of the recordings; unless it is set they are looked for beside the checkout.
"""

import json
import os
import pathlib
import re
import unittest

import botocore.exceptions

from support import ROLE, client, end_of, name, skip, wait_until_ready

BESIDE = pathlib.Path(__file__).resolve().parents[3] / "shared" / "conformance"
DIRECTORY = pathlib.Path(os.environ.get("STEPWELL_CONFORMANCE_DIR") or BESIDE)
CASES = sorted((DIRECTORY / "asl" / "cases").glob("test_sfn_api*.json"))
PLACEHOLDER = re.compile(r"<([^<>]+)>")
# Ours differ, and should.
EXCEPTIONS = {
    # Roles and log groups are names here: whether they exist, and what they allow, nobody asks.
    "test_create_update_state_machine_base_role_arn",
}
TIMES = {"creationDate", "updateDate", "startDate", "stopDate", "redriveDate", "timestamp", "billingDetails"}


class Replay:
    """Sends the calls of one case, and keeps the answers."""

    def __init__(self, case):
        self.sfn, self.case = client(checks=False), case
        self.methods = {o: m for m, o in self.sfn.meta.method_to_api_mapping.items()}
        # What stands for a placeholder, or for a name that is only good once.
        self.values = {"partition": "aws", "region": "us-east-1"}
        for machine in case["machines"]:
            for match in PLACEHOLDER.findall(machine["name"]) or [machine["name"]]:
                self.values.setdefault(match, name("recorded"))
        self.names = {m["name"] for m in case["machines"] if "<" not in m["name"]}
        self.values["activity_name"] = name("recorded")
        self.answers, self.execution, self.lists = [], None, []

    def fill(self, value):
        if isinstance(value, dict):
            return {key: self.fill(member) for key, member in value.items()}
        if isinstance(value, list):
            return [self.fill(member) for member in value]
        if not isinstance(value, str):
            return value
        if "role_arn" in value:
            return ROLE + value.rpartition("role_arn")[2]
        if value in self.names:
            return self.values[value]
        text = value.replace("111111111111", "000000000000")
        for bare in ("activity_arn", "activity_name"):
            text = text.replace(bare, self.values.get(bare, bare))
        text = re.sub(r"<invalid_token_(\d+)_chars>", lambda match: "x" * int(match[1]), text)
        return PLACEHOLDER.sub(lambda match: self.values.get(match[1], match[0]), text)

    def parameters(self, call):
        params = self.fill(call["params"])
        for key in ("definition", "input", "output"):
            if isinstance(params.get(key), dict):
                params[key] = json.dumps(params[key])
        # A name that was made for the execution, or a token, stands there as it was.
        if self.execution and PLACEHOLDER.search(call["params"].get("executionArn", "<>").rpartition(":")[2]) is None:
            if call["params"].get("executionArn", "").count(":") == 7:
                params["executionArn"] = self.execution
        if params.get("nextToken", "").startswith("YXJu") and "next_token" in self.values:
            params["nextToken"] = self.values["next_token"]
        return params

    def send(self, operation, params):
        try:
            return getattr(self.sfn, self.methods[operation])(**params)
        except botocore.exceptions.ClientError as refusal:
            return refusal.response

    def run(self):
        for call in self.case["calls"]:
            if call["service"] != "stepfunctions":
                raise unittest.SkipTest(f"needs {call['service']}")
            params = self.parameters(call)
            self.keep(self.send(call["operation"], params))
            if call["operation"] == "ListExecutions":
                self.lists.append(params)
            if call["operation"] == "StartExecution" and self.execution:
                end_of(self.sfn, self.execution)
                # What was asked again and again until it was so is in the recordings once.
                for params in self.lists:
                    self.keep(self.send("ListExecutions", params))

    def keep(self, answer):
        self.learn(answer)
        self.answers.append(json.loads(json.dumps(answer, default=str)))

    def learn(self, answer):
        """Placeholders stand for the names of executions, and for ids, in the order of their coming."""
        if "activityArn" in answer:
            self.values["activity_arn"] = answer["activityArn"]
        arn = answer.get("executionArn", "")
        if ":execution:" in arn:
            self.execution = arn
            found = arn.split(":")[-1]
            if found not in self.values.values():
                index = sum(key.startswith("ExecArnPart_") for key in self.values)
                self.values[f"ExecArnPart_{index}idx"] = found
        if "nextToken" in answer:
            self.values["next_token"] = answer["nextToken"]


def matches(recorded, answer, replay):
    """Whether an answer is as it was recorded; a placeholder stands for anything, a time for any time."""
    if isinstance(recorded, dict):
        if not isinstance(answer, dict):
            return False
        if set(recorded) == {"HTTPHeaders", "HTTPStatusCode"} or "HTTPStatusCode" in recorded:
            return recorded["HTTPStatusCode"] == answer.get("HTTPStatusCode")
        keys = set(recorded) - TIMES - {"tracingConfiguration", "redriveCount", "redriveStatus", "redriveStatusReason"}
        missing = {key for key in keys if key not in answer}
        return not missing and all(matches(recorded[key], answer[key], replay) for key in keys)
    if isinstance(recorded, list):
        if not isinstance(answer, list) or len(recorded) != len(answer):
            return False
        return all(matches(one, other, replay) for one, other in zip(recorded, answer))
    if isinstance(recorded, str):
        if recorded in replay.names:
            recorded = replay.values[recorded]
        text = replay.fill(recorded)
        pattern = "".join(".+" if i % 2 else re.escape(part) for i, part in enumerate(PLACEHOLDER.split(text)))
        return re.fullmatch(pattern, str(answer), re.DOTALL) is not None
    return recorded == answer


def parsed(value):
    """Texts that are JSON objects are shown parsed in recordings."""
    if isinstance(value, dict):
        return {key: parsed(member) for key, member in value.items()}
    if isinstance(value, list):
        return [parsed(member) for member in value]
    if isinstance(value, str) and value[:1] == "{":
        try:
            return json.loads(value)
        except ValueError:
            return value
    return value


class Recorded(unittest.TestCase):
    def test_cases(self):
        if not CASES:
            skip(self, f"there are no recordings in {DIRECTORY}")
        wait_until_ready()
        held = 0
        for path in CASES:
            case = json.loads(path.read_text())
            title = case["id"].split("::")[-1]
            if title.split("[")[0] in EXCEPTIONS:
                continue
            with self.subTest(title):
                replay = Replay(case)
                replay.run()
                answers = [parsed(answer) for answer in replay.answers]
                for key, recorded in case["recorded"].items():
                    # What the client itself refused, and texts that it made.
                    if isinstance(recorded, str) or "exception_value" in recorded:
                        continue
                    found = any(matches(recorded, answer, replay) for answer in answers)
                    self.assertTrue(found, f"{key}: {json.dumps(recorded)[:900]}\n  answers: {json.dumps(answers)[:1800]}")
                    held += 1
        print(f"{held} recorded answers were held against the server's")


if __name__ == "__main__":
    unittest.main()
