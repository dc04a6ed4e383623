"""State machines, functions and schedules in the console: looked at, written, tried out, called and planned."""

import json

import test_console
from test_console import BAD, CONSOLE, GOOD, HOSTILE, LAMBDA, deploy, stepwell

SHOP = {
    "Comment": "Takes an order, and sends it if it is not for here",
    "StartAt": "Process",
    "States": {
        "Process": {"Type": "Task", "Resource": LAMBDA, "Next": "For here?",
                    "Retry": [{"ErrorEquals": ["Lambda.TooManyRequestsException"], "MaxAttempts": 2}],
                    "Catch": [{"ErrorEquals": ["Nobody"], "Next": "Give up"}]},
        "For here?": {"Type": "Choice", "Default": "Pack",
                      "Choices": [{"Variable": "$.isHere", "IsPresent": True, "Next": "Done"}]},
        "Pack": {"Type": "Pass", "Next": "Done"},
        "Give up": {"Type": "Fail", "Error": "GaveUp", "Cause": HOSTILE},
        "Done": {"Type": "Succeed"},
    },
}

BROKEN = """{
  "StartAt": "First",
  "States": {
    "First": {"Type": "Pass", "Next": "Second"}
  }
}"""
MENDED = BROKEN.replace('"Next": "Second"', '"Result": {"tea": 2}, "End": true')


