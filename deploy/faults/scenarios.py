"""The faults, one function each: it makes the fault happen, waits for everything to end, and answers what it saw."""

import concurrent.futures
import contextlib
import json
import os
import random
import shutil
import signal
import subprocess
import tempfile
import threading
import time

from clusters import Cluster, free_port
from proxy import Proxy
from runs import Run, prepare
from workers import Worker, crash_points

LEASE = 1
# What a machine that does other things as well may add to a time that is promised. What it took is in the table.
SLACK = 10


class Fault:
    """A fault of the matrix: what it is called, what is done, how many times by default and at least.

    One that is `alone` compares rates or times, which no other run may disturb.
    """

    all = []

    def __init__(self, number, title, short, full, own_cluster=False, alone=False, arguments=None):
        self.number, self.title, self.short, self.full = number, title, short, full
        self.own_cluster, self.alone, self.arguments = own_cluster, alone, arguments or (lambda options: [()])

    def __call__(self, function):
        self.function = function
        Fault.all.append(self)
        return function


def pause(seconds):
    time.sleep(seconds)


class Missed(Exception):
    """The run did not come to its fault: it has shown nothing, and is made again."""


def until(condition, deadline=30, what="it", otherwise=AssertionError):
    end = time.monotonic() + deadline
    while not (value := condition()):
        if time.monotonic() > end:
            raise otherwise(f"{what} does not happen within {deadline} s")
        time.sleep(0.02)
    return value


def prepared(condition, what):
    """Waits for what has to be so before the fault."""
    return until(condition, what=what, otherwise=Missed)


# Workers that die.


@Fault("F1", "a worker is killed at a named place", short=2, full=20, arguments=lambda options: [
    (place,) for place in crash_points() if not options.places or place in options.places.split(",")])
def crash(run, point, round_number=0):
    # It dies when it comes there for the first time, the second …; where it never comes so often, sooner.
    for passes in (1 + round_number % 5, 1, 1, 1):
        if crashes := crash_once(run, point, passes):
            return {"kills": crashes + 1}
        for worker in run.workers:
            worker.stop()
        run.workers.clear()
    raise Missed(f"{point} is not reached")


def crash_once(run, point, passes):
    """Answers how many workers died at the place."""
    is_ending = point.startswith("release")
    options = {"crash": f"{point}:{1 if is_ending else passes}", "lease": LEASE}
    if is_ending:
        options["STEPWELL_SHUTDOWN_SECONDS"] = 0
    # Somebody else dies as well, with work in hand: there are leases to rescue, and a name to take over.
    victim = run.worker(lease=LEASE)
    prepared(lambda: run.sql(f"select 1 from stepwell.workers where name = '{victim.name}'"), "the other worker's start")
    run.start(8, long_every=2)
    armed = run.worker(**options)
    leases = "select 1 from stepwell.steps s join stepwell.workers w on w.instance = s.worker where s.status = 'l' and "
    with contextlib.suppress(AssertionError):
        until(lambda: run.sql(leases + f"w.name = '{victim.name}'"), deadline=10, what="a lease of the other worker")
    victim.kill()
    victim = run.replace(victim, crash=options["crash"])
    crashes = 0

    def keep():
        nonlocal crashes, is_ending
        if is_ending:
            is_ending = False
            with contextlib.suppress(AssertionError):
                until(lambda: run.sql(leases + f"s.state = 'Long' and w.name = '{armed.name}'"), deadline=10,
                      what="a long call of the worker that is to end")
            armed.send(signal.SIGTERM)
            with contextlib.suppress(subprocess.TimeoutExpired):
                armed.process.wait(10)
        for worker in list(run.workers):
            if not worker.is_alive:
                crashes += worker.has_crashed
                run.replace(worker, crash=None)

    run.wait(keep=keep)
    keep()
    return crashes


@Fault("F3", "a worker sleeps for longer than its lease and wakes up", short=2, full=10, arguments=lambda options: [
    (kind, order) for kind in ("Step", "Effect") for order in ("before", "during", "after")])
