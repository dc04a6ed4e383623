"""One run of the suite: a database, executions in it, workers on it, and the checks after it."""

import contextlib
import itertools
import json
import os
import re
import shutil
import subprocess
import tempfile
import threading
import time

from machines import MACHINES, proof_input, proof_output
from workers import PROGRAMS, ROOT, Worker

TEMPLATE = "proof_template"
ENDED = "status <> 'RUNNING'"
# The calls whose results were recorded, by the id that each call put into its result.
ACCEPTED = """
select i.event ->> 0, ((h.events -> 'p') ->> ((i.event -> 3 -> 'output' ->> 0)::int))::json ->> 'run'
from stepwell.history h cross join lateral json_array_elements(stepwell.plain_events(h.events) -> 'e') as i (event)
where i.event ->> 0 = 'LambdaFunctionSucceeded' and h.events::text like '%run%'
"""


def stepwell(url, *arguments, check=True):
    return subprocess.run([os.path.join(PROGRAMS, "stepwell"), *arguments], env={**os.environ, "DATABASE_URL": url},
                          cwd=ROOT, capture_output=True, text=True, check=check)


def prepare(cluster):
    """Makes the database that all others are copies of."""
    cluster.sql("postgres", f"create database {TEMPLATE} encoding 'UTF8' template template0")
    url = cluster.url(TEMPLATE)
    stepwell(url, "migrate")
    cluster.sql(TEMPLATE, "create table public.effects (key text not null, run text not null)")
    with tempfile.TemporaryDirectory() as directory:
        for name, definition in MACHINES.items():
            path = os.path.join(directory, f"{name}.asl.json")
            with open(path, "w") as file:
                json.dump(definition, file)
            stepwell(url, "deploy", path)


