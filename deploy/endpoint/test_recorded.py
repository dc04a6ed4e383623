"""What the real service was recorded to answer about its API, held against the server's answers.

STEPWELL_CONFORMANCE_DIR names the directory of the recordings; without it nothing is tested.
"""

import json
import os
import pathlib
import re
import unittest

import botocore.exceptions

from support import ROLE, client, end_of, name, wait_until_ready

DIRECTORY = os.environ.get("STEPWELL_CONFORMANCE_DIR", "")
CASES = sorted(pathlib.Path(DIRECTORY, "asl", "cases").glob("test_sfn_api*.json")) if DIRECTORY else []
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
        self.answers = []

    def fill(self, value):
        if isinstance(value, dict):
            return {key: self.fill(member) for key, member in value.items()}
        if isinstance(value, list):
            return [self.fill(member) for member in value]
        if not isinstance(value, str):
            return value
        if value.endswith("role_arn"):
            return ROLE
        if value in self.names:
            return self.values[value]
        text = value.replace("111111111111", "000000000000")
        return PLACEHOLDER.sub(lambda match: self.values.get(match[1], match[0]), text)

    def parameters(self, call):
        params = self.fill(call["params"])
        for key in ("definition", "input", "output"):
            if isinstance(params.get(key), dict):
                params[key] = json.dumps(params[key])
        return params

    def run(self):
        for call in self.case["calls"]:
            if call["service"] != "stepfunctions":
                raise unittest.SkipTest(f"needs {call['service']}")
            try:
                answer = getattr(self.sfn, self.methods[call["operation"]])(**self.parameters(call))
            except botocore.exceptions.ClientError as refusal:
                answer = refusal.response
            self.learn(answer)
            self.answers.append(json.loads(json.dumps(answer, default=str)))
            if call["operation"] == "StartExecution" and "executionArn" in answer:
                end_of(self.sfn, answer["executionArn"])

    def learn(self, answer):
        """Placeholders stand for the names of executions, and for ids, in the order of their coming."""
        arn = answer.get("executionArn", "")
        if ":execution:" in arn:
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


@unittest.skipUnless(CASES, "STEPWELL_CONFORMANCE_DIR names no recordings")
class Recorded(unittest.TestCase):
    def test_cases(self):
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
                    if "exception_value" in recorded:
                        continue
                    found = any(matches(recorded, answer, replay) for answer in answers)
                    self.assertTrue(found, f"{key}: {json.dumps(recorded)[:1500]}\n  answers: {json.dumps(answers)[:4000]}")
                    held += 1
        print(f"{held} recorded answers were held against the server's")


if __name__ == "__main__":
    unittest.main()
