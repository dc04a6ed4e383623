"""What the fault suite runs: a state machine with every kind of transition, whose output is known beforehand."""

import json

FUNCTION = "arn:aws:lambda:us-east-1:000000000000:function:"


def task(function, following, **more):
    return {"Type": "Task", "Resource": FUNCTION + function, "ResultSelector": {"n.$": "$.n"}, "Next": following, **more}


def last(state):
    return {**{key: value for key, value in state.items() if key != "Next"}, "End": True}


CHILD = {"StartAt": "Step", "States": {"Step": last(task("step", ""))}}

# Twenty transitions and more: tasks, a transactional one, a call longer than a lease, a wait, a Map, a Parallel, a retry,
# a child execution.
PROOF = {
    "StartAt": "First",
    "TimeoutSeconds": 3600,
    "States": {
        "First": task("step", "Effect", ResultPath="$.first"),
        "Effect": task("effect", "Is it long?", InputPath="$.first", ResultPath="$.effect"),
        "Is it long?": {
            "Type": "Choice",
            "Choices": [{"Variable": "$.long", "BooleanEquals": True, "Next": "Long"}],
            "Default": "Rest",
        },
        "Long": task("step", "Rest", Parameters={"n.$": "$.effect.n", "milliseconds": 1300}, ResultPath="$.effect"),
        "Rest": {"Type": "Wait", "Seconds": 1, "Next": "Each"},
        "Each": {
            "Type": "Map",
            "ItemsPath": "$.items",
            "MaxConcurrency": 2,
            "ItemProcessor": {"StartAt": "Item", "States": {"Item": last(task("step", ""))}},
            "ResultPath": "$.each",
            "Next": "Both",
        },
        "Both": {
            "Type": "Parallel",
            "Branches": [
                {"StartAt": "Left", "States": {"Left": last(task("step", "", InputPath="$.effect"))}},
                {"StartAt": "Right", "States": {"Right": last(task("effect", "", InputPath="$.effect"))}},
            ],
            "ResultPath": "$.both",
            "Next": "Again",
        },
        "Again": task(
            "flaky", "Child", InputPath="$.both[1]", ResultPath="$.again",
            Retry=[{"ErrorEquals": ["Again"], "IntervalSeconds": 1, "MaxAttempts": 2}],
        ),
        "Child": {
            "Type": "Task",
            "Resource": "arn:aws:states:::states:startExecution.sync:2",
            "Parameters": {
                "StateMachineArn": "arn:aws:states:us-east-1:000000000000:stateMachine:Child", "Input.$": "$.again",
            },
            "ResultSelector": {"n.$": "$.Output.n"},
            "ResultPath": "$.child",
            "Next": "Last",
        },
        "Last": last(task("step", "", InputPath="$.child")),
    },
}


def one_task(function, **more):
    return {"StartAt": "Work", "States": {"Work": {"Type": "Task", "Resource": FUNCTION + function, "End": True, **more}}}


MACHINES = {
    "Proof": PROOF,
    "Child": CHILD,
    "Step": one_task("step"),
    "Effect": one_task("effect"),
    "Nap": one_task("nap"),
    "Pill": one_task("pill"),
    "Timer": {"StartAt": "Rest", "States": {"Rest": {"Type": "Wait", "TimestampPath": "$.at", "End": True}}},
}


def proof_input(n, is_long):
    return json.dumps({"n": n, "long": is_long, "items": [{"n": n}, {"n": n + 1}, {"n": n + 2}]})


def proof_output(n, is_long):
    effect = n + 1 + 10 + (1 if is_long else 0)
    return f'{{"n":{(effect + 10) * 2 + 1 + 1}}}'