class Machines(test_console.Pages):
    @classmethod
    def setUpClass(cls):
        deploy("Shop", SHOP)
        for number, input in enumerate((GOOD, GOOD, BAD, GOOD)):
            # One of them fails: the command's exit status says so.
            test_console.subprocess.run(["stepwell", "start", "Shop", "--name", f"s-{number}", "--input", input, "--wait"],
                                        capture_output=True)

    def fill(self, selector, text):
        """Writes at once, and says so as the keyboard does."""
        self.browser.run("""
            const field = document.querySelector(arguments[0]); field.value = arguments[1];
            field.dispatchEvent(new Event('input', {bubbles: true}))""", selector, text)

    def test_figures_and_releases(self):
        """A machine's graph says how its states have fared; it is published, and an alias shares its starts out."""
        self.browser.open(CONSOLE + "/console/machines/Shop")
        note = "return document.querySelector('a[data-state=\"Process\"] .note').textContent"
        self.assertEqual(self.browser.run(note), "75 % of 4")
        self.assertEqual(self.browser.run(note.replace("Process", "Pack")), "100 % of 3")
        self.pictures("machine")
        self.browser.click("#release details:last-of-type summary")
        self.browser.write("#release form[action$='/publish'] input[name=description]", HOSTILE)
        self.browser.click("#release form[action$='/publish'] button")
        self.browser.wait("version 1", lambda: "version=1" in self.browser.run(
            "return document.querySelector('#release')?.innerHTML ?? ''"))
        SHOP["Comment"] = "Another text"
        deploy("Shop", SHOP)
        self.browser.open(CONSOLE + "/console/machines/Shop")
        self.browser.click("#release details:last-of-type summary")
        self.browser.click("#release form[action$='/publish'] button")
        self.browser.wait("version 2", lambda: "version=2" in self.browser.run(
            "return document.querySelector('#release')?.innerHTML ?? ''"))
        self.browser.click("#release details summary")
        for field, text in (("name", "live"), ("version", "1"), ("other", "2"), ("weight", "101")):
            self.browser.write(f"#release form[action$='/alias'] input[name={field}]", text)
        self.browser.click("#release form[action$='/alias'] button")
        self.browser.wait("the refusal", lambda: "0 to 100 percent" in self.browser.text("#release"))
        self.browser.picture("alias-refused")
        self.browser.write("#release form[action$='/alias'] input[name=weight]", "10")
        self.browser.click("#release form[action$='/alias'] button")
        self.browser.wait("the alias", lambda: "1: 90 %" in self.browser.text("#release"))
        self.pictures("machine-released")
        self.browser.click("#release a[href$='version=1']")
        self.browser.wait("the version", lambda: "This is version" in self.browser.text())
        self.assertIn(HOSTILE, self.browser.text())
        self.browser.open(CONSOLE + "/console/audit")
        self.assertIn("CreateStateMachineAlias", self.browser.text())

    def test_editor(self):
        """While one writes, the lines say what is wrong with them; what is right has a graph, is tried out, and is saved."""
        self.browser.open(CONSOLE + "/console/new/machine")
        self.browser.write("[name=name]", "Written")
        self.fill("#text", BROKEN)
        self.browser.wait("a mark beside line 4", lambda: self.browser.run(
            "return document.querySelectorAll('.gutter span')[3]?.className") == "failed")
        self.assertIn("line 4", self.browser.text("#draft").lower())
        self.assertIn("line 4", self.browser.run("return document.querySelector('[data-summary]').textContent").lower())
        self.assertIn("the last text", self.browser.run(
            "return getComputedStyle(document.querySelector('.stale'), '::before').content"))
        self.pictures("editor-broken")
        self.browser.click("[data-findings] li[data-line='4'] a")
        selected = "return document.getSelection().toString() || getSelected(); function getSelected() { const t = document.getElementById('text'); return t.value.slice(t.selectionStart, t.selectionEnd) }"
        self.assertIn('"First"', self.browser.run(selected))
        self.fill("#text", MENDED)
        self.browser.wait("a graph", lambda: self.browser.run("return !!document.querySelector('#draft a[data-state=First]')"))
        self.browser.click("#draft a[data-state=First]")
        self.assertEqual(self.browser.run("return document.querySelector('[name=state]').value"), "First")
        self.browser.click("[data-test]")
        self.browser.wait("the outcome", lambda: "Succeeded" in self.browser.text("[data-outcome]"))
        self.assertIn('"tea"', self.browser.text("[data-outcome]").replace("tea:", '"tea"'))
        self.pictures("editor-tested")
        self.browser.click("[name=publish]")
        self.browser.click("button[value=save]")
        self.browser.wait("the machine", lambda: self.browser.place.endswith("/console/machines/Written"))
        self.assertIn("First", self.browser.text("#definition"))

        # A Task, with what stands for its work.
        self.browser.open(CONSOLE + "/console/machines/Shop/edit")
        self.browser.write("[name=state]", "Process")
        self.browser.run("const m = document.querySelector('[name=mock]'); m.value = 'error'; m.dispatchEvent(new Event('change'))")
        self.browser.write("[name=error]", "Nobody")
        self.browser.write("[name=cause]", HOSTILE)
        self.browser.click("[data-test]")
        self.browser.wait("the outcome", lambda: "Failed, caught" in self.browser.text("[data-outcome]"))
        self.assertIn("Give up", self.browser.text("[data-outcome]"))
        self.pictures("editor")
        self.browser.open(CONSOLE + "/console/machines/Shop/edit?language=ko")
        self.browser.picture("editor-korean")

    def test_two_who_edit(self):
        """Who saves what somebody else has changed meanwhile is told, and keeps the text."""
        deploy("Shared", json.loads(MENDED))
        self.browser.open(CONSOLE + "/console/machines/Shared/edit")
        changed = MENDED.replace("tea", "cup")
        deploy("Shared", json.loads(changed))
        mine = MENDED.replace("tea", "pot")
        self.fill("#text", mine)
        self.browser.click("button[value=save]")
        self.browser.wait("the refusal", lambda: "Somebody else" in self.browser.text("p[data-error]"))
        self.assertEqual(self.browser.run("return document.getElementById('text').value"), mine)
        self.browser.run("window.onbeforeunload = null")

    def test_without_script(self):
        """In a browser that runs no scripts pages are read, and show nothing that would change anything."""
        deploy("Plain", json.loads(MENDED))
        stepwell("start", "Plain", "--name", "p-1", "--wait")
        self.browser.devtools("Emulation.setScriptExecutionDisabled", {"value": True})
        for path, text in (("machines", "Plain"), ("machines/Plain", "tea"),
                           ("executions/Plain/p-1", "Succeeded"), ("executions/Plain/p-1?view=events", "PassStateEntered"),
                           ("executions?machine=Plain", "p-1"), ("schedules", "Schedules"), ("activities", "Activities")):
            self.browser.open(f"{CONSOLE}/console/{path}")
            self.browser.wait(text, lambda: text in self.browser.shown("main"))
            self.assertIn("Your browser runs no scripts", self.browser.shown("body"), path)
            for selector in ("form[method=post]", "[data-open]", "[data-post]", "dialog"):
                self.assertFalse(self.browser.displayed(selector), f"{path} {selector}")
        self.browser.open(f"{CONSOLE}/console/machines/Plain")
        self.browser.picture("without-script")
        # What finds and filters goes without.
        self.browser.open(f"{CONSOLE}/console/executions")
        self.browser.write("[name=machine]", "Plain")
        self.browser.click("form.filter button")
        self.browser.wait("the filter", lambda: "machine=Plain" in self.browser.place)
        self.browser.devtools("Emulation.setScriptExecutionDisabled", {"value": False})


