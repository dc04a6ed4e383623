"""What people do in the console, done by a browser."""

import json
import os
import ssl
import subprocess
import tempfile
import unittest
import urllib.parse
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


# What must show as text wherever it stands.
STRINGS = [
    "<img src=x onerror=document.title='broken'>", "</script><script>document.title='broken'</script>",
    "javascript:document.title='broken'", "<svg/onload=document.title='broken'>", "{{t.nav}}{{{page}}}<%= 1 %>${1}",
    "\x1b[31mred\x1b]0;title\x07", "\"'`><b onclick=document.title='broken'>", "\"\u0301 autofocus onfocus=x", "\u202egnp.exe",
    "\u2028\u2029", "--></title></textarea></svg>", "__proto__", "constructor",
]

WAITS = {"StartAt": "Sleep", "States": {"Sleep": {"Type": "Wait", "Seconds": 36000, "End": True}}}
ASKS = {
    "StartAt": "Ask",
    "States": {
        "Ask": {"Type": "Task", "Resource": "arn:aws:states:::lambda:invoke.waitForTaskToken", "Next": "Go on",
                "Parameters": {"FunctionName": LAMBDA, "Payload": {"body.$": "$.body", "token.$": "$$.Task.Token"}},
                "Catch": [{"ErrorEquals": ["Declined"], "Next": "Declined"}]},
        "Declined": {"Type": "Pass", "End": True},
        "Go on": {"Type": "Pass", "End": True},
    },
}
RUNS = {
    "StartAt": "Each order",
    "States": {"Each order": {
        "Type": "Map", "Label": "EachOrder", "MaxConcurrency": 1, "ToleratedFailurePercentage": 100, "End": True,
        "ItemProcessor": {
            "ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"}, "StartAt": "Is it good?",
            "States": {
                "Is it good?": {"Type": "Choice", "Choices": [{"Variable": "$", "NumericEquals": 3, "Next": "Bad"}],
                                "Default": "Rest"},
                "Bad": {"Type": "Fail", "Error": "Shop.Closed", "Cause": HOSTILE},
                "Rest": {"Type": "Wait", "Seconds": 10, "End": True},
            }}}},
}
LONG = {
    "StartAt": "Each",
    "States": {"Each": {"Type": "Map", "End": True, "ItemProcessor": {
        "StartAt": "Pack", "States": {"Pack": {"Type": "Pass", "End": True}}}}},
}


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
        """A page as it looks on a telephone, on a desk and on a wall, by day and by night."""
        for width, height in ((360, 780), (1440, 900), (3840, 2160)):
            self.browser.size(width, height)
            for theme in ("light", "dark"):
                self.browser.theme(theme)
                self.assertLessEqual(
                    self.browser.run("return document.documentElement.scrollWidth"), width, f"{name} is wider than {width}")
                self.browser.picture(f"{name}-{width}-{theme}")
        self.browser.theme("light")
        self.browser.size(1280, 900)

    def started(self, machine, name, text="{}"):
        """An execution that somebody has started from a command line."""
        stepwell("start", machine, "--name", name, "--input", text)
        return f"{CONSOLE}/console/executions/{machine}/{name}"


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
        self.browser.click("button[data-open=redrive]")
        self.pictures("redrive")
        self.browser.click("#redrive button.primary")
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
        for page in ("", "/machines", "/machines/Orders", "/workers", "/executions", "/map-runs", "/activities"):
            self.browser.open(CONSOLE + "/console" + page)
            self.pictures("page" + page)
            self.browser.open(CONSOLE + "/console" + page + "?language=ko")
            self.browser.size(360, 780)
            self.browser.picture("korean" + page + "-360")
            self.browser.size(1440, 900)
            self.browser.picture("korean" + page + "-1440")
            self.browser.open(CONSOLE + "/console" + page + "?language=en")
        self.browser.open(CONSOLE + "/console/executions")
        self.browser.run("document.querySelector('[name=status]').value = 'FAILED'")
        self.browser.write("[name=name]", name)
        self.browser.click("form.filter button")
        self.browser.wait("the filter", lambda: f"name={name}" in self.browser.place)
        self.assertEqual(self.browser.run("return document.querySelectorAll('tbody tr').length"), 1)
        self.browser.open(CONSOLE + "/console?language=ko")
        self.assertIn("개요", self.browser.text())
        self.browser.picture("korean")


