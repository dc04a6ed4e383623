"""What people do in the console, done by a browser."""

import json
import os
import ssl
import subprocess
import tempfile
import unittest
import urllib.request

import browser

CONSOLE = os.environ["STEPWELL_CONSOLE"]
HOSTILE = "<img src=x onerror=document.title='broken'>\"'`{{t.nav}}</script><script>document.title='broken'</script>"
LAMBDA = "arn:aws:lambda:us-east-1:000000000000:function:process_order"

ORDERS = {
    "Comment": "Takes an order",
    "StartAt": "Check order",
    "States": {
        "Check order": {"Type": "Choice", "Default": "Prepare",
                        "Choices": [{"Variable": "$.isEmpty", "IsPresent": True, "Next": "No order"}]},
        "No order": {"Type": "Fail", "Error": "NoOrder", "Cause": HOSTILE},
        "Prepare": {"Type": "Parallel", "Next": "Pick up", "Branches": [
            {"StartAt": "Reserve", "States": {"Reserve": {"Type": "Pass", "End": True}}},
            {"StartAt": "Each item", "States": {
                "Each item": {"Type": "Map", "ItemsPath": "$.items", "End": True, "ItemProcessor": {
                    "StartAt": "Pack", "States": {"Pack": {"Type": "Pass", "End": True}}}}}}],
            "ResultPath": "$.prepared"},
        "Pick up": {"Type": "Wait", "Seconds": 4, "Next": "Process"},
        "Process": {"Type": "Task", "Resource": LAMBDA, "End": True,
                    "Catch": [{"ErrorEquals": ["Nobody"], "Next": "No order"}]},
    },
}


def stepwell(*words):
    return subprocess.run(["stepwell", *words], check=True, capture_output=True, text=True).stdout


def deploy(name, definition):
    with tempfile.NamedTemporaryFile("w", suffix=".asl.json") as file:
        file.write(json.dumps(definition, indent=2))
        file.flush()
        stepwell("deploy", file.name, "--name", name)


def order(body):
    return json.dumps({"items": ["tea", "cup"], "body": json.dumps(body)})


GOOD = order({"id": "o-1", "items": [{"sku": "tea", "quantity": 1, "price": 9000}]})
BAD = order({"id": HOSTILE, "items": []})


class Pages(unittest.TestCase):
    def setUp(self):
        self.browser = browser.Browser()
        self.addCleanup(self.browser.close)

    def tearDown(self):
        self.assertEqual(self.browser.errors(), [])
        self.assertNotEqual(self.browser.run("return document.title"), "broken")

    def pictures(self, name):
        """A page as it looks on a telephone and on a desk, by day and by night."""
        for width, height in ((360, 780), (1440, 900)):
            self.browser.size(width, height)
            for theme in ("light", "dark"):
                self.browser.theme(theme)
                self.assertLessEqual(
                    self.browser.run("return document.documentElement.scrollWidth"), width, f"{name} is wider than {width}")
                self.browser.picture(f"{name}-{width}-{theme}")
        self.browser.theme("light")


class Orders(Pages):
    @classmethod
    def setUpClass(cls):
        deploy("Orders", ORDERS)

    def start(self, text):
        self.browser.open(CONSOLE + "/console/machines/Orders")
        self.browser.click("button[data-open=start]")
        self.browser.write("#start textarea", text)
        self.browser.click("#start button.primary")
        self.browser.wait("the execution's page", lambda: "/console/executions/Orders/" in self.browser.place)

    def status(self):
        return self.browser.text("#status")

    def test_order_turns_green(self):
        """An order is started from its machine's page, and its graph turns green while one looks."""
        self.start(GOOD)
        self.browser.wait("the wait", lambda: self.browser.run(
            "return !!document.querySelector('a[data-state=\"Pick up\"] .node.running')"))
        self.assertIn("Pick up", self.browser.text("#why"))
        self.browser.picture("running")
        self.browser.run("window.sameDocument = true")
        self.browser.wait("the end", lambda: self.status() == "Succeeded")
        self.browser.wait("a green graph", lambda: self.browser.run(
            "return document.querySelectorAll('.node.succeeded').length") == 7)
        self.assertTrue(self.browser.run("return window.sameDocument"), "the page was not loaded again")
        self.assertEqual(self.browser.run("return document.querySelectorAll('.node.untouched').length"), 1)
        self.pictures("succeeded")
        place = self.browser.place
        for view in ("timeline", "events", "data"):
            self.browser.open(f"{place.split('?')[0]}?view={view}")
            self.pictures(view)

    def test_broken_order(self):
        """A broken order says why, and goes on from there when somebody redrives it."""
        self.start(BAD)
        self.browser.wait("the end", lambda: self.status() == "Failed")
        self.assertIn("InvalidOrder", self.browser.text("#error"))
        self.browser.wait("a red state", lambda: self.browser.run(
            "return !!document.querySelector('a[data-state=\"Process\"] .node.failed')"))
        self.assertIn("<img src=x", self.browser.text("section.panel"))
        self.pictures("failed")
        self.browser.click("button[data-post$='/redrive']")
        self.browser.wait("the second end", lambda: "Redriven" in self.browser.text() and self.status() == "Failed")
        self.browser.open(CONSOLE + "/console/audit")
        self.assertIn("RedriveExecution", self.browser.text())
        self.pictures("audit")

    def test_stop(self):
        """What runs is stopped, with a reason."""
        self.start(GOOD)
        self.browser.click("button[data-open=stop]")
        self.browser.write("#stop input[name=error]", "Cancelled")
        self.browser.write("#stop input[name=cause]", HOSTILE)
        self.browser.picture("dialog")
        self.browser.click("#stop button.danger")
        self.browser.wait("the end", lambda: self.status() == "Stopped")
        self.assertIn(HOSTILE, self.browser.text("#error"))

    def test_lists(self):
        """Lists keep their filter in the address, and every page can be looked at."""
        self.start(order({}))
        self.browser.wait("the end", lambda: self.status() == "Failed")
        name = self.browser.place.split("/")[-1].split("?")[0]
        for page in ("", "/machines", "/machines/Orders", "/workers", "/executions"):
            self.browser.open(CONSOLE + "/console" + page)
            self.pictures("page" + page)
        self.browser.run("document.querySelector('[name=status]').value = 'FAILED'")
        self.browser.write("[name=name]", name)
        self.browser.click("form.filter button")
        self.browser.wait("the filter", lambda: f"name={name}" in self.browser.place)
        self.assertEqual(self.browser.run("return document.querySelectorAll('tbody tr').length"), 1)
        self.browser.open(CONSOLE + "/console?language=ko")
        self.assertIn("개요", self.browser.text())
        self.browser.picture("korean")


