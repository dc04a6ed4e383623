"""A server that asks for signatures: AWS's own signer, and what keys may do."""

import contextlib
import os
import socket
import subprocess
import unittest
import urllib.request

from support import PREFIX, client, create, post, refused, wait_until_ready


def stepwell(*arguments):
    done = subprocess.run(["stepwell", *arguments], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    return done.stdout


class Authentication(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        with contextlib.closing(socket.socket()) as probe:
            probe.bind(("127.0.0.1", 0))
            cls.endpoint = f"http://127.0.0.1:{probe.getsockname()[1]}"
        with open("stepwell.key", "w", opener=lambda path, flags: os.open(path, flags, 0o600)) as file:
            file.write(os.urandom(32).hex())
        command = ["stepwell", "server", "--listen", cls.endpoint.removeprefix("http://"), "--key-file", "stepwell.key"]
        with open("server.log", "w") as log:
            cls.server = subprocess.Popen(command, stderr=log)
        wait_until_ready(cls.endpoint)

    @classmethod
    def tearDownClass(cls):
        cls.server.terminate()
        assert cls.server.wait(30) == 0
        os.unlink("stepwell.key")

    def key(self, *grants):
        allow = [argument for grant in grants for argument in ("--allow", grant)]
        lines = stepwell("keys", "create", "test", "--key-file", "stepwell.key", *allow).split()
        values = dict(line.split("=", 1) for line in lines)
        return values["AWS_ACCESS_KEY_ID"], values["AWS_SECRET_ACCESS_KEY"]

    def client(self, key, secret):
        return client(endpoint=self.endpoint, key=key, secret=secret)

    def test_signed_requests(self):
        key, secret = self.key("*")
        sfn = self.client(key, secret)
        arn = create(sfn)
        sfn.start_execution(stateMachineArn=arn, input='{"a": "\u00e4 \u2028"}')
        with refused("UnrecognizedClientException"):
            self.client(key, secret[:-1] + "x").list_state_machines()
        with refused("UnrecognizedClientException"):
            self.client("AKIAUNKNOWN", secret).list_state_machines()
        status, answer = post("ListStateMachines", {}, endpoint=self.endpoint)
        self.assertEqual((status, answer["__type"]), (403, "MissingAuthenticationTokenException"))
        self.assertEqual(urllib.request.urlopen(self.endpoint + "/health/live").status, 200)
        with open("server.log") as log:
            self.assertNotIn(secret, log.read())

    def test_grants(self):
        admin = self.client(*self.key("*"))
        orders, others = create(admin, name=f"Orders-{os.getpid()}"), create(admin)
        shop = self.client(*self.key("StartExecution,Describe*@Orders"))
        execution = shop.start_execution(stateMachineArn=orders)["executionArn"]
        shop.describe_execution(executionArn=execution)
        for call in (
            lambda: shop.start_execution(stateMachineArn=others),
            lambda: shop.stop_execution(executionArn=execution),
            lambda: shop.list_state_machines(),
            lambda: shop.delete_state_machine(stateMachineArn=orders),
            lambda: create(shop, name="Orders-new"),
        ):
            with refused("AccessDeniedException", "is not authorized to perform: states:"):
                call()

    def test_revocation(self):
        key, secret = self.key("*")
        stepwell("keys", "revoke", key)
        with refused("UnrecognizedClientException"):
            self.client(key, secret).list_state_machines()
        self.assertIn(key, stepwell("keys", "list"))
        self.assertNotIn(secret, stepwell("keys", "list", "--json"))


if __name__ == "__main__":
    unittest.main()