class Values(Pages):
    """What an execution's states were given and have given back."""

    @classmethod
    def setUpClass(cls):
        deploy("Orders", ORDERS)
        deploy("Asks", ASKS)

    def marked(self):
        return self.browser.run("return [...document.querySelectorAll('.tree .found')].map((part) => part.textContent)")

    def test_search_and_compare(self):
        """One finds a value in a state's data, and what has changed since another step."""
        place = self.started("Orders", "values", order({"id": "o-7", "weight": 12.50, "big": 12345678901234567890}))
        self.browser.open(place)
        self.browser.wait("the end", lambda: self.browser.text("#status") == "Failed")
        self.browser.open(place + "?state=Pick up")
        self.browser.wait("the tree", lambda: self.browser.run("return document.querySelectorAll('.tree li').length > 3"))
        self.browser.write("input[data-find]", "CUP")
        self.assertEqual(set(self.marked()), {'"cup"'})
        self.assertEqual(self.browser.text("[data-found]"), str(len(self.marked())))
        self.browser.run("document.querySelector('input[data-find]').form.submit()")
        self.browser.wait("the hits", lambda: "/prepared/1/1" in self.browser.text(".hits"))
        self.assertIn("They are equal.", self.browser.text(".changes"))
        self.browser.run("""
            const select = document.querySelector('.changes select');
            select.value = 'start';
            select.dispatchEvent(new Event('change', {bubbles: true}))""")
        self.browser.wait("the comparison", lambda: "with=start" in self.browser.place)
        self.assertIn("/prepared", self.browser.text(".changes"))
        self.pictures("values")

    def test_strings(self):
        """Strings that pages are broken with show as text, in trees too, and numbers keep their digits."""
        machine = {"StartAt": STRINGS[0], "States": {}}
        for position, text in enumerate(STRINGS):
            state = {"Type": "Pass"}
            state.update({"Next": STRINGS[position + 1]} if position + 1 < len(STRINGS) else {"End": True})
            machine["States"][text] = state
        deploy("Strings", machine)
        text = '{"n": 12345678901234567890.10, "10": 1, "2": 2, "again": 1, ' + ", ".join(
            json.dumps(text) + ": [" + json.dumps(text) + "]" for text in STRINGS) + "}"
        place = self.started("Strings", "strings", text)
        self.browser.open(place)
        self.browser.wait("the end", lambda: self.browser.text("#status") == "Succeeded")
        for view in ("graph", "timeline", "events", "data"):
            self.browser.open(f"{place}?view={view}")
            self.assertEqual(self.browser.errors(), [], view)
            self.pictures(f"strings-{view}")
        tree = self.browser.run("return document.querySelector('.tree').textContent")
        for text in STRINGS:
            self.assertIn(json.dumps(text, ensure_ascii=False)[1:-1].replace("\\u2028", "\u2028").replace("\\u2029", "\u2029"), tree)
        self.assertIn("12345678901234567890.10", tree)
        keys = self.browser.run("""
            return [...document.querySelectorAll('.tree .key')].map((key) => key.textContent).filter((key) => key !== '')""")
        self.assertEqual(keys[:4], ["n: ", "10: ", "2: ", "again: "])
        for text in STRINGS:
            self.browser.open(f"{place}?view=data&find={urllib.parse.quote(text)}")
            self.assertNotEqual(self.browser.run("return document.querySelectorAll('.hits tr').length"), 0, text)

    def test_answer(self):
        """Somebody answers for a task: with a result, or with an error that is caught."""
        for name, press, state in (("yes", "success", "Go on"), ("no", "failure", "Declined")):
            place = self.started("Asks", name, GOOD)
            self.browser.open(place)
            self.browser.wait("the task", lambda: self.browser.run("return !!document.querySelector('button[data-fill]')"))
            self.browser.click("button[data-fill]")
            self.browser.write("#answer textarea", json.dumps({"approved": HOSTILE}))
            self.browser.write("#answer input[name=error]", "Declined")
            self.pictures(f"answer-{press}")
            if press == "failure":
                # Enter does what stands below the field, and not above it.
                self.browser.click("#answer input[name=cause]")
                self.browser.press("\ue007")
            else:
                self.browser.click("#answer button[value=success]")
            self.browser.wait("the end", lambda: self.browser.text("#status") == "Succeeded")
            self.browser.open(f"{place}?state={state}")
            self.assertNotIn("not reached", self.browser.text("section.panel"))
        self.browser.open(CONSOLE + "/console/audit")
        self.assertIn("SendTaskFailure", self.browser.text())

    def test_commands(self):
        """What a page does can be copied as a command."""
        place = self.started("Orders", "commands", GOOD)
        self.browser.open(place)
        self.browser.click("button[data-open=commands]")
        commands = self.browser.text("#commands")
        self.assertIn("stepwell describe Orders:commands", commands)
        self.assertIn("aws stepfunctions describe-execution", commands)
        self.pictures("commands")
        line = self.browser.run("return document.querySelector('#commands code').textContent")
        self.assertIn("Orders", subprocess.run(["sh", "-c", line], check=True, capture_output=True, text=True).stdout)

    def test_again(self):
        """An execution runs again, with another input."""
        place = self.started("Orders", "again", order({}))
        self.browser.open(place)
        self.browser.wait("the end", lambda: self.browser.text("#status") == "Failed")
        self.browser.click("button[data-open=again]")
        self.pictures("again")
        self.browser.write("#again textarea", GOOD)
        self.browser.write("#again input[name=name]", "again-2")
        self.browser.click("#again button.primary")
        self.browser.wait("the new one", lambda: "/again-2" in self.browser.place)
        self.browser.wait("its end", lambda: self.browser.text("#status") == "Succeeded")


    def test_back_and_forward(self):
        """Who comes back to a page sees what is by now, and sees it move on."""
        deploy("Rests", WAITS)
        place = self.started("Rests", "back")
        self.browser.open(place)
        self.assertEqual(self.browser.text("#status"), "Running")
        self.browser.click("main h1 a")
        self.browser.wait("the machine", lambda: self.browser.place.endswith("/machines/Rests"))
        stepwell("stop", "Rests:back")
        self.browser.call("POST", self.browser.session + "/back", {})
        self.browser.wait("the end", lambda: self.browser.text("#status") == "Stopped")
        self.browser.call("POST", self.browser.session + "/forward", {})
        self.browser.wait("the machine", lambda: self.browser.place.endswith("/machines/Rests"))
        stepwell("redrive", "Rests:back")
        self.browser.call("POST", self.browser.session + "/back", {})
        self.browser.wait("that it runs again", lambda: self.browser.text("#status") == "Running")
        stepwell("stop", "Rests:back")
        self.browser.wait("the end", lambda: self.browser.text("#status") == "Stopped")