class Functions(test_console.Pages):
    def test_function(self):
        """A function says who offers it and what waits for it; it is called by hand, and answers."""
        stepwell("functions", "put", "process_order", "--rate", "1000", "--retries", "1")
        self.browser.open(CONSOLE + "/console/functions")
        self.browser.wait("the function", lambda: "process_order" in self.browser.text())
        self.pictures("functions")
        self.browser.click("a[href='/console/functions/process_order']")
        self.browser.wait("its page", lambda: "Call it" in self.browser.text())
        event = json.dumps({"body": json.dumps({"id": "f-1", "items": [{"sku": "tea", "quantity": 1, "price": 9000}]})})
        self.browser.write("[name=payload]", event)
        self.browser.click("button[value=request]")
        self.browser.wait("the answer", lambda: "Succeeded" in self.browser.text("#outcome"))
        self.assertIn("200", self.browser.text("#outcome"))
        self.pictures("function")
        self.browser.write("[name=payload]", json.dumps({"body": json.dumps({"id": HOSTILE, "items": []})}))
        self.browser.click("button[value=request]")
        self.browser.wait("the error", lambda: "Failed" in self.browser.text("#outcome"))
        self.assertIn("<img src=x", self.browser.text("#outcome"))
        self.browser.picture("function-failed")
        self.browser.click("#outcome a")
        self.browser.wait("the execution", lambda: "InvalidOrder" in self.browser.text("#error"))
        self.browser.open(CONSOLE + "/console/audit")
        self.assertIn("InvokeFunction", self.browser.text())

    def test_settings(self):
        """What is set for a function is changed, refused where it means nothing, and forgotten."""
        stepwell("functions", "put", "set_here", "--retries", "1")
        self.browser.open(CONSOLE + "/console/functions/set_here")
        self.browser.click("#settings summary")
        self.browser.write("#settings [name=fairKey]", HOSTILE)
        self.browser.click("#settings form[action$='/settings'] button")
        self.browser.wait("the refusal", lambda: "fair key" in self.browser.text("#settings [data-error]"))
        self.pictures("function-settings")
        self.browser.write("#settings [name=fairKey]", "$.tenant")
        self.browser.write("#settings [name=reserved]", "7")
        self.browser.click("#settings form[action$='/settings'] button")
        self.browser.wait("the change", lambda: "$.tenant" in self.browser.text("#settings table"))
        self.assertIn("7", self.browser.text("#settings table"))
        self.browser.open(CONSOLE + "/console/functions")
        self.assertIn("7 at once, in turns by $.tenant", self.browser.text())
        self.browser.open(CONSOLE + "/console/functions/set_here")
        self.browser.run("window.confirm = () => true")
        self.browser.click("#settings summary")
        self.browser.click("#settings button.danger")
        self.browser.wait("that it is forgotten", lambda: "no function set_here" in self.browser.text())


class Schedules(test_console.Pages):
    @classmethod
    def setUpClass(cls):
        deploy("Nightly", {"StartAt": "Rest", "States": {"Rest": {"Type": "Wait", "Seconds": 900, "End": True}}})

    def test_schedule(self):
        """A schedule is planned with its times in sight, run by hand, paused, resumed and deleted."""
        self.browser.open(CONSOLE + "/console/schedules")
        self.browser.click("a[href='/console/new/schedule']")
        self.browser.write("[name=name]", "books")
        self.browser.write("[name=expression]", "cron(0 3 ? * MON-FRI *)")
        self.browser.write("[name=zone]", "Asia/Seoul")
        self.browser.write("[name=target]", "Nightly")
        self.browser.write("[name=description]", HOSTILE)
        self.browser.run("document.querySelector('[name=overlap]').value = 'skip'")
        self.browser.click("button[value=check]")
        self.browser.wait("its times", lambda: self.browser.text("#times").count("03:00") >= 10)
        self.pictures("schedule-new")
        self.browser.write("[name=catchUp]", "soon")
        self.browser.click("button[value=save]")
        self.browser.wait("the refusal", lambda: "can't be read" in self.browser.text("form"))
        self.browser.write("[name=catchUp]", "6h")
        self.browser.click("button[value=save]")
        self.browser.wait("the schedule", lambda: self.browser.place.endswith("/console/schedules/books"))
        self.assertIn(HOSTILE, self.browser.text())
        self.browser.click("form[action$='/run'] button")
        self.browser.wait("its run", lambda: "Started" in self.browser.text("section.card"))
        self.pictures("schedule")
        self.browser.click("form[action$='/pause'] button")
        self.browser.wait("the pause", lambda: "Paused" in self.browser.text())
        self.browser.click("form[action$='/resume'] button")
        self.browser.wait("that it goes on", lambda: "Paused" not in self.browser.text())
        self.browser.open(CONSOLE + "/console/schedules")
        self.pictures("schedules")
        self.browser.open(CONSOLE + "/console/schedules?language=ko")
        self.browser.picture("schedules-korean")
        self.browser.open(CONSOLE + "/console/schedules/books?language=en")
        self.browser.click(".fold summary")
        self.browser.click("form[action$='/delete'] button")
        self.browser.wait("the list", lambda: self.browser.place.endswith("/console/schedules"))
        self.assertNotIn("books", self.browser.text())
