#!/usr/bin/env python3
"""Measures ingestion, beside what PostgreSQL and the HTTP edge can do at best, in turn, in one run."""

import argparse
import contextlib
import json
import os
import pathlib
import subprocess
import sys
import time

sys.dont_write_bytecode = True
sys.path[:0] = [str(pathlib.Path(__file__).resolve().parents[1]), str(pathlib.Path(__file__).resolve().parents[2] / "fault")]
import circumstances
from circumstances import BenchError
from plot import Plot
from stage import Failure
from subject import DATABASE, Subject, print_program, spread
from whole import folder_in

BATCH = 500
BATCH_CONNECTIONS = 32  # 16,000 events under way: the queue takes 20,000
SINGLE_CONNECTIONS = 64
COPY_ROWS = 200_000
CURVE_CONNECTIONS = [1, 2, 4, 8, 16, 32, 64, 128, 256]
CURVE_SHARES = [0.1, 0.25, 0.5, 0.7, 0.8, 0.9, 0.95]  # of the rate at which batches were taken
ANSWER = '{"eventId":"e1","status":"stored","isValid":true,"schemaVersion":2,"position":"4711","validationErrors":[]}'
# What a committer writes for an event, apart from the batch: into tables of the same shape and with the same keys.
TABLES = ["tracking_events", "event_keys"]


class Contest(Subject):
    """Also has the tables that psql copies into."""

    def prepare_copy(self):
        self.sql("CREATE SCHEMA bench")
        for table in TABLES:
            self.sql(f"CREATE TABLE bench.{table} (LIKE write.{table} INCLUDING ALL)")
            self.psql(f"\\copy (SELECT * FROM write.{table} ORDER BY batch_id, ordinal LIMIT {COPY_ROWS}) TO "
                      f"'{self.folder}/{table}.copy'")

    def copy(self):
        """Events per second of psql's COPY into both tables, each in a transaction; with PostgreSQL's processor time."""
        for table in TABLES:
            self.sql(f"TRUNCATE bench.{table}")
        spent = {}
        with self.watched(None, spent):
            self.psql(*(f"\\copy bench.{table} FROM '{self.folder}/{table}.copy'" for table in TABLES))
        rows = self.sql("SELECT count(*) FROM bench.tracking_events")[0][0]
        return {"eventsPerSecond": rows / spent["seconds"],
                "postgresMicrosecondsPerEvent": spent["postgresCpuSeconds"] * 1e6 / rows}

    def psql(self, *commands):
        arguments = [argument for command in commands for argument in ("-c", command)]
        done = subprocess.run(["psql", "-X", "-q", "-v", "ON_ERROR_STOP=1", "-d", self.postgres.dsn(DATABASE), *arguments],
                              capture_output=True, text=True, check=False)
        if done.returncode != 0:
            raise BenchError(done.stderr)


@contextlib.contextmanager
def bare_edge(build):
    process = subprocess.Popen([build / "tests/bench/bench_edge_server", "at-once", ANSWER], stdin=subprocess.PIPE,
                               stdout=subprocess.PIPE, text=True)
    try:
        yield int(process.stdout.readline())
    finally:
        process.stdin.close()
        process.wait(timeout=10)


def measure(options, folder):
    rounds, curves = [], {}
    with Contest(options.build, folder) as subject, bare_edge(options.build) as edge:

        def batches(**how):
            return subject.send(batch=BATCH, **({"connections": BATCH_CONNECTIONS, "seconds": options.seconds} | how))

        def singles(**how):
            return subject.send(batch=1, **({"connections": SINGLE_CONNECTIONS, "seconds": options.seconds} | how))

        batches(seconds=60, max_events=COPY_ROWS + BATCH * BATCH_CONNECTIONS)  # what is copied
        subject.prepare_copy()
        for number in range(1, options.rounds + 1):
            rounds.append({"copy": subject.copy(), "batches": batches(), "edge": singles(port=edge), "singles": singles()})
            if sys.stderr.isatty():
                print(f"\rround {number} of {options.rounds}", end="" if number < options.rounds else "\n",
                      file=sys.stderr, flush=True)
        if options.svg:
            highest = spread([one["batches"]["eventsPerSecond"] for one in rounds])["median"]
            curves["singles"] = [{"connections": count} | singles(connections=count, seconds=options.curve_seconds)
                                 for count in CURVE_CONNECTIONS]
            curves["batches"] = [
                {"offered": share * highest} | batches(connections=BATCH_CONNECTIONS, rate=share * highest,
                                                       seconds=options.curve_seconds) for share in CURVE_SHARES]
        stored = subject.sql("SELECT count(*) FROM write.tracking_events")[0][0]
    return rounds, curves, stored


def summary(rounds):
    results = {}
    for kind, against in (("copy", None), ("batches", "copy"), ("edge", None), ("singles", "edge")):
        keys = [key for key in ("eventsPerSecond", "p50Milliseconds", "p99Milliseconds", "apiMicrosecondsPerEvent",
                                "postgresMicrosecondsPerEvent", "generatorMicrosecondsPerEvent") if key in rounds[0][kind]]
        results[kind] = {key: spread([one[kind][key] for one in rounds]) for key in keys}
        if against:
            results[kind]["refused"] = sum(one[kind]["refused"] for one in rounds)
            results[kind]["against"] = against
            results[kind]["ratio"] = spread(
                [one[kind]["eventsPerSecond"] / one[against]["eventsPerSecond"] for one in rounds])
    for key in ("apiMicrosecondsPerEvent", "postgresMicrosecondsPerEvent"):
        del results["edge"][key]  # neither takes part
    return results