class Access(Pages):
    """The same pages of a server that asks who one is, over TLS."""

    @classmethod
    def setUpClass(cls):
        deploy("Orders", ORDERS)
        cls.directory = tempfile.TemporaryDirectory()
        path = cls.directory.name
        subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=localhost",
                        "-keyout", f"{path}/key.pem", "-out", f"{path}/certificate.pem"], check=True, capture_output=True)
        with open(f"{path}/seal", "w", opener=lambda file, flags: os.open(file, flags, 0o600)) as file:
            file.write("07" * 32)
        cls.seal = f"{path}/seal"
        with browser.socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            cls.port = probe.getsockname()[1]
        cls.server = subprocess.Popen([
            "stepwell", "server", "--listen", f"127.0.0.1:{cls.port}", "--key-file", cls.seal, "--tls-certificate",
            f"{path}/certificate.pem", "--tls-key", f"{path}/key.pem", "--log-level", "error"])
        cls.console = f"https://localhost:{cls.port}/console"
        context = ssl._create_unverified_context()
        for _ in range(300):
            try:
                urllib.request.urlopen(f"https://127.0.0.1:{cls.port}/health/ready", context=context)
                break
            except OSError:
                browser.time.sleep(0.1)

    @classmethod
    def tearDownClass(cls):
        cls.server.terminate()
        cls.server.wait()
        cls.directory.cleanup()

    def key(self, *grants):
        allowed = [word for grant in grants for word in ("--allow", grant)]
        made = json.loads(stepwell("keys", "create", "test", "--key-file", self.seal, "--json", *allowed))
        return made["accessKeyId"], made["secretAccessKey"]

    def log_in(self, key, secret):
        self.browser.open(self.console)
        self.browser.wait("the form", lambda: "login" in self.browser.place)
        self.browser.write("[name=accessKey]", key)
        self.browser.write("[name=secret]", secret)
        self.browser.click("form[data-login] button")

    def test_in_and_out(self):
        """One gets in with the secret alone, and out for good."""
        key, secret = self.key("*")
        self.log_in(key, "wrong")
        self.browser.wait("the refusal", lambda: "There is no such access key" in self.browser.text())
        self.pictures("login")
        self.log_in(key, secret)
        self.browser.wait("the overview", lambda: "Overview" in self.browser.text())
        self.assertEqual(self.browser.run("return document.cookie"), "", "no script sees the session")
        self.browser.click("button[data-post$='/logout']")
        self.browser.wait("the form", lambda: self.browser.place.endswith("/console/login"))
        self.browser.open(self.console + "/audit")
        self.assertIn("login", self.browser.place)

    def test_without_rights(self):
        """Who may only look is not offered more, and is refused it all the same."""
        key, secret = self.key("List*,Describe*,GetExecutionHistory")
        self.log_in(key, secret)
        self.browser.wait("the overview", lambda: "Overview" in self.browser.text())
        self.browser.open(self.console + "/machines/Orders")
        self.assertFalse(self.browser.run("return !!document.querySelector('button[data-open=start]')"))
        refusal = self.browser.run("""
            return fetch('/console/machines/Orders/start', {method: 'POST', body: new URLSearchParams({input: '{}'}),
              headers: {'X-Stepwell-Intent': document.querySelector('meta[name=intent]').content}})
              .then(async (answer) => [answer.status, (await answer.json()).error])""")
        self.assertEqual(refusal[0] // 100, 4)
        self.assertIn("not authorized", refusal[1])
