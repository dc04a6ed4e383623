"""What happens when the primary is lost: F11 to F13 of the matrix. A primary and its standby, workers that know both, and
executions that go on while the primary is killed, the standby promoted, and the old primary comes back.

    deploy/test --failover                   20 failovers to a synchronous standby, 5 to an asynchronous one
    deploy/test --failover --rounds 2        fewer
"""

import argparse
import os
import signal
import subprocess
import sys
import tempfile
import time

from clusters import Cluster, as_server, free_port, tools
from runs import Run, prepare
from scenarios import LEASE, SLACK, until


class Server(Cluster):
    """A server that may follow another one."""

    def __init__(self, port, primary=None):
        if primary is None:
            super().__init__({"wal_level": "replica", "max_wal_senders": "10"})
            self.stop("fast")
            self.append(port=port)
            self.port = port
            self.start()
            return
        self.environment, self.port = [], port
        self.directory = tempfile.mkdtemp(prefix="swft.", dir="/tmp")
        self.data = os.path.join(self.directory, "data")
        os.chmod(self.directory, 0o777)
        command = [f"{tools()}/pg_basebackup", "-D", self.data, "-R", "-N", "-c", "fast", "-d",
                   f"host=127.0.0.1 port={primary.port} user=postgres application_name=standby"]
        subprocess.run(as_server(command), check=True, stdout=subprocess.DEVNULL)
        self.append(port=port, unix_socket_directories=self.directory, synchronous_standby_names="")
        self.start()

    def append(self, **settings):
        with open(os.path.join(self.data, "postgresql.auto.conf"), "a") as file:
            file.writelines(f"{name} = '{value}'\n" for name, value in settings.items())

    def wait_for_it(self, is_wanted):
        """Whether COMMIT waits for the standby."""
        self.append(synchronous_standby_names="*" if is_wanted else "")
        self.sql("postgres", "select pg_reload_conf()")

    def promote(self):
        self.control("promote")

    def receiver(self):
        """The process that takes the primary's log."""
        rows = self.sql("postgres", "select pid from pg_stat_wal_receiver")
        return int(rows[0][0]) if rows else None


class Pair:
    """A primary and its standby, each on a port of its own."""

    def __init__(self, is_synchronous):
        self.is_synchronous = is_synchronous
        self.ports = (free_port(), free_port())
        self.primary = Server(self.ports[0])
        prepare(self.primary)
        self.old = None
        self.standby = None
        # The process that takes the log, if it was made to stand still.
        self.stalled = None
        self.follow()

    def follow(self):
        """Makes a standby, on the port that is free."""
        port = next(port for port in self.ports if port != self.primary.port)
        self.standby = Server(port, self.primary)
        until(lambda: self.primary.sql("postgres", "select 1 from pg_stat_replication where state = 'streaming'"),
              what="the standby's catching up")
        self.primary.wait_for_it(self.is_synchronous)

    def url(self, database):
        """Both servers, the one that will have been replaced first."""
        hosts = ",".join(f"127.0.0.1:{port}" for port in self.ports)
        return f"postgresql://postgres@{hosts}/{database}?target_session_attrs=read-write"

    def stall(self):
        """From now on the log does not reach the standby."""
        self.stalled = self.standby.receiver()
        os.kill(self.stalled, signal.SIGSTOP)

    def fail(self):
        """Loses the primary and promotes the standby."""
        self.primary.stop("immediate")
        if self.stalled:
            os.kill(self.stalled, signal.SIGKILL)
            self.stalled = None
            time.sleep(0.2)
        self.standby.promote()
        self.old, self.primary, self.standby = self.primary, self.standby, None
        # Nothing follows it yet: a COMMIT would wait for ever.
        self.primary.wait_for_it(False)

    def remove(self):
        for server in (self.primary, self.standby, self.old):
            if server:
                server.remove()