def print_table(results):
    rows = [("", "events/s", "ratio", "p50 ms", "p99 ms", "us of ours", "us of PostgreSQL", "us of generator", "refused")]
    for kind, found in results.items():
        rate = found["eventsPerSecond"]
        ratio = found.get("ratio")

        def median(key):
            return f"{found[key]['median']:.1f}" if key in found else ""

        rows.append((kind, f"{rate['median']:,.0f} ({rate['min']:,.0f} - {rate['max']:,.0f})",
                     f"{ratio['median']:.2f} ({ratio['min']:.2f} - {ratio['max']:.2f}) of {found['against']}" if ratio else "1",
                     median("p50Milliseconds"), median("p99Milliseconds"), median("apiMicrosecondsPerEvent"),
                     median("postgresMicrosecondsPerEvent"), median("generatorMicrosecondsPerEvent"),
                     str(found.get("refused", ""))))
    circumstances.print_table(rows)


def draw(curves, file):
    def points(kind, latency):
        return [(one["eventsPerSecond"], one[latency]) for one in curves[kind]]

    names = {"singles": f"single events, {CURVE_CONNECTIONS[0]} to {CURVE_CONNECTIONS[-1]} connections",
             "batches": f"batches of {BATCH} at a given rate"}
    plot = Plot("Durable events: throughput against latency", "acknowledged events per second", "latency in ms", log_x=True,
                log_y=True)
    for kind, name in names.items():
        plot.add(f"{name}: p50", points(kind, "p50Milliseconds"))
        plot.add(f"{name}: p99", points(kind, "p99Milliseconds"))
    plot.goals.append(("goal for the p99 of single events", 20))
    plot.write(file)


def print_curves(curves):
    for kind, first in (("singles", "connections"), ("batches", "offered")):
        print()
        circumstances.print_table([(f"{kind}, {first}", "events/s", "p50 ms", "p99 ms", "longest ms", "refused")] + [
            (f"{one[first]:,.0f}", f"{one['eventsPerSecond']:,.0f}", f"{one['p50Milliseconds']:.1f}",
             f"{one['p99Milliseconds']:.1f}", f"{one['longestMilliseconds']:.1f}", str(one["refused"]))
            for one in curves[kind]])


def run(options):
    report = {
        "benchmark": "ingest",
        "began": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
        "machine": circumstances.machine(),
        "versions": circumstances.built(options.build),
        "secondsPerMeasurement": options.seconds,
        "loadBefore": os.getloadavg(),
    }
    with folder_in(options.directory) as folder:
        report["rounds"], report["curves"], report["storedEvents"] = measure(options, folder)
    report["results"] = summary(report["rounds"])
    report["eventBytes"] = report["rounds"][0]["batches"]["eventBytes"]
    print_program(report, "2 HTTP workers, 2 committers")
    print(f"events    {report['eventBytes']} bytes as sent, unique ascending ids, judged by a schema, all valid; "
          f"{report['storedEvents']:,} stored at the end; generator, API and PostgreSQL share the machine")
    print(f"rounds    {options.rounds} of {options.seconds} s for each in turn; load average "
          f"{report['loadBefore'][0]:.2f} before")
    print(f"batches   of {BATCH} over {BATCH_CONNECTIONS} connections, beside psql's COPY of {COPY_ROWS:,} rows into tables of "
          f"the same shape\nsingles   over {SINGLE_CONNECTIONS} connections, beside the HTTP edge with an answer at once\n")
    print_table(report["results"])
    if options.svg:
        print_curves(report["curves"])
        draw(report["curves"], options.svg)
    if options.json:
        pathlib.Path(options.json).write_text(json.dumps(report, indent=2) + "\n", encoding="utf-8")


def main():
    parser = argparse.ArgumentParser(
        prog="script/bench ingest",
        description="Measures how many events a second are durable: batches beside psql's COPY of the same rows, single "
        "events beside the HTTP edge alone. The goals are 1.0 and 0.25 (or 30,000 single events a second).")
    parser.add_argument("--seconds", type=int, default=5, help="length of each measurement (default %(default)s)")
    parser.add_argument("--rounds", type=int, default=5, help="measurements of each (default %(default)s)")
    parser.add_argument("--directory", metavar="DIR", default="/tmp", help="where the stores are made (default %(default)s)")
    parser.add_argument("--json", metavar="FILE", help="write everything measured to this file, too")
    parser.add_argument("--svg", metavar="FILE", help="also measure throughput against latency, and draw it as SVG")
    parser.add_argument("--curve-seconds", type=int, default=3, help="length of each of its points (default %(default)s)")
    parser.add_argument("--build", metavar="DIR", type=pathlib.Path, default=pathlib.Path("build"),
                        help="where it is built (default %(default)s)")
    options = parser.parse_args()
    options.build = options.build.resolve()
    if options.seconds < 1 or options.rounds < 1:
        parser.error("--seconds and --rounds are at least 1")
    circumstances.run_as("ingest", run, options, Failure)


if __name__ == "__main__":
    main()