def zombie(run, kind, order, round_number=0):
    run.start(1, machine=kind, give=lambda n: json.dumps({"n": n, "milliseconds": 900}))
    place = "before-complete" if kind == "Step" else ["transaction-completed", "before-handler"][round_number % 2]
    sleeper = run.worker(crash=f"{place}:1:stop", lease=LEASE)
    prepared(lambda: sleeper.is_frozen, "the worker's sleep")
    if order == "before":
        # Somebody takes the lease away and can't do the work.
        prepared(lambda: run.sql("select 1 from stepwell.steps where lease_until < now()"), "the lease's end")
        run.sql("select stepwell.sweep(s.bucket, 10) from stepwell.steps s where s.lease_until < now()")
        sleeper.send(signal.SIGCONT)
        pause(0.5)
    other = run.worker(lease=LEASE)
    if order == "during":
        until(lambda: len([c for c in run.calls() if c[0] == "begin"]) > 1, what="the second call")
        sleeper.send(signal.SIGCONT)
    elif order == "after":
        run.wait()
        sleeper.send(signal.SIGCONT)
        pause(0.5)
    run.wait()
    if order != "before":
        assert sleeper.is_alive and other.is_alive
    return {"stops": 1}


@Fault("F2", "workers are killed, frozen and started again at random", short=1, full=3)
def mayhem(run, round_number=0, count=60, seconds=15):
    # Without long calls: what is killed three times while it runs alone is taken for what kills.
    run.start(count, long_every=0)
    return torment(run, seconds, random.Random(round_number))


def torment(run, seconds, dice, workers=4, restart=None, every=(0.15, 0.5)):
    """Kills and freezes workers for some seconds, then lets everything end. `restart` restarts the server now and then."""
    for _ in range(workers):
        run.worker(lease=LEASE)
    counts = {"kills": 0, "stops": 0, "restarts": 0}
    frozen = {}
    end = time.monotonic() + seconds
    next_restart = time.monotonic() + 6
    while time.monotonic() < end:
        pause(dice.uniform(*every))
        now = time.monotonic()
        for worker, wake in list(frozen.items()):
            if now >= wake:
                worker.send(signal.SIGCONT)
                del frozen[worker]
        if restart and now >= next_restart:
            restart()
            counts["restarts"] += 1
            next_restart = now + dice.uniform(6, 10)
        worker = dice.choice(run.workers)
        if worker in frozen:
            continue
        if not worker.is_alive:
            run.replace(worker)
        elif dice.random() < 0.7:
            worker.kill()
            counts["kills"] += 1
            run.replace(worker)
        else:
            worker.send(signal.SIGSTOP)
            frozen[worker] = now + LEASE * dice.uniform(1.2, 2)
            counts["stops"] += 1
    for worker in frozen:
        worker.send(signal.SIGCONT)
    for worker in list(run.workers):
        if not worker.is_alive:
            run.replace(worker)
    run.wait(deadline=180)
    return counts


@Fault("F19", "a handler that ends its process, among 200 neighbours", short=1, full=3)
def poison(run, round_number=0):
    give = lambda n: json.dumps({"n": n})  # noqa: E731
    run.start(100, machine="Nap", give=give)
    run.start(1, machine="Pill", give=give)
    run.start(100, machine="Nap", give=give)
    for _ in range(2):
        run.worker(lease=LEASE)
    deaths = 0

    def keep():
        nonlocal deaths
        for worker in list(run.workers):
            if not worker.is_alive:
                deaths += 1
                run.replace(worker)

    run.wait(keep=keep)
    failed = run.sql("select m.name from stepwell.executions e join stepwell.state_machines m on m.id = e.machine"
                     " where e.status <> 'SUCCEEDED'")
    assert failed == [["Pill"]], f"these failed: {failed}"
    assert deaths <= 5, f"{deaths} processes were lost"
    return {"kills": deaths}