class Run:
    numbers = itertools.count()
    copying = threading.Lock()

    def __init__(self, cluster, name, workers_through=None):
        self.cluster = cluster
        self.name = name
        self.database = f"proof_{next(self.numbers)}_" + re.sub(r"\W", "_", name.lower())[:40]
        with self.copying:
            cluster.sql("postgres", f"create database {self.database} template {TEMPLATE}", retry=True)
        self.directory = tempfile.mkdtemp(prefix="swfr.", dir="/tmp")
        self.journal = os.path.join(self.directory, "journal")
        self.acknowledged = {}
        self.requests = {}
        self.expected = {}
        self.read = {}
        self.workers = []
        self.url = cluster.url(self.database)
        self.workers_url = workers_through or self.url

    def worker(self, **options):
        worker = Worker(options.pop("url", self.workers_url), self.journal, **options)
        self.workers.append(worker)
        return worker

    def replace(self, worker, **changes):
        """Starts a dead worker again under its name."""
        again = worker.again(**changes)
        self.workers[self.workers.index(worker)] = again
        return again

    # Executions.

    def start(self, count, machine="Proof", give=None, long_every=6, deadline=120):
        """Starts executions by name, again and again until each was acknowledged."""
        wanted = []
        for _ in range(count):
            number = next(self.numbers)
            is_long = long_every and number % long_every == 0
            text = give(number) if give else proof_input(number % 100, is_long)
            if machine == "Proof" and not give:
                self.expected[f"{machine}:{number}"] = proof_output(number % 100, is_long)
            wanted.append((f"{machine}:{number}", f"'{machine}', '{text}'::json, '{number}'"))
        self.submit(wanted, deadline)

    def submit(self, wanted, deadline=120):
        """Sends starts, pairs of a name and the arguments of the SQL function, until each was acknowledged."""
        self.requests.update(wanted)
        end = time.monotonic() + deadline
        while wanted:
            script = "".join(
                f"select '{name}', stepwell.start_execution({arguments});\n" for name, arguments in wanted)
            done = subprocess.run(["psql", "-XAtq", "-v", "ON_ERROR_STOP=1", "-F", "\t", self.url], input=script,
                                  capture_output=True, text=True)
            answered = {line.split("\t")[0] for line in done.stdout.splitlines()}
            self.acknowledged.update(dict.fromkeys(answered))
            wanted = [one for one in wanted if one[0] not in answered]
            # An execution that has ended is not started again: it was there, and its first start is what counts.
            if wanted and "ExecutionAlreadyExists" in done.stderr:
                self.acknowledged[wanted[0][0]] = None
                wanted = wanted[1:]
            if wanted and time.monotonic() > end:
                raise AssertionError(f"starts are refused: {done.stderr}")
            if wanted:
                time.sleep(0.1)

    def sql(self, text, **options):
        return self.cluster.sql(self.database, text, **options)

    def look(self):
        """Reads how many events executions have: none of them may be taken back."""
        rows = self.sql("""
            select m.name || ':' || e.name, coalesce(e.last_event, s.events), e.status
            from stepwell.executions e join stepwell.state_machines m on m.id = e.machine
            left join stepwell.steps s on s.bucket = e.bucket and s.execution = e.id and s.id = 0""", retry=True)
        for name, last, _ in rows:
            self.read[name] = max(self.read.get(name, 1), int(last or 1))
        return rows

    def running(self):
        return sum(row[2] == "RUNNING" for row in self.look())

    def wait(self, deadline=90, keep=None):
        """Waits until everything has ended; `keep` is called all the while."""
        end = time.monotonic() + deadline
        while left := self.running():
            if keep:
                keep()
            if time.monotonic() > end:
                doing = self.sql("select state, status, execution, function from stepwell.step_overview limit 5")
                raise AssertionError(f"{left} executions do not end within {deadline} s: {doing}")
            time.sleep(0.1 if len(self.acknowledged) < 1000 else 2)

    # Checks.

    def calls(self):
        """What handlers did: word, function, key, fence, call, attempt, and when in milliseconds."""
        with contextlib.suppress(FileNotFoundError), open(self.journal) as file:
            return [line.split() for line in file]
        return []

    def check(self):
        """Asks the checker, and compares what handlers say they did with what was recorded. Answers what is wrong."""
        path = os.path.join(self.directory, "acknowledged")
        with open(path, "w") as file:
            for name in self.acknowledged:
                told = {"executionArn": name, "lastEvent": self.read.get(name, 1)}
                if name in self.expected:
                    told["output"] = self.expected[name]
                file.write(json.dumps(told) + "\n")
        done = stepwell(self.url, "doctor", "--all", "--quiet", "--json", "--acknowledged", path, check=False)
        if not done.stdout:
            return [f"the checker does not answer: {done.stderr}"]
        wrong = []
        reports = json.loads(done.stdout)["invariants"]
        if len(reports) != 12:
            return [f"the checker checks nothing: {done.stdout}"]
        for report in reports:
            for violation in report.get("first", []):
                wrong.append(f"{report['id']} {violation['execution']}: {violation['detail']}")
        return wrong + self.check_calls()

    def check_calls(self):
        wrong = []
        calls, newest = {}, {}
        for word, function, key, fence, call, *_ in self.calls():
            if word == "begin":
                calls[call] = (key, function, int(fence))
                newest[key] = max(newest.get(key, -1), int(fence))
        accepted = [call for _, call in self.sql(ACCEPTED)]
        for call in accepted:
            if call not in calls:
                wrong.append(f"I6 a result was recorded of call {call}, which no handler has seen")
            elif calls[call][2] != newest[calls[call][0]]:
                wrong.append(f"I7 {calls[call][0]}: call {call} was accepted, and a newer one had been made")
        if len(set(accepted)) != len(accepted):
            wrong.append("I3 a call's result was recorded twice")
        effects = [tuple(row) for row in self.sql("select key, run from public.effects")]
        right = {(calls[call][0], call) for call in accepted if call in calls and calls[call][1] == "effect"}
        if sorted(effects) != sorted(right):
            wrong.append(f"I8 {len(effects)} effects, and {len(right)} transactional calls succeeded")
        return wrong

    def finish(self):
        """Ends the workers and checks."""
        for worker in self.workers:
            worker.stop()
        return self.check()

    def remove(self):
        for worker in self.workers:
            if worker.is_alive:
                worker.kill()
        with contextlib.suppress(Exception):
            self.cluster.sql("postgres", f"drop database {self.database} with (force)")
        shutil.rmtree(self.directory, ignore_errors=True)
