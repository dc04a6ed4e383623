"""What the tests of the endpoint share."""

import contextlib
import http.client
import json
import os
import sys
import time
import urllib.parse
import urllib.request

import boto3
import botocore.config
import botocore.exceptions

ENDPOINT = os.environ["STEPWELL_ENDPOINT"]
ROLE = "arn:aws:iam::000000000000:role/stepwell"
PREFIX = "arn:aws:states:us-east-1:000000000000:"

PASS = {"StartAt": "A", "States": {"A": {"Type": "Pass", "End": True}}}
WAIT = {"StartAt": "A", "States": {"A": {"Type": "Wait", "Seconds": 3600, "End": True}}}


def skip(test, reason):
    """Skips a test, and says so with the whole reason, which unittest shows with -v alone."""
    print(f"skipped {test.id()}: {reason}", file=sys.stderr)
    test.skipTest(reason)


def client(service="stepfunctions", endpoint=ENDPOINT, key="test", secret="test", verify=None, checks=True):
    """A client of AWS's; it checks every answer, and without `checks` sends anything."""
    made = boto3.client(
        service,
        endpoint_url=endpoint,
        region_name="us-east-1",
        aws_access_key_id=key,
        aws_secret_access_key=secret,
        verify=verify,
        config=botocore.config.Config(
            retries={"max_attempts": 1},
            inject_host_prefix=False,
            read_timeout=90,
            parameter_validation=checks,
        ),
    )
    if service == "stepfunctions":
        made.meta.events.register("after-call.stepfunctions", check_answer)
    return made


def check_answer(http_response, model, **_):
    """botocore reads answers leniently: holds one against what AWS's model says of it."""
    if http_response.status_code == 200:
        check_value(json.loads(http_response.content), model.output_shape, model.name)


def check_value(value, shape, place):
    kinds = {
        "structure": dict, "map": dict, "list": list, "string": str, "boolean": bool, "integer": int, "long": int,
        "float": (int, float), "double": (int, float), "timestamp": (int, float),
    }
    if shape is None:
        assert value == {}, f"{place}: {value!r} instead of nothing"
        return
    assert isinstance(value, kinds[shape.type_name]), f"{place}: {value!r} is no {shape.type_name}"
    if shape.type_name == "structure":
        unknown = set(value) - set(shape.members)
        missing = set(shape.required_members) - set(value)
        assert not unknown and not missing, f"{place}: unknown {unknown}, missing {missing}"
        for key, member in value.items():
            # An activity that has no task says so.
            if not (member is None and key == "taskToken"):
                check_value(member, shape.members[key], f"{place}.{key}")
    elif shape.type_name == "list":
        for index, member in enumerate(value):
            check_value(member, shape.member, f"{place}[{index}]")
    elif shape.type_name == "string":
        assert not shape.enum or value in shape.enum, f"{place}: {value!r} is none of {shape.enum}"
        length = len(value.encode("utf-16-le")) // 2
        low, high = shape.metadata.get("min", 0), shape.metadata.get("max", 1 << 40)
        assert low <= length <= high, f"{place}: {length} characters instead of {low} to {high}"


def wait_until_ready(endpoint=ENDPOINT, context=None):
    for _ in range(600):
        with contextlib.suppress(OSError):
            if urllib.request.urlopen(endpoint + "/health/ready", context=context).status == 200:
                return
        time.sleep(0.1)
    raise AssertionError("the server does not get ready")


def post(operation, body, headers=None, endpoint=ENDPOINT, path="/", method="POST"):
    """A request that boto3's own checks would not let through: answers the status and the body."""
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    given = {"Content-Type": "application/x-amz-json-1.0", "X-Amz-Target": f"AWSStepFunctions.{operation}"}
    given.update(headers or {})
    given = {key: value for key, value in given.items() if value is not None}
    connection = http.client.HTTPConnection(urllib.parse.urlparse(endpoint).netloc, timeout=30)
    with contextlib.closing(connection):
        connection.request(method, path, body=data, headers=given)
        response = connection.getresponse()
        text = response.read()
        return response.status, json.loads(text) if text[:1] == b"{" else {"text": text}


counter = 0


def name(prefix="machine"):
    global counter
    counter += 1
    return f"{prefix}-{os.getpid()}-{counter}"


def create(sfn, definition=PASS, **more):
    more.setdefault("name", name())
    definition = definition if isinstance(definition, str) else json.dumps(definition)
    return sfn.create_state_machine(definition=definition, roleArn=ROLE, **more)["stateMachineArn"]


def end_of(sfn, execution):
    """Waits for the end of an execution."""
    for _ in range(600):
        description = sfn.describe_execution(executionArn=execution)
        if description["status"] != "RUNNING":
            return description
        time.sleep(0.05)
    raise AssertionError("the execution does not end")


@contextlib.contextmanager
def refused(code, message=None):
    """The body is refused with this error, and with this text or one that contains it."""
    try:
        yield
    except botocore.exceptions.ClientError as error:
        found = error.response["Error"]
        assert found["Code"] == code, f"{found['Code']} instead of {code}: {found['Message']}"
        assert message is None or message in found["Message"], f"{found['Message']!r} lacks {message!r}"
        assert 400 <= error.response["ResponseMetadata"]["HTTPStatusCode"] < 500
        assert error.response["ResponseMetadata"]["RequestId"]
    else:
        raise AssertionError(f"not refused with {code}")