@Fault("F23", "workers are replaced one after the other under load", short=1, full=5)
def deploy(run, round_number=0):
    for _ in range(4):
        run.worker(lease=30)
    run.start(80)
    slowest = 0.0
    for worker in list(run.workers):
        pause(0.5)
        slowest = max(slowest, worker.stop())
        run.replace(worker)
    run.wait()
    begun = {}
    for word, _, key, _, call, attempt, _ in run.calls():
        if word == "begin":
            begun.setdefault((key, attempt), set()).add(call)
    lost = sum(len(calls) - 1 for calls in begun.values())
    assert slowest <= 10 + SLACK, f"a worker took {slowest:.1f} s to end"
    # With leases of half a minute nothing could have been rescued in time.
    return {"stops": 4, "slowest end s": round(slowest, 2), "calls made twice": lost}


# A server that dies, a network that misbehaves.


@Fault("F5", "PostgreSQL is restarted at once, as after a crash", short=1, full=3, own_cluster=True)
def restart(run, round_number=0, times=4):
    run.start(60)
    for _ in range(4):
        run.worker(lease=LEASE)
    waits = []
    for _ in range(times):
        pause(2)
        run.cluster.stop("immediate")
        run.cluster.start()
        begin = time.monotonic()
        at = run.sql("select clock_timestamp()", retry=True)[0][0]
        if run.running():
            until(lambda: run.sql(f"select 1 from stepwell.history where at > '{at}' limit 1") or not run.running(),
                  what="the next transition")
            waits.append(time.monotonic() - begin)
            run.start(5)
    run.wait()
    assert max(waits, default=0) <= 2 + SLACK, f"the first transition came {max(waits):.1f} s after the restart"
    return {"restarts": times, "slowest s": round(max(waits, default=0), 2)}


@contextlib.contextmanager
def proxied(run):
    proxy = Proxy(run.cluster.port)
    run.workers_url = run.cluster.url(run.database, proxy.port)
    try:
        yield proxy
    finally:
        proxy.stop()


@Fault("F6", "answers are lost with their connections", short=1, full=5)
def lost_answers(run, round_number=0):
    with proxied(run) as proxy:
        run.start(60)
        for _ in range(3):
            run.worker(lease=LEASE)
        pause(1)
        proxy.lose = 0.03
        until(lambda: proxy.lost >= 40 or not run.running(), deadline=60, what="forty lost answers")
        proxy.lose = 0
        run.wait()
        for worker in run.workers:
            worker.stop()
        return {"lost answers": proxy.lost}


@Fault("F7", "a network that swallows everything for a while", short=1, full=5)
def black_hole(run, round_number=0):
    with proxied(run) as proxy:
        run.start(40)
        for _ in range(3):
            run.worker(lease=LEASE)
        waits = []
        for seconds in (0.5, 2, 4):
            pause(1)
            proxy.stalled.set()
            pause(seconds)
            proxy.stalled.clear()
            begin = time.monotonic()
            at = run.sql("select clock_timestamp()")[0][0]
            until(lambda: run.sql(f"select 1 from stepwell.history where at > '{at}' limit 1") or not run.running(),
                  what="the next transition")
            waits.append(time.monotonic() - begin)
        run.wait()
        assert max(waits) <= 5 + SLACK, f"the first transition came {max(waits):.1f} s after the network"
        for worker in run.workers:
            worker.stop()
        return {"black holes": 3, "slowest s": round(max(waits), 2)}


@Fault("F4", "a worker is cut off while its handlers run", short=1, full=5)
def cut_off(run, round_number=0):
    with proxied(run) as proxy:
        run.start(4, machine="Step", give=lambda n: json.dumps({"n": n, "milliseconds": 6000}))
        lonely = run.worker(lease=2)
        prepared(lambda: len(run.calls()) == 4, "four calls")
        proxy.stalled.set()
        begin = time.monotonic()
        until(lambda: sum(call[0] == "cut" for call in run.calls()) == 4, what="the calls' end")
        took = time.monotonic() - begin
        assert took <= 2 + SLACK, f"the calls were cut {took:.1f} s after the last sign of the database, the lease is 2 s"
        run.worker(url=run.url, lease=2)
        run.wait()
        proxy.stalled.clear()
        pause(0.5)
        assert lonely.is_alive
        for worker in run.workers:
            worker.stop()
        return {"calls cut": 4, "slowest s": round(took, 2)}


