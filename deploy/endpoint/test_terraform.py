"""Terraform with the AWS provider as it is: plan, apply, change, destroy.

`terraform init` downloads the provider from Terraform's registry. Where there is no Terraform, or no registry, the test is
skipped, and says why.
"""

import json
import os
import pathlib
import shutil
import subprocess
import tempfile
import unittest

from support import ENDPOINT, client, skip, wait_until_ready

EXAMPLE = pathlib.Path(__file__).parent.parent / "terraform" / "main.tf"


class Terraform(unittest.TestCase):
    def setUp(self):
        if not shutil.which("terraform"):
            skip(self, "there is no terraform on PATH")
        wait_until_ready()
        directory = tempfile.TemporaryDirectory()
        self.addCleanup(directory.cleanup)
        self.directory = directory.name
        shutil.copy(EXAMPLE, self.directory)
        done = self.terraform("init", "-input=false")
        if done.returncode != 0:
            skip(self, f"terraform init can't get the AWS provider:\n{done.stdout}{done.stderr}")

    def terraform(self, *arguments, **variables):
        variables |= {"endpoint": ENDPOINT}
        environment = os.environ | {f"TF_VAR_{key}": value for key, value in variables.items()}
        return subprocess.run(
            ["terraform", *arguments, "-no-color"], cwd=self.directory, env=environment, capture_output=True,
            text=True, timeout=600)

    def run_well(self, *arguments, **variables):
        done = self.terraform(*arguments, **variables)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        return done.stdout

    def changes(self, **variables):
        """Whether a plan changes anything."""
        done = self.terraform("plan", "-input=false", "-detailed-exitcode", **variables)
        self.assertIn(done.returncode, (0, 2), done.stdout + done.stderr)
        return done.returncode == 2

    def test_example(self):
        sfn = client()
        self.assertTrue(self.changes())
        self.run_well("apply", "-input=false", "-auto-approve")
        self.assertFalse(self.changes(), "a second plan is not empty")
        alias = json.loads(self.run_well("output", "-json"))["alias"]["value"]
        first = sfn.describe_state_machine_alias(stateMachineAliasArn=alias)["routingConfiguration"]
        self.assertTrue(self.changes(comment="changed"))
        self.run_well("apply", "-input=false", "-auto-approve", comment="changed")
        self.assertFalse(self.changes(comment="changed"))
        machine = alias.rpartition(":")[0]
        self.assertIn("changed", sfn.describe_state_machine(stateMachineArn=machine)["definition"])
        self.assertNotEqual(
            sfn.describe_state_machine_alias(stateMachineAliasArn=alias)["routingConfiguration"], first)
        self.run_well("destroy", "-input=false", "-auto-approve", comment="changed")
        with self.assertRaises(sfn.exceptions.StateMachineDoesNotExist):
            sfn.describe_state_machine(stateMachineArn=machine)


if __name__ == "__main__":
    unittest.main()