class Many(Pages):
    """Pages of very much."""

    def test_long_history(self):
        """A long history is scrolled through, and one gets anywhere in it."""
        deploy("Long", LONG)
        place = self.started("Long", "long", json.dumps(list(range(2000))))
        self.browser.open(place)
        self.browser.wait("the end", lambda: self.browser.text("#status") == "Succeeded", 240)
        self.pictures("long-graph")
        self.browser.open(place + "?view=timeline")
        self.browser.click("a[href*='open=']")
        for view, row in (("timeline&open=2", "tbody tr"), ("events", "tbody tr")):
            self.browser.open(f"{place}?view={view}")
            count = self.browser.run("return document.querySelectorAll(arguments[0]).length", row)
            for _ in range(3):
                self.browser.run("scrollTo(0, document.body.scrollHeight)")
                self.browser.wait("more rows", lambda: self.browser.run(
                    "return document.querySelectorAll(arguments[0]).length", row) > count)
                count = self.browser.run("return document.querySelectorAll(arguments[0]).length", row)
            self.assertEqual(self.browser.run(
                "return new Set([...document.querySelectorAll(arguments[0])].map((row) => row.textContent)).size", row), count)
        self.browser.write("input[name=event]", "7000")
        self.browser.click("form.jump button")
        self.browser.wait("the event", lambda: self.browser.run("return !!document.getElementById('event-7000')"))
        self.pictures("long-events")

    def test_bulk(self):
        """Many are stopped, and those are redriven, after a look at which ones that will be."""
        deploy("Waits", WAITS)
        for number in range(5):
            self.started("Waits", f"w-{number}", json.dumps({"shop": "north" if number < 3 else "south"}))
        self.browser.open(CONSOLE + "/console/executions?machine=Waits&fields=shop%3Dnorth&status=RUNNING")
        self.browser.click("a[href*='action=stop']")
        self.browser.wait("the preview", lambda: "3 will be touched" in self.browser.text("#count"))
        self.assertNotIn("w-4", self.browser.text())
        self.browser.write("[name=error]", "Closed")
        self.browser.press("\ue007")
        self.assertEqual(self.browser.text("[data-progress]"), "", "Enter in a field stops nothing")
        self.pictures("bulk")
        self.browser.click("form[data-bulk] button")
        self.browser.wait("the end", lambda: "3 done, 0 refused" in self.browser.text("[data-progress]"))
        self.browser.picture("bulk-done")
        self.browser.open(CONSOLE + "/console/executions?machine=Waits&error=Closed")
        self.assertEqual(self.browser.run("return document.querySelectorAll('tbody tr').length"), 3)
        self.browser.click("a[href*='action=redrive']")
        self.browser.wait("the preview", lambda: "3 will be touched" in self.browser.text("#count"))
        self.browser.click("form[data-bulk] button")
        self.browser.wait("the end", lambda: "3 done, 0 refused" in self.browser.text("[data-progress]"))
        self.browser.open(CONSOLE + "/console/executions?machine=Waits&status=RUNNING")
        self.assertEqual(self.browser.run("return document.querySelectorAll('tbody tr').length"), 5)
        self.browser.open(CONSOLE + "/console/audit")
        self.assertIn("RedriveMany", self.browser.text())

    def test_map_run(self):
        """A map run is watched, and goes faster when somebody says so."""
        deploy("Runs", RUNS)
        place = self.started("Runs", "runs", json.dumps(list(range(6))))
        self.browser.open(place)
        self.browser.wait("the run", lambda: self.browser.run("return !!document.querySelector('main a[href*=map-runs]')"))
        self.browser.click("main a[href*=map-runs]")
        self.browser.wait("its page", lambda: self.browser.text("#concurrency") == "1")
        self.browser.click("button[data-open=limits]")
        self.pictures("limits")
        self.browser.write("[name=maxConcurrency]", "0")
        self.browser.click("#limits button.primary")
        self.browser.wait("the change", lambda: self.browser.text("#concurrency") == "no limit")
        self.browser.wait("a failure", lambda: "Shop.Closed" in self.browser.text("#failures"))
        self.browser.wait("the end", lambda: self.browser.text("#status") == "Succeeded", 120)
        self.pictures("map-run")
        self.browser.click("nav.tabs a:last-child")
        self.browser.wait("the failures", lambda: "view=failed" in self.browser.place)
        self.assertEqual(self.browser.run("return document.querySelectorAll('[data-rows] tr').length"), 1)
        self.assertIn("<img src=x", self.browser.text("[data-rows]"))
        self.pictures("map-run-failed")

    def test_activities(self):
        """An activity is created, its tasks are seen to wait for nobody, and it is deleted."""
        self.browser.open(CONSOLE + "/console/activities")
        self.browser.click("button[data-open=create]")
        self.browser.write("#create input", "no good name")
        self.browser.click("#create button.primary")
        self.browser.wait("the refusal", lambda: self.browser.text("#create [data-error]") != "")
        self.pictures("activity-refused")
        self.browser.write("#create input", "ask-a-person")
        self.browser.click("#create button.primary")
        self.browser.wait("its page", lambda: self.browser.place.endswith("/activities/ask-a-person"))
        arn = self.browser.run("return document.querySelector('dd.mono').textContent")
        deploy("Persons", {"StartAt": "Person", "States": {"Person": {"Type": "Task", "Resource": arn, "End": True}}})
        self.started("Persons", "p-1")
        self.browser.wait("the task", lambda: "p-1" in self.browser.text())
        self.pictures("activity")
        self.browser.open(CONSOLE + "/console/activities")
        self.assertIn("nobody asks for them", self.browser.text())
        self.pictures("activities")
        self.browser.open(CONSOLE + "/console/activities/ask-a-person")
        self.browser.run("window.confirm = () => true")
        self.browser.click("button.danger")
        self.browser.wait("the list", lambda: self.browser.place.endswith("/console/activities"))
        self.assertNotIn("ask-a-person", self.browser.text())