@Fault("F8", "connections are cut in the middle of a message", short=1, full=5)
def cut(run, round_number=0):
    with proxied(run) as proxy:
        run.start(60)
        for _ in range(3):
            run.worker(lease=LEASE)
        pause(1)
        proxy.cut = 0.03
        until(lambda: proxy.cuts >= 60 or not run.running(), deadline=60, what="sixty cuts")
        proxy.cut = 0
        run.wait()
        for worker in run.workers:
            worker.stop()
        return {"cuts": proxy.cuts}


@Fault("F17", "no notification ever arrives", short=1, full=3)
def no_notifications(run, round_number=0):
    run.start(40)
    for _ in range(3):
        run.worker(lease=LEASE, STEPWELL_NOTIFY="off")
    run.wait()
    run.start(20)
    run.wait()
    return {"executions": 60}


@Fault("F16", "through PgBouncer in transaction mode", short=1, full=3)
def bouncer(run, round_number=0):
    with pgbouncer(run.cluster) as port:
        for _ in range(3):
            run.worker(url=run.cluster.url(run.database, port), lease=LEASE,
                       STEPWELL_LISTEN_URL=run.url)
        run.start(40, long_every=0)
        return torment(run, 5, random.Random(round_number), workers=0)


@contextlib.contextmanager
def pgbouncer(cluster):
    program = shutil.which("pgbouncer") or "/usr/sbin/pgbouncer"
    if not os.path.exists(program):
        raise Unable("the Debian package pgbouncer is not installed")
    port = free_port()
    directory = tempfile.mkdtemp(prefix="swpb.", dir="/tmp")
    os.chmod(directory, 0o755)
    path = os.path.join(directory, "ini")
    with open(path, "w") as file:
        file.write(f"""[databases]
* = host=127.0.0.1 port={cluster.port} user=postgres
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = {port}
unix_socket_dir =
auth_type = any
pool_mode = transaction
default_pool_size = 20
max_client_conn = 1000
ignore_startup_parameters = extra_float_digits,options
""")
    command = [program, "-q", path]
    if os.geteuid() == 0:
        command = ["setpriv", "--reuid=nobody", "--regid=nogroup", "--clear-groups", *command]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        until(lambda: subprocess.run(["psql", "-XAtqc", "select 1", cluster.url("postgres", port)],
                                     stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL).returncode == 0,
              what="PgBouncer's start")
        yield port
    finally:
        process.terminate()
        process.wait()
        shutil.rmtree(directory, ignore_errors=True)


class Unable(Exception):
    """The fault can't be made here, and why."""


# Disks and clocks.


@contextlib.contextmanager
def small_disk(megabytes):
    if os.geteuid() != 0:
        raise Unable("only root can mount a small disk")
    directory = tempfile.mkdtemp(prefix="swfd.", dir="/tmp")
    if subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={megabytes}m", "tmpfs", directory]).returncode != 0:
        raise Unable("a small disk can't be mounted here")
    os.chmod(directory, 0o777)
    try:
        yield directory
    finally:
        subprocess.run(["umount", "-l", directory])
        os.rmdir(directory)


def fill(directory):
    """Takes all the space that is left, and answers the file that has it."""
    path = os.path.join(directory, "ballast")
    # Unbuffered: closing it must not try once more to write what found no room.
    with open(path, "wb", buffering=0) as file:
        with contextlib.suppress(OSError):
            while True:
                file.write(b"\0" * 262144)
    return path


