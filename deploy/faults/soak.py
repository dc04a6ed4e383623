"""The soak: ten thousand executions of twenty transitions and more, while workers are killed and frozen and PostgreSQL is
restarted as after a crash, all the time. Then every invariant is checked.

    deploy/test --soak                       about twenty minutes
    deploy/test --soak --minutes 5 …         shorter
"""

import argparse
import concurrent.futures
import random
import signal
import sys
import time

from clusters import Cluster
from runs import Run, prepare
from scenarios import LEASE


class Soak:
    """What happens to one cluster and its workers."""

    def __init__(self, number, goal, minutes, workers):
        self.goal, self.end = goal, time.monotonic() + minutes * 60
        self.dice = random.Random(number)
        self.counts = {"kills": 0, "stops": 0, "restarts": 0}
        self.frozen = {}
        self.slowest = 0.0
        # A restart of the machine is not what is tested: what the system was given is kept.
        self.cluster = Cluster()
        prepare(self.cluster)
        self.run = Run(self.cluster, "soak")
        for _ in range(workers):
            self.run.worker(lease=LEASE)

    def live(self):
        """Executions are started as others end; meanwhile something happens every third of a second or so."""
        pace = (self.end - time.monotonic()) / max(1, self.goal["kills"] + self.goal["stops"])
        restart_every = (self.end - time.monotonic()) / max(1, self.goal["restarts"])
        next_restart = time.monotonic() + restart_every
        next_look = 0.0
        while not self.is_done():
            time.sleep(self.dice.uniform(0.5, 1.3) * pace * 0.9)
            now = time.monotonic()
            if now > self.end + 1800:
                raise AssertionError(f"it does not come to an end: {self.counts}")
            self.wake(now)
            if now >= next_restart and self.counts["restarts"] < self.goal["restarts"] + 5:
                self.restart()
                next_restart = time.monotonic() + restart_every * self.dice.uniform(0.6, 1.2)
            self.strike(now)
            if now >= next_look:
                running = int(self.run.sql("select count(*) from stepwell.steps where id = 0", retry=True)[0][0])
                # There is work until the last blow has fallen.
                if running < 400:
                    self.run.start(100, long_every=50)
                next_look = now + 2
        self.wake(float("inf"))
        for worker in list(self.run.workers):
            if not worker.is_alive:
                self.run.replace(worker)
        self.run.wait(deadline=900)
        return self.run.finish()

    def is_done(self):
        return (len(self.run.acknowledged) >= self.goal["executions"]
                and all(self.counts[what] >= self.goal[what] for what in self.counts))

    def wake(self, now):
        for worker, wake in list(self.frozen.items()):
            if now >= wake:
                worker.send(signal.SIGCONT)
                del self.frozen[worker]

    def restart(self):
        self.cluster.stop("immediate")
        self.cluster.start()
        self.counts["restarts"] += 1
        begin = time.monotonic()
        at = self.run.sql("select clock_timestamp()", retry=True)[0][0]
        if not self.frozen and self.run.sql("select 1 from stepwell.steps where status = 'r' and run_at <= now() limit 1"):
            while time.monotonic() < begin + 20:
                if self.run.sql(f"select 1 from stepwell.history where at > '{at}' limit 1"):
                    break
                time.sleep(0.05)
            self.slowest = max(self.slowest, time.monotonic() - begin)

    def strike(self, now):
        worker = self.dice.choice(self.run.workers)
        if worker in self.frozen:
            return
        if not worker.is_alive:
            self.run.replace(worker)
            return
        wanted = {what: self.goal[what] - self.counts[what] for what in ("kills", "stops")}
        total = sum(max(1, count) for count in wanted.values())
        if self.dice.random() * total < max(1, wanted["kills"]):
            worker.kill()
            self.counts["kills"] += 1
            self.run.replace(worker)
        else:
            worker.send(signal.SIGSTOP)
            self.frozen[worker] = now + LEASE * self.dice.uniform(1.3, 2)
            self.counts["stops"] += 1

    def transitions(self):
        return int(self.run.sql("select count(*) from stepwell.history")[0][0])

    def lost(self):
        return len([c for c in self.run.calls() if c[0] == "begin"])

    def remove(self):
        self.run.remove()
        self.cluster.remove()


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", type=float, default=18)
    parser.add_argument("--executions", type=int, default=10_000)
    parser.add_argument("--kills", type=int, default=500)
    parser.add_argument("--stops", type=int, default=200)
    parser.add_argument("--restarts", type=int, default=50)
    parser.add_argument("--clusters", type=int, default=2, help="side by side, with the workers shared out among them")
    parser.add_argument("--workers", type=int, default=4)
    options = parser.parse_args()
    share = {what: -(-getattr(options, what) // options.clusters) for what in ("executions", "kills", "stops", "restarts")}
    workers = max(1, options.workers // options.clusters)
    begin = time.monotonic()
    soaks = [Soak(number, share, options.minutes, workers) for number in range(options.clusters)]
    try:
        with concurrent.futures.ThreadPoolExecutor(len(soaks)) as pool:
            answers = [pool.submit(soak.live) for soak in soaks]
            concurrent.futures.wait(answers)
        wrong = []
        for answer in answers:
            wrong += [str(answer.exception())] if answer.exception() else answer.result()
        executions = sum(len(soak.run.acknowledged) for soak in soaks)
        transitions = sum(soak.transitions() for soak in soaks)
        rows = [
            ("executions started, acknowledged and ended", executions),
            ("transitions", f"{transitions} ({transitions / max(1, executions):.1f} an execution, children included)"),
            ("calls of handlers", sum(soak.lost() for soak in soaks)),
            ("workers at a time", workers * len(soaks)),
            ("SIGKILL", sum(soak.counts["kills"] for soak in soaks)),
            ("SIGSTOP for longer than the lease of 1 s", sum(soak.counts["stops"] for soak in soaks)),
            ("immediate restarts of PostgreSQL", sum(soak.counts["restarts"] for soak in soaks)),
            ("slowest first transition after one", f"{max(soak.slowest for soak in soaks):.2f} s"),
            ("minutes", f"{(time.monotonic() - begin) / 60:.1f}"),
            ("violations of I1 to I12", len(wrong)),
        ]
        print("\n| the soak | |\n| --- | --- |")
        for name, value in rows:
            print(f"| {name} | {value} |")
        for line in wrong[:100]:
            print(line)
        sys.exit(1 if wrong else 0)
    finally:
        for soak in soaks:
            soak.remove()


if __name__ == "__main__":
    main()
