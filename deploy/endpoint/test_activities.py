"""Activities, task tokens and redrives, as workers of AWS's kind use them."""

import asyncio
import json
import resource
import threading
import time
import unittest
import urllib.parse
import urllib.request

from support import ENDPOINT, PREFIX, client, create, end_of, name, refused, wait_until_ready


class Activities(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        wait_until_ready()
        cls.sfn = client()

    def test_lifecycle(self):
        sfn, activity = self.sfn, name("activity")
        made = sfn.create_activity(name=activity, tags=[{"key": "a", "value": "b"}])
        arn = made["activityArn"]
        self.assertEqual(arn, f"{PREFIX}activity:{activity}")
        self.assertEqual(sfn.create_activity(name=activity)["creationDate"], made["creationDate"])
        self.assertEqual(sfn.describe_activity(activityArn=arn)["name"], activity)
        self.assertEqual(sfn.list_tags_for_resource(resourceArn=arn)["tags"], [{"key": "a", "value": "b"}])
        pages = sfn.get_paginator("list_activities").paginate(PaginationConfig={"PageSize": 1})
        self.assertIn(arn, [a["activityArn"] for page in pages for a in page["activities"]])
        with refused("InvalidName", "Invalid Name: 'a b'"):
            sfn.create_activity(name="a b")
        for _ in range(2):
            sfn.delete_activity(activityArn=arn)
        with refused("ActivityDoesNotExist", f"Activity Does Not Exist: '{arn}'"):
            sfn.describe_activity(activityArn=arn)
        with refused("ActivityDoesNotExist"):
            sfn.get_activity_task(activityArn=arn)
        with refused("InvalidArn"):
            sfn.describe_activity(activityArn="nonsense")

    def machine(self):
        arn = self.sfn.create_activity(name=name("activity"))["activityArn"]
        return arn, create(self.sfn, {"StartAt": "A", "States": {"A": {"Type": "Task", "Resource": arn, "End": True}}})

    def test_work(self):
        sfn, (activity, machine) = self.sfn, self.machine()
        tasks = []
        waiting = threading.Thread(target=lambda: tasks.append(client().get_activity_task(
            activityArn=activity, workerName="me")))
        waiting.start()
        execution = sfn.start_execution(stateMachineArn=machine, input='{"n": 1}')["executionArn"]
        waiting.join(60)
        self.assertEqual(json.loads(tasks[0]["input"]), {"n": 1})
        sfn.send_task_heartbeat(taskToken=tasks[0]["taskToken"])
        sfn.send_task_success(taskToken=tasks[0]["taskToken"], output='{"done": true}')
        end = end_of(sfn, execution)
        self.assertEqual((end["status"], json.loads(end["output"])), ("SUCCEEDED", {"done": True}))
        with refused("TaskTimedOut"):
            sfn.send_task_success(taskToken=tasks[0]["taskToken"], output="{}")

    def test_a_thousand_wait(self):
        """Each task goes to one of them, nothing to those who have gone."""
        resource.setrlimit(resource.RLIMIT_NOFILE, (resource.getrlimit(resource.RLIMIT_NOFILE)[1],) * 2)
        sfn, (activity, machine) = self.sfn, self.machine()
        body = json.dumps({"activityArn": activity}).encode()
        request = (
            b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/x-amz-json-1.0\r\n"
            b"X-Amz-Target: AWSStepFunctions.GetActivityTask\r\nContent-Length: %d\r\n\r\n%s" % (len(body), body)
        )

        async def poll():
            address = urllib.parse.urlparse(ENDPOINT)
            waiting = [await asyncio.open_connection(address.hostname, address.port) for _ in range(1000)]
            for _, writer in waiting:
                writer.write(request)
            answers = {asyncio.ensure_future(reader.readuntil(b"}")) for reader, _ in waiting}
            for index in range(20):
                sfn.start_execution(stateMachineArn=machine, input=str(index))
            inputs = set()
            while len(inputs) < 20:
                done, answers = await asyncio.wait(answers, return_when=asyncio.FIRST_COMPLETED)
                inputs |= {json.loads(done.result().partition(b"\r\n\r\n")[2])["input"] for done in done}
            self.assertEqual(inputs, {str(index) for index in range(20)})
            self.assertEqual(len(answers), 980)
            for answer in answers:
                answer.cancel()
            for _, writer in waiting:
                writer.close()
            await asyncio.gather(*(writer.wait_closed() for _, writer in waiting), return_exceptions=True)

        asyncio.run(poll())
        self.wait_until_nobody_polls()
        sfn.start_execution(stateMachineArn=machine, input='"last"')
        self.assertEqual(sfn.get_activity_task(activityArn=activity)["input"], '"last"')

    def wait_until_nobody_polls(self):
        """The server learns a moment later than they do that clients have gone."""
        for _ in range(600):
            with urllib.request.urlopen(ENDPOINT + "/metrics") as page:
                if b"\nstepwell_activity_pollers 0\n" in page.read():
                    return
            time.sleep(0.1)
        self.fail("the server believes that somebody still polls")

    def test_redrive(self):
        sfn, (activity, machine) = self.sfn, self.machine()
        execution = sfn.start_execution(stateMachineArn=machine)["executionArn"]
        with refused("ExecutionNotRedrivable"):
            sfn.redrive_execution(executionArn=execution)
        token = sfn.get_activity_task(activityArn=activity)["taskToken"]
        sfn.send_task_failure(taskToken=token, error="E", cause="C")
        end = end_of(sfn, execution)
        self.assertEqual((end["status"], end["error"], end["redriveStatus"]), ("FAILED", "E", "REDRIVABLE"))
        first = sfn.redrive_execution(executionArn=execution, clientToken="once")
        # The same again is answered, and changes nothing.
        again = sfn.redrive_execution(executionArn=execution, clientToken="once")
        self.assertEqual(again["redriveDate"], first["redriveDate"])
        with refused("ExecutionNotRedrivable"):
            sfn.redrive_execution(executionArn=execution, clientToken="twice")
        token = sfn.get_activity_task(activityArn=activity)["taskToken"]
        sfn.send_task_success(taskToken=token, output="{}")
        end = end_of(sfn, execution)
        self.assertEqual((end["status"], end["redriveCount"]), ("SUCCEEDED", 1))
        with refused("ExecutionDoesNotExist"):
            sfn.redrive_execution(executionArn=execution + "x")


if __name__ == "__main__":
    unittest.main()
