"""A server that asks for signatures: AWS's own signer, and what keys may do."""

import contextlib
import os
import socket
import ssl
import subprocess
import unittest
import urllib.request

import botocore.exceptions

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
            self.client(key, secret[:-1] + ("x" if secret[-1] != "x" else "y")).list_state_machines()
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

    def test_rate_limits(self):
        lines = stepwell("keys", "create", "test", "--key-file", "stepwell.key", "--allow", "*", "--rate-limit", "1")
        values = dict(line.split("=", 1) for line in lines.split())
        sfn = self.client(values["AWS_ACCESS_KEY_ID"], values["AWS_SECRET_ACCESS_KEY"])
        with self.assertRaises(sfn.exceptions.ClientError) as refusal:
            for _ in range(200):
                sfn.list_state_machines()
        answer = refusal.exception.response
        self.assertEqual(answer["Error"]["Code"], "ThrottlingException")
        self.assertEqual(answer["ResponseMetadata"]["HTTPStatusCode"], 429)
        self.assertEqual(answer["ResponseMetadata"]["HTTPHeaders"]["retry-after"], "1")


class Encryption(unittest.TestCase):
    def test_certificate(self):
        for command in (
            ("openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=localhost",
             "-addext", "subjectAltName=DNS:localhost", "-keyout", "tls.key", "-out", "tls.pem"),
        ):
            subprocess.run(command, check=True, capture_output=True)
        with contextlib.closing(socket.socket()) as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        command = ["stepwell", "server", "--listen", f"127.0.0.1:{port}", "--insecure-no-auth",
                   "--tls-certificate", "tls.pem", "--tls-key", "tls.key"]
        with open("tls.log", "w") as log:
            server = subprocess.Popen(command, stderr=log)
        try:
            endpoint = f"https://localhost:{port}"
            wait_until_ready(endpoint, ssl.create_default_context(cafile="tls.pem"))
            client(endpoint=endpoint, verify="tls.pem").list_state_machines()
            with self.assertRaises(botocore.exceptions.SSLError):
                client(endpoint=endpoint).list_state_machines()
        finally:
            server.terminate()
            self.assertEqual(server.wait(30), 0)
        refused = subprocess.run([*command[:-1], "tls.pem"], capture_output=True, text=True, timeout=60)
        self.assertNotEqual(refused.returncode, 0)
        self.assertIn("tls.pem", refused.stderr)


if __name__ == "__main__":
    unittest.main()