@Fault("F9", "the disk of the data is full", short=1, full=3, own_cluster=None)
def full_disk(_, round_number=0):
    with small_disk(400) as directory:
        cluster = Cluster(directory=directory, settings={"max_wal_size": "64MB", "min_wal_size": "32MB"})
        return fill_and_free(cluster, lambda: fill(directory), dies=False)


@Fault("F10", "the disk of the write-ahead log is full", short=1, full=3, own_cluster=None)
def full_log(_, round_number=0):
    with small_disk(120) as disk:
        cluster = Cluster(wal=os.path.join(disk, "wal"), settings={"max_wal_size": "48MB", "min_wal_size": "32MB"})
        return fill_and_free(cluster, lambda: fill(disk), dies=True)


def fill_and_free(cluster, take_space, dies):
    run = None
    try:
        prepare(cluster)
        run = Run(cluster, "disk")
        for _ in range(3):
            run.worker(lease=LEASE)
        run.start(20)
        pause(0.5)
        ballast = take_space()
        begin = time.monotonic()
        payload = "x" * 4000
        with contextlib.suppress(RuntimeError, AssertionError):
            run.start(500, give=lambda n: json.dumps({"n": n, "long": False, "items": [{"n": 1}], "load": payload}),
                      deadline=4)
        pause(max(0, 4 - (time.monotonic() - begin)))
        was_down = not cluster.accepts()
        cpu = [seconds(worker.process.pid) for worker in run.workers]
        pause(2)
        spent = max(seconds(worker.process.pid) - before for worker, before in zip(run.workers, cpu))
        assert all(worker.is_alive for worker in run.workers), "a worker ended because the disk was full"
        assert spent < 1, f"a worker used {spent:.1f} s of CPU in 2 s while it waited for the database"
        os.remove(ballast)
        # The server may still be dying of the full disk.
        until(lambda: cluster.accepts() or cluster.start(check=False), what="the server's return")
        begin = time.monotonic()
        run.start(3)
        run.wait(deadline=120)
        took = time.monotonic() - begin
        run.expected = {name: value for name, value in run.expected.items() if name in run.acknowledged}
        wrong = run.finish()
        assert not wrong, wrong
        return {"server died": int(was_down), "done after s": round(took, 1), "CPU s": round(spent, 2)}
    finally:
        if run:
            run.remove()
        cluster.remove()


def seconds(pid):
    with open(f"/proc/{pid}/stat") as file:
        fields = file.read().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def faketime_library():
    for path in ("/usr/lib/x86_64-linux-gnu/faketime/libfaketime.so.1", "/usr/lib/aarch64-linux-gnu/faketime/libfaketime.so.1"):
        if os.path.exists(path):
            return path
    raise Unable("the Debian package libfaketime is not installed")


@Fault("F14", "a worker's clock jumps", short=1, full=3)
def worker_clock(run, round_number=0):
    library = faketime_library()
    clock = os.path.join(run.directory, "clock")
    with open(clock, "w") as file:
        file.write("+0")
    run.start(30)
    for jump in (True, False):
        more = {"LD_PRELOAD": library, "FAKETIME_TIMESTAMP_FILE": clock, "FAKETIME_NO_CACHE": "1",
                "DONT_FAKE_MONOTONIC": "1"} if jump else {}
        run.worker(lease=LEASE, **more)
    for offset in ("+1h", "-2h", "+0"):
        pause(1)
        with open(clock, "w") as file:
            file.write(offset)
    run.wait()
    return {"jumps": 3}