def failover(pair, run, counts):
    """One round."""
    run.start(40, long_every=10)
    time.sleep(1.5)
    run.look()
    if not pair.is_synchronous:
        pair.stall()
        run.start(20)
        time.sleep(0.5)
    pair.fail()
    begin = time.monotonic()
    run.cluster, run.url = pair.primary, pair.primary.url(run.database)
    at = run.sql("select clock_timestamp()", retry=True)[0][0]
    workers = len(run.workers)
    until(lambda: int(run.sql(f"select count(*) from stepwell.workers where seen_at > '{at}'")[0][0]) >= workers,
          deadline=60, what="the workers' move to the new primary")
    seconds = time.monotonic() - begin
    assert seconds <= 5 + SLACK, f"the workers moved after {seconds:.1f} s"
    counts["slowest move s"] = max(counts["slowest move s"], seconds)
    if not pair.is_synchronous:
        there = {name for name, _, _ in run.look()}
        lost = [name for name in run.acknowledged if name not in there]
        counts["acknowledged starts lost"] += len(lost)
        run.restart_lost(lost)
    return at


def return_of_the_old(pair, run, counts):
    """The old primary comes back on its port, takes writes, and is named first: nobody who saw the new one uses it."""
    pair.old.append(synchronous_standby_names="")
    pair.old.start()
    state = "select (select count(*) from stepwell.history), (select max(seen_at) from stepwell.workers)"
    before = pair.old.sql(run.database, state)
    run.start(10)
    for _ in range(3):
        # Every connection is made anew, while both answer.
        run.sql("select pg_terminate_backend(pid) from pg_stat_activity where application_name like 'stepwell%'")
        time.sleep(1)
    after = pair.old.sql(run.database, state)
    if before != after:
        raise AssertionError(f"the old primary was written to: {before} became {after}")
    counts["returns of the old primary"] += 1
    pair.old.remove()
    pair.old = None


def series(is_synchronous, rounds):
    counts = {"failovers": 0, "slowest move s": 0.0, "returns of the old primary": 0, "acknowledged starts lost": 0,
              "executions": 0}
    pair = Pair(is_synchronous)
    run = None
    wrong = []
    try:
        run = FailoverRun(pair.primary, "failover")
        run.workers_url = pair.url(run.database)
        for _ in range(3):
            run.worker(lease=LEASE)
        for number in range(rounds):
            failover(pair, run, counts)
            return_of_the_old(pair, run, counts)
            run.wait(deadline=120)
            pair.follow()
            counts["failovers"] += 1
            print(f"{'F11' if is_synchronous else 'F12'} round {number + 1}: workers moved within"
                  f" {counts['slowest move s']:.1f} s at most, {counts['acknowledged starts lost']} starts lost", flush=True)
        counts["executions"] = len(run.acknowledged)
        wrong = run.finish()
    except Exception as error:
        wrong = [f"{type(error).__name__}: {error}"]
    finally:
        if run:
            run.remove()
        pair.remove()
    counts["slowest move s"] = round(counts["slowest move s"], 2)
    return counts, wrong


class FailoverRun(Run):
    """A run in which an asynchronous failover may have lost what was acknowledged."""

    has_lost = False

    def restart_lost(self, names):
        """Starts by name what was lost; what else was read of executions is not held against the new primary."""
        self.has_lost = True
        self.read.clear()
        for name in names:
            del self.acknowledged[name]
        self.submit([(name, self.requests[name]) for name in names])

    def check_calls(self):
        # Calls that the lost primary knew of, and their fences, may come a second time: what was recorded twice, and
        # effects that are not in step with results, can still be told.
        return [line for line in super().check_calls() if not (self.has_lost and line.startswith("I7"))]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=20, help="failovers to a synchronous standby")
    parser.add_argument("--asynchronous", type=int, default=5, help="failovers to an asynchronous one")
    options = parser.parse_args()
    rows, broken = [], 0
    for number, title, is_synchronous, rounds in (
            ("F11, F13", "failover to a synchronous standby, and the old primary comes back", True, options.rounds),
            ("F12, F13", "the same with an asynchronous standby whose log is behind", False, options.asynchronous)):
        if not rounds:
            continue
        counts, wrong = series(is_synchronous, rounds)
        broken += len(wrong)
        for line in wrong[:50]:
            print(f"{number}: {line}", flush=True)
        rows.append((number, title, rounds, len(wrong), ", ".join(f"{name}: {value}" for name, value in counts.items())))
    print("\n| fault | what happens | rounds | violations | seen |\n| --- | --- | --- | --- | --- |")
    for row in rows:
        print("| " + " | ".join(map(str, row)) + " |")
    sys.exit(1 if broken else 0)


if __name__ == "__main__":
    main()
