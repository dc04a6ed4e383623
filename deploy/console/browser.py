"""A browser to test with: headless Chromium, driven over WebDriver with nothing but the standard library."""

import base64
import json
import os
import re
import socket
import subprocess
import time
import urllib.error
import urllib.request

ELEMENT = "element-6066-11e4-a52e-4f735466cecf"


class Browser:
    def __init__(self, dark=False, width=1280, height=900, language="en"):
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        self.driver = subprocess.Popen(["chromedriver", f"--port={port}"], stdout=subprocess.DEVNULL)
        self.address = f"http://127.0.0.1:{port}"
        for _ in range(300):
            try:
                urllib.request.urlopen(self.address + "/status")
                break
            except OSError:
                time.sleep(0.1)
        options = {
            "args": ["--headless=new", "--no-sandbox", "--disable-dev-shm-usage", "--hide-scrollbars",
                     f"--window-size={width},{height}", f"--lang={language}", "--disable-gpu"],
            "prefs": {"intl.accept_languages": language},
        }
        answer = self.call("POST", "/session", {"capabilities": {"alwaysMatch": {
            "browserName": "chrome", "acceptInsecureCerts": True, "goog:chromeOptions": options,
            "goog:loggingPrefs": {"browser": "ALL", "performance": "ALL"}}}})
        self.session = "/session/" + answer["sessionId"]
        self.devtools("Emulation.setEmulatedMedia",
                      {"features": [{"name": "prefers-color-scheme", "value": "dark" if dark else "light"}]})
        self.size(width, height)

    def call(self, method, path, body=None):
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(self.address + path, data, {"Content-Type": "application/json"}, method=method)
        try:
            return json.load(urllib.request.urlopen(request, timeout=60))["value"]
        except urllib.error.HTTPError as error:
            raise AssertionError(json.load(error)["value"]["message"].split("\n")[0]) from None

    def devtools(self, command, parameters):
        return self.call("POST", self.session + "/goog/cdp/execute", {"cmd": command, "params": parameters})

    def size(self, width, height, scale=1):
        self.devtools("Emulation.setDeviceMetricsOverride",
                      {"width": width, "height": height, "deviceScaleFactor": scale, "mobile": False})

    def theme(self, name):
        self.devtools("Emulation.setEmulatedMedia", {"features": [{"name": "prefers-color-scheme", "value": name}]})

    def close(self):
        try:
            self.call("DELETE", self.session)
        finally:
            self.driver.terminate()
            self.driver.wait()

    def open(self, address):
        self.call("POST", self.session + "/url", {"url": address})

    @property
    def place(self):
        return self.call("GET", self.session + "/url")

    def run(self, script, *arguments):
        return self.call("POST", self.session + "/execute/sync", {"script": script, "args": list(arguments)})

    def text(self, selector="main"):
        return self.run("return document.querySelector(arguments[0])?.innerText ?? ''", selector)

    def shown(self, selector="main"):
        """The text of an element, also where pages run no scripts; none while the page goes."""
        try:
            return self.call("GET", self.find(selector) + "/text")
        except AssertionError as error:
            if "stale element" in str(error) or "no such element" in str(error):
                return ""
            raise

    def displayed(self, selector):
        """Whether any element of a kind can be seen, also where pages run no scripts."""
        found = self.call("POST", self.session + "/elements", {"using": "css selector", "value": selector})
        return any(self.call("GET", f"{self.session}/element/{one[ELEMENT]}/displayed") for one in found)

    def find(self, selector):
        found = self.call("POST", self.session + "/element", {"using": "css selector", "value": selector})
        return f"{self.session}/element/{found[ELEMENT]}"

    def click(self, selector):
        try:
            self.call("POST", self.find(selector) + "/click", {})
        except AssertionError as error:
            # The page has just been renewed.
            if "stale element" not in str(error):
                raise
            self.call("POST", self.find(selector) + "/click", {})

    def write(self, selector, text):
        element = self.find(selector)
        self.call("POST", element + "/clear", {})
        self.call("POST", element + "/value", {"text": text})

    def press(self, key):
        """A key, pressed wherever the focus is."""
        self.call("POST", self.session + "/actions", {"actions": [{"type": "key", "id": "keys", "actions": [
            {"type": "keyDown", "value": key}, {"type": "keyUp", "value": key}]}]})

    def wait(self, what, condition, seconds=60):
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            if condition():
                return
            time.sleep(0.1)
        raise AssertionError(f"waited in vain for {what}: {self.text()[:2000]}")

    def picture(self, name):
        """Keeps a picture of the whole page."""
        height = self.run("scrollTo(0, 0); return document.documentElement.scrollHeight")
        width = self.run("return innerWidth")
        data = self.devtools("Page.captureScreenshot", {
            "captureBeyondViewport": True, "clip": {"x": 0, "y": 0, "width": width, "height": min(height, 3000), "scale": 1}})
        name = re.sub(r"[^a-z0-9-]", "-", name.lower())
        with open(os.path.join(os.environ["STEPWELL_SCREENSHOTS"], name + ".png"), "wb") as file:
            file.write(base64.b64decode(data["data"]))

    def errors(self):
        """What the console of the browser has said since the last time, and requests to other hosts."""
        logs = self.call("POST", self.session + "/se/log", {"type": "browser"})
        # That a request was refused is what some tests are about.
        found = [entry["message"] for entry in logs
                 if entry["level"] in ("SEVERE", "WARNING") and "Failed to load resource" not in entry["message"]]
        for entry in self.call("POST", self.session + "/se/log", {"type": "performance"}):
            message = json.loads(entry["message"])["message"]
            if message["method"] == "Network.requestWillBeSent":
                url = message["params"]["request"]["url"]
                if not re.match(r"(https?://(127\.0\.0\.1|localhost):|data:|chrome)", url):
                    found.append(f"a request to {url}")
        return found
