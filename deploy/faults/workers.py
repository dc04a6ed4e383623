"""Worker processes: the fixture of a debug build, started, killed and frozen by its process id."""

import itertools
import os
import re
import signal
import subprocess
import time

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
PROGRAMS = os.environ.get("STEPWELL_PROGRAMS", os.path.join(ROOT, ".build/debug"))


def crash_points():
    """The places at which a worker can be made to die, from where they are defined."""
    with open(os.path.join(ROOT, "Sources/Stepwell/Process/CrashPoint.swift")) as file:
        return re.findall(r'case \w+ = "([a-z-]+)"', file.read())


class Worker:
    numbers = itertools.count()

    def __init__(self, url, journal, name=None, crash=None, lease=1, prefix=(), **environment):
        self.name = name or f"fault-{os.getpid()}-{next(self.numbers)}"
        self.arguments = (url, journal)
        self.options = {"lease": lease, "prefix": prefix, **environment}
        self.killed = False
        settings = {
            "DATABASE_URL": url, "STEPWELL_WORKER_NAME": self.name, "STEPWELL_LEASE_SECONDS": str(lease),
            "STEPWELL_JOURNAL": journal, "SWIFT_BACKTRACE": "enable=no", "STEPWELL_SHUTDOWN_SECONDS": "5",
            **{key: str(value) for key, value in environment.items()},
        }
        if crash:
            settings["STEPWELL_CRASH"] = crash
        self.process = subprocess.Popen(
            [*prefix, os.path.join(PROGRAMS, "WorkerFixture")], env={**os.environ, **settings},
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        self.started = time.monotonic()

    @property
    def is_alive(self):
        return self.process.poll() is None

    @property
    def has_crashed(self):
        """Whether it died of a signal that nobody here sent."""
        return not self.killed and self.process.poll() == -signal.SIGKILL

    @property
    def is_frozen(self):
        try:
            with open(f"/proc/{self.process.pid}/stat") as file:
                return file.read().rsplit(")", 1)[1].split()[0] == "T"
        except OSError:
            return False

    def send(self, number):
        if self.is_alive:
            self.process.send_signal(number)

    def kill(self):
        self.killed = self.is_alive
        self.send(signal.SIGKILL)
        self.process.wait()

    def stop(self, timeout=40):
        """Ends it in order, and answers how long that took."""
        begin = time.monotonic()
        self.send(signal.SIGCONT)
        self.send(signal.SIGTERM)
        try:
            self.process.wait(timeout)
        except subprocess.TimeoutExpired:
            self.kill()
            raise AssertionError(f"{self.name} does not end within {timeout} s of SIGTERM") from None
        return time.monotonic() - begin

    def again(self, **changes):
        """Another life under the same name."""
        return Worker(*self.arguments, name=self.name, **{**self.options, **changes})
