#!/usr/bin/env python3
"""Measures ingestion, beside what PostgreSQL and the HTTP edge can do at best, in turn, in one run."""

import argparse
import contextlib
import json
import os
import pathlib
import shutil
import statistics
import subprocess
import sys
import tempfile
import time

sys.dont_write_bytecode = True
sys.path[:0] = [str(pathlib.Path(__file__).resolve().parents[1]), str(pathlib.Path(__file__).resolve().parents[2] / "fault")]
import circumstances
from circumstances import BenchError
from stage import Failure, Partner, Postgres, Service, children

WRITE, READ = "bench_write", "bench_read"
BATCH = 500
BATCH_CONNECTIONS = 8
SINGLE_CONNECTIONS = 64
COPY_ROWS = 200_000
WARM_UP_SECONDS = 1
TICKS = os.sysconf("SC_CLK_TCK")
ANSWER = '{"eventId":"e1","status":"stored","isValid":true,"schemaVersion":2,"position":"4711","validationErrors":[]}'
SCHEMA = {
    "type": "object",
    "required": ["amount", "currency", "order"],
    "properties": {
        "amount": {"type": "number", "minimum": 0}, "currency": {"enum": ["EUR", "USD", "GBP"]},
        "channel": {"type": "string", "maxLength": 20}, "order": {"type": "string", "pattern": "^A-[0-9]+-[0-9]+$"},
        "page": {"type": "string"}, "campaign": {"type": "string"},
        "placedAt": {"type": "string", "format": "date-time"}, "items": {"type": "integer", "minimum": 1}},
}
# What a committer writes for an event, apart from the batch: into tables of the same shape and with the same keys.
TABLES = ["tracking_events", "event_keys"]


def cpu_seconds(pids):
    """User and system time of these processes, and of those of their children that have ended."""
    ticks = 0
    for pid in pids:
        with contextlib.suppress(OSError):
            fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
            ticks += sum(map(int, fields[11:15]))
    return ticks / TICKS


