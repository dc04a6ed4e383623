"""Makes faults happen to real workers and a real PostgreSQL, checks that nothing is lost and nothing happens twice, and
prints a table.

    deploy/test --faults                 every fault, each as often as in CI
    deploy/test --faults --full          as often as the documentation says (each crash point 20 times)
    deploy/test --faults --only F1,F6    some of them

Runs are made side by side, and after them one by one those that compare rates.
"""

import argparse
import collections
import concurrent.futures
import itertools
import os
import sys
import time
import traceback

from clusters import Cluster
from runs import Run, prepare
from scenarios import Fault, Missed, Unable


def one(fault, cluster, arguments, number):
    """What it counted, what was wrong, how long it took, and why it can't be done here if it can't."""
    begin = time.monotonic()
    misses = []
    try:
        for _ in range(3):
            counts, wrong, missed = attempt(fault, cluster, arguments, number)
            if not missed:
                return {**counts, **({"made again": len(misses)} if misses else {})}, wrong, time.monotonic() - begin, None
            misses.append(missed)
            if wrong:
                break
    except Unable as error:
        return {}, [], 0, str(error)
    return {}, wrong + misses, time.monotonic() - begin, None


def attempt(fault, cluster, arguments, number):
    """One run: what it counted, what was wrong, and why it has not come to its fault if it has not."""
    counts, wrong, missed = {}, [], None
    run = own = None
    try:
        if fault.own_cluster is None:
            return fault.function(None, round_number=number), [], None
        if fault.own_cluster:
            cluster = own = Cluster()
            prepare(own)
        run = Run(cluster, " ".join([fault.number, *map(str, arguments)]))
        try:
            counts = fault.function(run, *arguments, round_number=number)
        except Missed as error:
            missed = str(error)
            run.wait()
        wrong = run.finish()
    except Unable:
        raise
    except Exception as error:
        wrong = [f"{type(error).__name__}: {error}"]
        if not isinstance(error, AssertionError):
            wrong.append(traceback.format_exc())
    finally:
        if run:
            run.remove()
        if own:
            own.remove()
    return counts, wrong, missed


def add(totals, counts):
    for name, value in counts.items():
        if name.startswith("least"):
            totals[name] = min(totals.get(name, value), value)
        elif name.endswith(" s") or name.startswith(("slowest", "p99", "CPU", "done")):
            totals[name] = max(totals.get(name, 0), value)
        else:
            totals[name] = totals.get(name, 0) + value


def runs_of(options, alone):
    """The runs to make, those side by side or those alone: each a fault, its arguments, and which time it is."""
    chosen = set(filter(None, options.only.split(",")))
    for fault in Fault.all:
        if fault.alone != alone or chosen and fault.number not in chosen:
            continue
        times = options.times or (fault.full if options.full else fault.short)
        for arguments, number in itertools.product(fault.arguments(options), range(times)):
            yield fault, arguments, number


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--full", action="store_true")
    parser.add_argument("--only", default="", help="faults by their numbers, with commas")
    parser.add_argument("--places", default="", help="of F1 only these crash points, with commas")
    parser.add_argument("--held", type=int, default=60, help="for how many seconds F18 holds its snapshot, 20 at least")
    parser.add_argument("--times", type=int, help="how often instead")
    parser.add_argument("--jobs", type=int, default=3 * (os.cpu_count() or 2), help="runs side by side")
    options = parser.parse_args()
    cluster = Cluster()
    begin = time.monotonic()
    results = collections.defaultdict(lambda: {"runs": 0, "wrong": [], "counts": {}, "seconds": 0, "unable": None})
    try:
        prepare(cluster)
        for alone in (False, True):
            with concurrent.futures.ThreadPoolExecutor(1 if alone else options.jobs) as pool:
                work = {pool.submit(one, fault, cluster, arguments, number): (fault, arguments, number)
                        for fault, arguments, number in runs_of(options, alone)}
                for done in concurrent.futures.as_completed(work):
                    fault, arguments, number = work[done]
                    counts, wrong, seconds, unable = done.result()
                    result = results[fault.number]
                    result["title"] = fault.title
                    result["runs"] += 1
                    result["seconds"] += seconds
                    result["unable"] = unable
                    result["wrong"] += wrong
                    add(result["counts"], counts)
                    for line in wrong:
                        print(f"{fault.number} {' '.join(map(str, arguments))} (round {number}): {line}", flush=True)
    finally:
        cluster.remove()
    print(f"\n| fault | what happens | runs | violations | seen |\n| --- | --- | --- | --- | --- |")
    for number in sorted(results, key=lambda n: (n[0], int(n[1:]))):
        result = results[number]
        seen = result["unable"] or ", ".join(f"{name}: {value}" for name, value in result["counts"].items())
        print(f"| {number} | {result['title']} | {result['runs']} | {len(result['wrong'])} | {seen} |")
    broken = sum(len(result["wrong"]) for result in results.values())
    runs = sum(result["runs"] for result in results.values())
    print(f"\n{runs} runs in {time.monotonic() - begin:.0f} s, {broken} violations")
    sys.exit(1 if broken else 0)


if __name__ == "__main__":
    main()