@Fault("F15", "the database's clock jumps", short=1, full=3, own_cluster=None)
def database_clock(_, round_number=0):
    library = faketime_library()
    directory = tempfile.mkdtemp(prefix="swfc.", dir="/tmp")
    os.chmod(directory, 0o755)
    clock = os.path.join(directory, "clock")
    with open(clock, "w") as file:
        file.write("+0")
    cluster = Cluster(environment={"LD_PRELOAD": library, "FAKETIME_TIMESTAMP_FILE": clock, "FAKETIME_NO_CACHE": "1",
                                   "DONT_FAKE_MONOTONIC": "1"})
    run = None
    try:
        prepare(cluster)
        run = Run(cluster, "clock")
        for _ in range(3):
            run.worker(lease=LEASE)
        run.start(30)
        # What is an hour late has taken too long.
        run.expected.clear()
        for offset in ("+1h", "-2h", "+0"):
            pause(1)
            with open(clock, "w") as file:
                file.write(offset)
        # Timers are early or late by the jump, and never lost: what was set an hour ahead is waited for.
        pause(1)
        with open(clock, "w") as file:
            file.write("+2h")
        run.wait()
        wrong = [one for one in run.finish() if not one.startswith("I11")]
        assert not wrong, wrong
        return {"jumps": 4}
    finally:
        if run:
            run.remove()
        cluster.remove()
        shutil.rmtree(directory, ignore_errors=True)


# Load, and others who hold things.


@Fault("F20", "10,000 timers are due in the same second", short=1, full=3)
def herd(run, round_number=0, count=10_000):
    due = run.sql("select to_char((now() + interval '12 seconds') at time zone 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS\"Z\"')")[0][0]
    run.sql(f"""
        select count(*) from stepwell.start_executions('Timer',
            (select array_agg(json_build_object('at', '{due}')) from generate_series(1, {count})),
            (select array_agg(i::text) from generate_series(1, {count}) i))""")
    run.acknowledged.update((f"Timer:{number}", None) for number in range(1, count + 1))
    for _ in range(4):
        run.worker(lease=10)
    run.wait(deadline=120)
    row = run.sql(f"""
        select percentile_disc(0.99) within group (order by extract(epoch from stopped_at - '{due}'::timestamptz)),
            min(extract(epoch from stopped_at - '{due}'::timestamptz)) from stepwell.executions""")[0]
    assert float(row[1]) >= 0, f"a timer was {-float(row[1])} s early"
    return {"timers": count, "p99 late s": round(float(row[0]), 2)}


def claim_times(log, begin, end):
    """How many milliseconds the claims took that the server has logged between two places of its log."""
    with open(log, errors="replace") as file:
        file.seek(begin)
        entries = file.read(end - begin).split("duration: ")[1:]
    return [float(entry.split(" ", 1)[0]) for entry in entries if " execute " in entry[:60] and "stepwell.claim(" in entry]


