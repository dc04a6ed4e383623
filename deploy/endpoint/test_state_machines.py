"""State machines, versions, aliases and tags, as boto3, CDK and Terraform use them."""

import json
import time
import unittest

from support import PASS, PREFIX, ROLE, WAIT, client, create, end_of, name, refused, wait_until_ready


class StateMachines(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        wait_until_ready()
        cls.sfn = client()

    def test_lifecycle(self):
        sfn, machine = self.sfn, name()
        made = sfn.create_state_machine(name=machine, definition=json.dumps(PASS), roleArn=ROLE)
        arn = made["stateMachineArn"]
        self.assertEqual(arn, f"{PREFIX}stateMachine:{machine}")
        again = sfn.create_state_machine(name=machine, definition=json.dumps(PASS), roleArn=ROLE + "2")
        self.assertEqual(again["creationDate"], made["creationDate"])
        with refused("StateMachineAlreadyExists", f"State Machine Already Exists: '{arn}'"):
            create(sfn, WAIT, name=machine)

        described = sfn.describe_state_machine(stateMachineArn=arn)
        self.assertEqual(described["definition"], json.dumps(PASS))
        self.assertEqual(described["roleArn"], ROLE)
        self.assertEqual((described["status"], described["type"]), ("ACTIVE", "STANDARD"))
        self.assertEqual(described["loggingConfiguration"], {"level": "OFF", "includeExecutionData": False})
        self.assertEqual(described["tracingConfiguration"], {"enabled": False})
        self.assertNotIn("revisionId", described)
        short = sfn.describe_state_machine(stateMachineArn=arn, includedData="METADATA_ONLY")
        self.assertNotEqual(short["definition"], json.dumps(PASS))

        with refused("MissingRequiredParameter"):
            sfn.update_state_machine(stateMachineArn=arn)
        same = sfn.update_state_machine(stateMachineArn=arn, definition=json.dumps(PASS))
        self.assertNotIn("revisionId", same)
        changed = sfn.update_state_machine(stateMachineArn=arn, definition=json.dumps(WAIT))
        self.assertEqual(sfn.describe_state_machine(stateMachineArn=arn)["revisionId"], changed["revisionId"])

        sfn.delete_state_machine(stateMachineArn=arn)
        self.gone(arn)
        sfn.delete_state_machine(stateMachineArn=arn)
        with refused("StateMachineDoesNotExist", f"State Machine Does Not Exist: '{arn}'"):
            sfn.update_state_machine(stateMachineArn=arn, definition=json.dumps(PASS))

    def gone(self, arn):
        for _ in range(200):
            try:
                status = self.sfn.describe_state_machine(stateMachineArn=arn)["status"]
                self.assertEqual(status, "DELETING")
            except self.sfn.exceptions.StateMachineDoesNotExist:
                return
            time.sleep(0.05)
        self.fail("the state machine stays")

    def test_deletion_stops_what_runs(self):
        arn = create(self.sfn, WAIT)
        execution = self.sfn.start_execution(stateMachineArn=arn)["executionArn"]
        self.sfn.delete_state_machine(stateMachineArn=arn)
        self.gone(arn)
        with refused("StateMachineDoesNotExist"):
            self.sfn.start_execution(stateMachineArn=arn)
        with refused("ExecutionDoesNotExist"):
            self.sfn.describe_execution(executionArn=execution)
        self.assertEqual(create(self.sfn, name=arn.split(":")[-1]), arn)

    def test_refused_definitions(self):
        sfn = self.sfn
        with refused("InvalidDefinition", "SCHEMA_VALIDATION_FAILED: These fields are required: [States] at /'"):
            create(sfn, {"StartAt": "A"})
        with refused("InvalidDefinition"):
            create(sfn, "not JSON")
        with refused("InvalidName", "Invalid Name: 'a b'"):
            create(sfn, name="a b")
        with refused("InvalidArn", "Invalid Arn: 'Invalid ARN prefix: nonsense'"):
            sfn.describe_state_machine(stateMachineArn="nonsense")
        with refused("InvalidArn"):
            sfn.describe_state_machine(stateMachineArn=PREFIX + "activity:a")
        with refused("StateMachineDoesNotExist"):
            sfn.describe_state_machine(stateMachineArn="arn:aws:states:eu-west-1:111111111111:stateMachine:a")
        with refused("InvalidLoggingConfiguration", "Must specify exactly one Log Destination."):
            create(sfn, loggingConfiguration={"level": "ALL"})
        with refused("InvalidEncryptionConfiguration"):
            create(sfn, encryptionConfiguration={"type": "CUSTOMER_MANAGED_KMS_KEY", "kmsKeyId": "k"})
        with refused("ValidationException", "Version description can only be set when publish is true"):
            create(sfn, versionDescription="v")

    def test_logging_is_kept(self):
        group = {"cloudWatchLogsLogGroup": {"logGroupArn": "arn:aws:logs:us-east-1:000000000000:log-group:g:*"}}
        logging = {"level": "ERROR", "includeExecutionData": True, "destinations": [group]}
        arn = create(self.sfn, loggingConfiguration=logging, tracingConfiguration={"enabled": True})
        described = self.sfn.describe_state_machine(stateMachineArn=arn)
        self.assertEqual(described["loggingConfiguration"], logging)
        self.assertEqual(described["tracingConfiguration"], {"enabled": True})

    def test_lists(self):
        arns = {create(self.sfn) for _ in range(5)}
        found = [
            machine["stateMachineArn"]
            for page in self.sfn.get_paginator("list_state_machines").paginate(PaginationConfig={"PageSize": 2})
            for machine in page["stateMachines"]
        ]
        self.assertLessEqual(arns, set(found))
        self.assertEqual(len(found), len(set(found)))
        with refused(
            "ValidationException",
            "1 validation error detected: Value '1001' at 'maxResults' failed to satisfy constraint: "
            "Member must have value less than or equal to 1000",
        ):
            self.sfn.list_state_machines(maxResults=1001)
        with refused("InvalidToken"):
            self.sfn.list_state_machines(nextToken="made-up")
        token = self.sfn.list_state_machines(maxResults=1)["nextToken"]
        with refused("InvalidToken"):
            self.sfn.list_executions(stateMachineArn=found[0], nextToken=token)
        with refused("InvalidToken"):
            self.sfn.list_state_machines(nextToken=token[:-1] + ("0" if token[-1] != "0" else "1"))

    def test_versions_and_aliases(self):
        sfn = self.sfn
        arn = create(sfn, publish=True, versionDescription="first")
        self.assertEqual(sfn.describe_state_machine(stateMachineArn=arn + ":1")["description"], "first")
        update = sfn.update_state_machine(stateMachineArn=arn, definition=json.dumps(PASS | {"Comment": "2"}))
        with refused("ConflictException"):
            sfn.publish_state_machine_version(stateMachineArn=arn, revisionId="INITIAL")
        for _ in range(2):
            published = sfn.publish_state_machine_version(stateMachineArn=arn, revisionId=update["revisionId"])
            self.assertEqual(published["stateMachineVersionArn"], arn + ":2")
        with refused("StateMachineDoesNotExist"):
            sfn.publish_state_machine_version(stateMachineArn=arn + "x")
        versions = sfn.list_state_machine_versions(stateMachineArn=arn, maxResults=1)
        self.assertEqual([v["stateMachineVersionArn"] for v in versions["stateMachineVersions"]], [arn + ":2"])
        versions = sfn.list_state_machine_versions(stateMachineArn=arn, nextToken=versions["nextToken"])
        self.assertEqual([v["stateMachineVersionArn"] for v in versions["stateMachineVersions"]], [arn + ":1"])

        routing = [
            {"stateMachineVersionArn": arn + ":1", "weight": 0},
            {"stateMachineVersionArn": arn + ":2", "weight": 100},
        ]
        live = sfn.create_state_machine_alias(name="live", routingConfiguration=routing, description="d")
        alias = live["stateMachineAliasArn"]
        self.assertEqual(alias, arn + ":live")
        self.assertEqual(
            sfn.create_state_machine_alias(name="live", routingConfiguration=routing, description="d")["creationDate"],
            live["creationDate"],
        )
        with refused("ConflictException", "an alias with the same name and a different routing configuration"):
            sfn.create_state_machine_alias(name="live", routingConfiguration=routing, description="e")
        with refused("ValidationException", "Routing configuration must contain state machine version ARNs."):
            sfn.create_state_machine_alias(
                name="x", routingConfiguration=[{"stateMachineVersionArn": arn, "weight": 100}]
            )
        with refused("ValidationException", "must equal 100"):
            sfn.create_state_machine_alias(
                name="x", routingConfiguration=[{"stateMachineVersionArn": arn + ":1", "weight": 99}]
            )
        with refused("ValidationException", "Member must satisfy regular expression pattern"):
            sfn.create_state_machine_alias(name="123", routingConfiguration=routing)
        with refused("ResourceNotFound"):
            sfn.create_state_machine_alias(
                name="x", routingConfiguration=[{"stateMachineVersionArn": arn + ":9", "weight": 100}]
            )
        described = sfn.describe_state_machine_alias(stateMachineAliasArn=alias)
        self.assertEqual(described["routingConfiguration"], routing)
        self.assertEqual(described["description"], "d")

        execution = sfn.start_execution(stateMachineArn=alias, name="one")["executionArn"]
        end = end_of(sfn, execution)
        self.assertEqual(end["stateMachineVersionArn"], arn + ":2")
        self.assertEqual(end["stateMachineAliasArn"], alias)
        self.assertEqual([e["name"] for e in sfn.list_executions(stateMachineArn=alias)["executions"]], ["one"])
        self.assertEqual(sfn.list_executions(stateMachineArn=arn + ":1")["executions"], [])
        ran = sfn.describe_state_machine_for_execution(executionArn=execution)
        self.assertEqual(ran["revisionId"], update["revisionId"])

        with refused("ConflictException", "[live]"):
            sfn.delete_state_machine_version(stateMachineVersionArn=arn + ":2")
        only = [{"stateMachineVersionArn": arn + ":1", "weight": 100}]
        sfn.update_state_machine_alias(stateMachineAliasArn=alias, routingConfiguration=only)
        self.assertEqual(sfn.describe_state_machine_alias(stateMachineAliasArn=alias)["routingConfiguration"], only)
        with refused("ResourceNotFound"):
            sfn.update_state_machine_alias(stateMachineAliasArn=arn + ":nobody", description="x")
        sfn.delete_state_machine_version(stateMachineVersionArn=arn + ":2")
        with refused("StateMachineDoesNotExist"):
            sfn.describe_state_machine(stateMachineArn=arn + ":2")
        listed = sfn.list_state_machine_aliases(stateMachineArn=arn)["stateMachineAliases"]
        self.assertEqual([a["stateMachineAliasArn"] for a in listed], [alias])
        for _ in range(2):
            sfn.delete_state_machine_alias(stateMachineAliasArn=alias)
        with refused("ResourceNotFound"):
            sfn.describe_state_machine_alias(stateMachineAliasArn=alias)

    def test_tags(self):
        sfn = self.sfn
        arn = create(sfn, tags=[{"key": "a", "value": "1"}])
        sfn.tag_resource(resourceArn=arn, tags=[{"key": "b", "value": ""}, {"key": "a", "value": "2"}])
        tags = {t["key"]: t["value"] for t in sfn.list_tags_for_resource(resourceArn=arn)["tags"]}
        self.assertEqual(tags, {"a": "2", "b": ""})
        sfn.untag_resource(resourceArn=arn, tagKeys=["a", "nothing"])
        sfn.untag_resource(resourceArn=arn, tagKeys=[])
        self.assertEqual(sfn.list_tags_for_resource(resourceArn=arn)["tags"], [{"key": "b", "value": ""}])
        with refused("TooManyTags"):
            sfn.tag_resource(resourceArn=arn, tags=[{"key": f"k{i}", "value": ""} for i in range(50)])
        for call in (
            lambda: sfn.list_tags_for_resource(resourceArn=arn + "x"),
            lambda: sfn.tag_resource(resourceArn=arn + "x", tags=[]),
            lambda: sfn.untag_resource(resourceArn=arn + "x", tagKeys=[]),
        ):
            with refused("ResourceNotFound", f"Resource not found: '{arn}x'"):
                call()
        with refused("InvalidArn"):
            sfn.list_tags_for_resource(resourceArn="nonsense")

    def test_validation(self):
        sfn = self.sfn
        good = sfn.validate_state_machine_definition(definition=json.dumps(PASS))
        self.assertEqual((good["result"], good["diagnostics"], good["truncated"]), ("OK", [], False))
        bad = sfn.validate_state_machine_definition(definition="{}", maxResults=1)
        self.assertEqual(bad["result"], "FAIL")
        self.assertEqual(bad["diagnostics"][0]["code"], "SCHEMA_VALIDATION_FAILED")

    def test_what_terraform_does(self):
        """The calls of aws_sfn_state_machine, aws_sfn_alias and aws_sfn_activity, in the provider's order."""
        sfn, machine = self.sfn, name("terraform")
        activity = sfn.create_activity(name=name("terraform"), tags=[])["activityArn"]
        self.assertEqual(sfn.describe_activity(activityArn=activity)["activityArn"], activity)
        self.assertEqual(sfn.list_tags_for_resource(resourceArn=activity)["tags"], [])
        sfn.delete_activity(activityArn=activity)
        with refused("ActivityDoesNotExist"):
            sfn.describe_activity(activityArn=activity)
        definition = json.dumps(PASS)
        sfn.validate_state_machine_definition(definition=definition, type="STANDARD")
        arn = sfn.create_state_machine(
            name=machine,
            definition=definition,
            roleArn=ROLE,
            type="STANDARD",
            publish=True,
            loggingConfiguration={"level": "OFF", "includeExecutionData": False},
            tracingConfiguration={"enabled": False},
            encryptionConfiguration={"type": "AWS_OWNED_KEY"},
            tags=[{"key": "team", "value": "shop"}],
        )["stateMachineArn"]

        def read():
            described = sfn.describe_state_machine(stateMachineArn=arn)
            versions = sfn.list_state_machine_versions(stateMachineArn=arn)["stateMachineVersions"]
            tags = sfn.list_tags_for_resource(resourceArn=arn)["tags"]
            described.pop("ResponseMetadata")
            return described, versions[0]["stateMachineVersionArn"], tags

        first = read()
        self.assertEqual(first, read(), "a second plan is empty")
        self.assertEqual(first[1], arn + ":1")
        routing = [{"stateMachineVersionArn": first[1], "weight": 100}]
        alias = sfn.create_state_machine_alias(name="live", routingConfiguration=routing)["stateMachineAliasArn"]
        changed = json.dumps(PASS | {"Comment": "changed"})
        sfn.update_state_machine(stateMachineArn=arn, definition=changed, roleArn=ROLE, publish=True)
        sfn.untag_resource(resourceArn=arn, tagKeys=["team"])
        second = read()
        self.assertEqual((second[0]["definition"], second[1], second[2]), (changed, arn + ":2", []))
        self.assertEqual(second, read())
        routing = [{"stateMachineVersionArn": second[1], "weight": 100}]
        sfn.update_state_machine_alias(stateMachineAliasArn=alias, routingConfiguration=routing)
        self.assertEqual(sfn.describe_state_machine_alias(stateMachineAliasArn=alias)["routingConfiguration"], routing)
        sfn.delete_state_machine_alias(stateMachineAliasArn=alias)
        with refused("ResourceNotFound"):
            sfn.describe_state_machine_alias(stateMachineAliasArn=alias)
        sfn.delete_state_machine(stateMachineArn=arn)
        self.gone(arn)


if __name__ == "__main__":
    unittest.main()