class Subject:
    """A PostgreSQL of its own with both stores, and `volcanion api` on it. A context manager."""

    def __init__(self, build, folder):
        self.binary = str(build / "volcanion")
        self.load = str(build / "tests/bench/bench_event_load")
        self.folder = folder
        self.runs = 0

    def __enter__(self):
        self.postgres = Postgres(self.folder / "postgres", {
            "shared_buffers": "512MB", "max_wal_size": "1GB", "min_wal_size": "128MB"})
        for database in (WRITE, READ):
            self.postgres.sql("postgres", f"CREATE DATABASE {database}")
        environment = {"VOLCANION_WRITE_DSN": self.postgres.dsn(WRITE), "VOLCANION_READ_DSN": self.postgres.dsn(READ)}
        self.api = Service(self.binary, "api", environment, self.folder)

        def command(*arguments):
            done = subprocess.run([self.binary, *arguments], env=self.api.environment, capture_output=True, text=True,
                                  check=False)
            if done.returncode != 0:
                raise BenchError(done.stderr)
            return done.stdout.strip()

        command("migrate")
        token = command("admin-token")
        self.api.start().wait_until_ready()
        self.partner = Partner(self.api.port, token, SCHEMA)
        return self

    def __exit__(self, *_):
        self.api.kill()
        self.postgres.kill()

    def send(self, seconds, batch, connections, port=None):
        """What the load generator measured, with the processor time of both sides per event."""
        self.runs += 1
        postgres = [self.postgres.process.pid, *children(self.postgres.process.pid)]
        before = cpu_seconds([self.api.process.pid]), cpu_seconds(postgres)
        done = subprocess.run(
            [self.load, "--port", str(port or self.api.port), "--key", self.partner.flagging_key, "--prefix",
             f"r{self.runs:04}", "--batch", str(batch), "--connections", str(connections), "--seconds", str(seconds),
             "--warm-up", str(WARM_UP_SECONDS)], capture_output=True, text=True, check=False)
        if done.returncode != 0:
            raise BenchError(done.stderr)
        result = json.loads(done.stdout)
        result["apiMicrosecondsPerEvent"] = (cpu_seconds([self.api.process.pid]) - before[0]) * 1e6 / result["sent"]
        result["postgresMicrosecondsPerEvent"] = (cpu_seconds(postgres) - before[1]) * 1e6 / result["sent"]
        return result

    def prepare_copy(self):
        self.postgres.sql(WRITE, "CREATE SCHEMA bench")
        for table in TABLES:
            self.postgres.sql(WRITE, f"CREATE TABLE bench.{table} (LIKE write.{table} INCLUDING ALL)")
            self.psql(f"\\copy (SELECT * FROM write.{table} ORDER BY batch_id, ordinal LIMIT {COPY_ROWS}) TO "
                      f"'{self.folder}/{table}.copy'")

    def copy(self):
        """Events per second of psql's COPY into both tables, each in a transaction."""
        for table in TABLES:
            self.postgres.sql(WRITE, f"TRUNCATE bench.{table}")
        began = time.monotonic()
        for table in TABLES:
            self.psql(f"\\copy bench.{table} FROM '{self.folder}/{table}.copy'")
        seconds = time.monotonic() - began
        return self.postgres.sql(WRITE, "SELECT count(*) FROM bench.tracking_events")[0][0] / seconds

    def psql(self, command):
        done = subprocess.run(["psql", "-X", "-q", "-v", "ON_ERROR_STOP=1", "-d", self.postgres.dsn(WRITE), "-c", command],
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


def spread(values):
    return {"median": statistics.median(values), "min": min(values), "max": max(values)}


def measure(options, folder):
    rounds = []
    with Subject(options.build, folder) as subject, bare_edge(options.build) as edge:
        subject.send(max(2, options.seconds), BATCH, BATCH_CONNECTIONS)  # fills what is copied
        subject.prepare_copy()
        for number in range(1, options.rounds + 1):
            rounds.append({
                "copy": subject.copy(),
                "batches": subject.send(options.seconds, BATCH, BATCH_CONNECTIONS),
                "edge": subject.send(options.seconds, 1, SINGLE_CONNECTIONS, edge),
                "singles": subject.send(options.seconds, 1, SINGLE_CONNECTIONS),
            })
            if sys.stderr.isatty():
                print(f"\rround {number} of {options.rounds}", end="" if number < options.rounds else "\n",
                      file=sys.stderr, flush=True)
        stored = subject.postgres.sql(WRITE, "SELECT count(*) FROM write.tracking_events")[0][0]
    return rounds, stored


def summary(rounds):
    def of(kind, key):
        return spread([one[kind][key] for one in rounds])

    copy = spread([one["copy"] for one in rounds])
    edge = of("edge", "eventsPerSecond")
    results = {"copy": {"eventsPerSecond": copy}, "edge": {"eventsPerSecond": edge}}
    for kind, against, by in (("batches", copy, "copy"), ("singles", edge, "edge")):
        results[kind] = {key: of(kind, key) for key in (
            "eventsPerSecond", "p50Milliseconds", "p99Milliseconds", "apiMicrosecondsPerEvent",
            "postgresMicrosecondsPerEvent")}
        results[kind]["refused"] = sum(one[kind]["refused"] for one in rounds)
        results[kind]["ratio"] = results[kind]["eventsPerSecond"]["median"] / against["median"]
        results[kind]["against"] = by
    return results


def print_table(results):
    rows = [("", "events/s", "ratio", "p50 ms", "p99 ms", "us of ours", "us of PostgreSQL", "refused")]
    for kind, found in results.items():
        rate = found["eventsPerSecond"]

        def median(key):
            return f"{found[key]['median']:.1f}" if key in found else ""

        rows.append((kind, f"{rate['median']:,.0f} ({rate['min']:,.0f} - {rate['max']:,.0f})",
                     f"{found['ratio']:.2f} of {found['against']}" if "ratio" in found else "1",
                     median("p50Milliseconds"), median("p99Milliseconds"), median("apiMicrosecondsPerEvent"),
                     median("postgresMicrosecondsPerEvent"), str(found.get("refused", ""))))
    circumstances.print_table(rows)


def run(options):
    report = {
        "benchmark": "ingest",
        "began": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
        "machine": circumstances.machine(),
        "versions": circumstances.built(options.build),
        "secondsPerMeasurement": options.seconds,
        "loadBefore": os.getloadavg(),
    }
    folder = pathlib.Path(tempfile.mkdtemp(prefix="volcanion-bench-", dir=options.directory))
    folder.chmod(0o755)
    try:
        report["rounds"], report["storedEvents"] = measure(options, folder)
    except Failure as failure:
        raise BenchError(str(failure)) from None
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    report["results"] = summary(report["rounds"])
    report["eventBytes"] = report["rounds"][0]["batches"]["eventBytes"]
    where, what = report["machine"], report["versions"]
    print(f"machine   {circumstances.machine_line(where)}")
    print(f"program   volcanion {what['volcanion']} ({what['build']}, {what['compiler']}); PostgreSQL 15, fsync, "
          "full_page_writes and synchronous_commit on, data checksums, 512 MB of shared buffers")
    print(f"events    {report['eventBytes']} bytes as sent, unique ids, judged by a schema, all valid; "
          f"{report['storedEvents']:,} stored at the end; generator, API and PostgreSQL share the machine")
    print(f"rounds    {options.rounds} of {options.seconds} s for each in turn; load average "
          f"{report['loadBefore'][0]:.2f} before")
    print(f"batches   of {BATCH} over {BATCH_CONNECTIONS} connections, beside psql's COPY of {COPY_ROWS:,} rows into tables of "
          f"the same shape\nsingles   over {SINGLE_CONNECTIONS} connections, beside the HTTP edge with an answer at once\n")
    print_table(report["results"])
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
    parser.add_argument("--build", metavar="DIR", type=pathlib.Path, default=pathlib.Path("build"),
                        help="where it is built (default %(default)s)")
    options = parser.parse_args()
    options.build = options.build.resolve()
    if options.seconds < 1 or options.rounds < 1:
        parser.error("--seconds and --rounds are at least 1")
    try:
        run(options)
    except BenchError as error:
        sys.exit(f"bench ingest: {error}")
    except KeyboardInterrupt:
        sys.exit(130)


if __name__ == "__main__":
    main()