def p99(values):
    return sorted(values)[len(values) * 99 // 100]


@Fault("F18", "somebody holds an old snapshot", short=1, full=1, own_cluster=True, alone=True,
       arguments=lambda options: [(options.held,)])
def old_snapshot(run, held, round_number=0, window=20):
    """The snapshot is held for so many seconds at full load, the last of which are compared with as many before it."""
    log = os.path.join(run.cluster.directory, "log")

    def record(milliseconds):
        """Has the server log every statement that takes so long; -1: none."""
        run.sql(f"alter system set log_min_duration_statement = {milliseconds}")
        run.sql("select pg_reload_conf()")

    def count(column, table):
        return int(run.sql(f"select sum({column}) from pg_stat_user_tables where relname like '{table}%'")[0][0] or 0)

    def watched(seconds):
        """Transitions a second, and how long 99 of 100 claims took at most, in milliseconds."""
        record(0)
        begin, place, time_before = count("n_tup_ins", "history"), os.path.getsize(log), time.monotonic()
        pause(seconds)
        transitions, passed = count("n_tup_ins", "history") - begin, time.monotonic() - time_before
        record(-1)
        return transitions / passed, p99(claim_times(log, place, os.path.getsize(log)))

    def feed():
        """Keeps workers from running out of work, at any speed."""
        while not fed.wait(0.5):
            if count("n_live_tup", "steps") < 10_000:
                run.sql("select count(*) from stepwell.start_executions('Step',"
                        " (select array_agg('{\"n\": 1}'::json) from generate_series(1, 10000)))")

    run.sql("alter system set log_min_messages = 'log'")
    fed = threading.Event()
    for _ in range(2):
        run.worker(lease=10)
    with concurrent.futures.ThreadPoolExecutor(1) as pool:
        feeding = pool.submit(feed)
        try:
            prepared(lambda: count("n_tup_ins", "history") > 1000, "work")
            pause(5)
            before, claims_before = watched(window)
            with run.cluster.session(run.database, "begin isolation level repeatable read; select count(*) from stepwell.steps;"):
                pause(held - window)
                during, claims_during = watched(window)
        finally:
            fed.set()
        feeding.result()
    assert during >= 0.7 * before, f"{before:.0f} transitions/s before, {during:.0f} while the snapshot was held"
    assert claims_during <= 3 * claims_before, f"99 of 100 claims took {claims_before} ms, and {claims_during} ms under it"
    until(lambda: not run.sql("select 1 from stepwell.steps limit 1"), deadline=180, what="the end of all executions")
    return {"held s": held, "least % of the rate before": round(100 * during / before),
            "p99 of claims before, ms": claims_before, "p99 of claims, ms": claims_during}


@Fault("F22", "others lock rows, for longer than lock_timeout, and in circles", short=1, full=3)
def locks(run, round_number=0):
    run.sql("alter database %s set lock_timeout = '300ms'" % run.database)
    run.start(40)
    for _ in range(3):
        run.worker(lease=LEASE)
    stop = threading.Event()
    deadlocks = [0]

    def tangle():
        while not stop.is_set():
            order = random.choice(["asc", "desc"])
            with contextlib.suppress(RuntimeError):
                run.sql(f"""
                    begin; set local lock_timeout = 0;
                    select 1 from (select * from stepwell.steps where status <> 'j' order by random() limit 1) s
                        join stepwell.steps t on t.bucket = s.bucket and t.execution = s.execution for update of t;
                    select pg_sleep(0.05);
                    select 1 from stepwell.steps where id = 0 order by execution {order} limit 20 for update; commit""")
                deadlocks[0] += 1

    threads = [threading.Thread(target=tangle) for _ in range(3)]
    for thread in threads:
        thread.start()
    with run.cluster.session(run.database, "begin; set lock_timeout = 0; select 1 from stepwell.steps where id = 0 for update;"):
        pause(1.5)
    pause(5)
    stop.set()
    for thread in threads:
        thread.join()
    run.wait()
    return {"locks held": 1 + deadlocks[0]}


# What the promises say in seconds.


@Fault("T1", "a killed worker's call is made again within its lease and a second", short=2, full=20)
def made_again(run, round_number=0, lease=2):
    run.start(1, machine="Step", give=lambda n: json.dumps({"n": n, "milliseconds": 3000}))
    first = run.worker(lease=lease)
    prepared(lambda: run.calls(), "the first call")
    run.worker(lease=lease)
    pause(0.3)
    first.kill()
    killed = time.clock_gettime(time.CLOCK_MONOTONIC)
    calls = until(lambda: [c for c in run.calls() if c[0] == "begin"][1:], what="the second call")
    took = int(calls[0][6]) / 1000 - killed
    run.wait()
    assert took <= lease + 1 + SLACK, f"it was made again {took:.2f} s later, the lease is {lease} s"
    return {"kills": 1, "slowest s": round(took, 2)}


@Fault("T2", "a restarted worker goes on at once", short=2, full=20)
def goes_on(run, round_number=0):
    run.start(1, machine="Step", give=lambda n: json.dumps({"n": n, "milliseconds": 3000}))
    worker = run.worker(lease=60)
    prepared(lambda: run.calls(), "the first call")
    worker.kill()
    started = time.clock_gettime(time.CLOCK_MONOTONIC)
    run.replace(worker)
    calls = until(lambda: [c for c in run.calls() if c[0] == "begin"][1:], what="the second call")
    took = int(calls[0][6]) / 1000 - started
    run.wait()
    assert took <= 5 + SLACK, f"it went on {took:.2f} s after its start, the lease is 60 s"
    return {"kills": 1, "slowest s": round(took, 2)}