class Reading(Pages):
    """How pages are read: with the keyboard, and at times of one's own."""

    def test_keys(self):
        """A page is used without a mouse."""
        deploy("Orders", ORDERS)
        place = self.started("Orders", "keys", GOOD)
        self.browser.open(CONSOLE + "/console")
        for key, path in (("m", "/machines"), ("e", "/executions"), ("d", "/map-runs"), ("f", "/functions"), ("t", "/schedules"), ("i", "/activities"),
                          ("w", "/workers"), ("u", "/audit"), ("o", "/console")):
            self.browser.press(key)
            self.browser.wait(path, lambda: self.browser.place.endswith(path))
        self.browser.open(CONSOLE + "/console/executions")
        self.browser.press("/")
        self.assertEqual(self.browser.run("return document.activeElement.name"), "name")
        self.browser.press("m")
        self.assertEqual(self.browser.run("return document.activeElement.value"), "m", "where one writes, keys are letters")
        self.browser.open(place)
        for key, view in (("2", "timeline"), ("3", "events"), ("4", "data"), ("1", "graph")):
            self.browser.press(key)
            self.browser.wait(view, lambda: f"view={view}" in self.browser.place)
        self.browser.press("a")
        self.browser.wait("the dialog", lambda: self.browser.run("return !!document.querySelector('#again[open]')"))
        self.browser.press("\ue00c")
        self.browser.wait("its end", lambda: not self.browser.run("return !!document.querySelector('dialog[open]')"))
        self.browser.click("[data-keys]")
        self.browser.wait("the keys", lambda: "State machines" in self.browser.text("#keys"))
        self.pictures("keys")
        self.browser.press("\ue00c")
        self.browser.open(place)
        self.browser.press("\ue004")
        self.assertEqual(self.browser.run("return document.activeElement.className"), "skip")
        # Whatever can be clicked can be reached, and shows that one is there.
        seen = set()
        for _ in range(80):
            self.browser.press("\ue004")
            seen.add(self.browser.run("""
                const element = document.activeElement;
                return element === document.body ? null : [element.tagName, element.textContent.trim(),
                  getComputedStyle(element).outlineStyle].join('|')"""))
        self.assertIn("BUTTON|Commands|solid", seen)
        self.assertTrue(any(one and one.startswith("a|Process") for one in seen), seen)

    def test_zone(self):
        """Times are in the reader's zone, and in UTC when pointed at."""
        self.browser.devtools("Emulation.setTimezoneOverride", {"timezoneId": "Asia/Seoul"})
        deploy("Orders", ORDERS)
        self.browser.open(self.started("Orders", "zone", GOOD))
        time, title, shown = self.browser.run("""
            const time = document.querySelector('time');
            return [time.dateTime, time.title, time.textContent]""")
        self.assertTrue(title.endswith(" UTC"))
        self.assertEqual(title[:19], time[:19].replace("T", " "))
        hour = (int(time[11:13]) + 9) % 24
        self.assertIn(f"{hour % 12 or 12}:{time[14:16]}", shown)


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
        cls.console = f"https://localhost:{cls.port}/console"
        cls.serve()

    @classmethod
    def serve(cls):
        path = cls.directory.name
        cls.server = subprocess.Popen([
            "stepwell", "server", "--listen", f"127.0.0.1:{cls.port}", "--key-file", cls.seal, "--tls-certificate",
            f"{path}/certificate.pem", "--tls-key", f"{path}/key.pem", "--log-level", "error"])
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

    def test_session_over(self):
        """Who is logged out while a page is open is told, and sees nothing old for new."""
        deploy("Rests", WAITS)
        self.started("Rests", "over")
        key, secret = self.key("*")
        self.log_in(key, secret)
        self.browser.wait("the overview", lambda: "Overview" in self.browser.text())
        self.browser.open(self.console + "/executions/Rests/over")
        self.browser.devtools("Network.clearBrowserCookies", {})
        self.browser.click("button[data-open=stop]")
        self.browser.click("#stop button.danger")
        self.browser.wait("the refusal", lambda: "no longer logged in" in self.browser.text("#stop [data-error]"))
        self.assertIn("no longer logged in", self.browser.text("#connection"))
        self.browser.picture("session-over")
        self.browser.press("\ue00c")
        self.browser.click("#connection a")
        self.browser.wait("the form", lambda: self.browser.run("return !!document.querySelector('[name=accessKey]')"))
        self.browser.write("[name=accessKey]", key)
        self.browser.write("[name=secret]", secret)
        self.browser.press("\ue007")
        self.browser.wait("the page that it was", lambda: self.browser.text("#status") == "Running")
        # Without anything done: the page itself finds out.
        self.browser.devtools("Network.clearBrowserCookies", {})
        self.log_in(key, secret)
        self.browser.wait("the overview", lambda: "Overview" in self.browser.text())
        self.browser.devtools("Network.clearBrowserCookies", {})
        self.browser.wait("that it is said", lambda: "no longer logged in" in self.browser.text("#connection"))

    def test_restart(self):
        """A server is started again while a page is open: the page says that it is away, and then what is."""
        deploy("Rests", WAITS)
        self.started("Rests", "restart")
        self.log_in(*self.key("*"))
        self.browser.wait("the overview", lambda: "Overview" in self.browser.text())
        self.browser.open(self.console + "/executions/Rests/restart")
        self.assertEqual(self.browser.text("#status"), "Running")
        self.browser.run("window.sameDocument = true")
        self.server.terminate()
        self.server.wait()
        self.browser.wait("that it is said", lambda: "No answer from the server since" in self.browser.text("#connection"))
        self.browser.picture("server-away")
        self.browser.click("button[data-open=stop]")
        self.browser.click("#stop button.danger")
        self.browser.wait("the refusal", lambda: "did not answer" in self.browser.text("#stop [data-error]"))
        self.browser.press("\ue00c")
        subprocess.run(["stepwell", "stop", "Rests:restart"], check=True, capture_output=True)
        self.serve()
        self.browser.wait("the end", lambda: self.browser.text("#status") == "Stopped")
        self.assertTrue(self.browser.run("return document.getElementById('connection').hidden"))
        self.assertTrue(self.browser.run("return window.sameDocument"), "the page was not loaded again")
        self.browser.click("button[data-open=redrive]")
        self.browser.click("#redrive button.primary")
        self.browser.wait("that it runs again", lambda: self.browser.text("#status") == "Running")

    def test_without_script(self):
        """Where no scripts are run, a login says that it takes one, and no secret is sent anywhere."""
        self.browser.devtools("Emulation.setScriptExecutionDisabled", {"value": True})
        self.browser.open(self.console + "/login")
        self.assertIn("Your browser runs no scripts", self.browser.shown("body"))
        self.assertFalse(self.browser.displayed("form[data-login]"))
        self.browser.picture("login-without-script")
        self.browser.devtools("Emulation.setScriptExecutionDisabled", {"value": False})

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
