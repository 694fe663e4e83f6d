"""What the benchmarks of the whole program measure: a PostgreSQL of its own with both stores in one database, as
`volcanion up` has them, and processes of Volcanion on it."""

import contextlib
import json
import os
import pathlib
import statistics
import subprocess
import time

import circumstances
from circumstances import BenchError
from stage import Partner, Postgres, Service

DATABASE = "bench"
MEMORY_MB = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") >> 20
# As `volcanion up` sets its own; fsync, full_page_writes and synchronous_commit are on by default, and stage.Postgres has
# data checksums.
SETTINGS = {
    "shared_buffers": f"{max(32, min(MEMORY_MB // 8, 4096))}MB", "effective_cache_size": f"{MEMORY_MB // 2}MB",
    "work_mem": "8MB", "maintenance_work_mem": "64MB",
    "min_wal_size": "128MB", "max_wal_size": "4GB", "wal_compression": "lz4",
    "checkpoint_timeout": "10min", "random_page_cost": "1.1", "jit": "off"}
SCHEMA = {
    "type": "object",
    "required": ["amount", "currency", "order"],
    "properties": {
        "amount": {"type": "number", "minimum": 0}, "currency": {"enum": ["EUR", "USD", "GBP"]},
        "channel": {"type": "string", "maxLength": 20}, "order": {"type": "string", "pattern": "^A-[0-9]+-[0-9]+$"},
        "page": {"type": "string"}, "campaign": {"type": "string"},
        "placedAt": {"type": "string", "format": "date-time"}, "items": {"type": "integer", "minimum": 1}},
}
TICKS = os.sysconf("SC_CLK_TCK")


def cpu_seconds(pids):
    """User and system time of these processes, and of those of their children that have ended."""
    ticks = 0
    for pid in pids:
        with contextlib.suppress(OSError):
            fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
            ticks += sum(map(int, fields[11:15]))
    return ticks / TICKS


def spread(values):
    return {"median": statistics.median(values), "min": min(values), "max": max(values)}


class Subject:
    """PostgreSQL and `volcanion api`, with a partner whose key sends. A context manager."""

    def __init__(self, build, folder):
        self.binary = str(build / "volcanion")
        self.load = str(build / "tests/bench/bench_event_load")
        self.folder = folder
        self.runs = 0

    def __enter__(self):
        self.postgres = Postgres(self.folder / "postgres", SETTINGS)
        self.postgres.sql("postgres", f"CREATE DATABASE {DATABASE}")
        dsn = self.postgres.dsn(DATABASE)
        self.environment = {"VOLCANION_WRITE_DSN": dsn, "VOLCANION_READ_DSN": dsn}
        self.api = self.service("api")

        self.command("migrate")
        self.token = self.command("admin-token")
        self.api.start().wait_until_ready()
        self.partner = Partner(self.api.port, self.token, SCHEMA)
        return self

    def __exit__(self, *_):
        if self.api.is_running():
            self.api.kill()
        self.postgres.kill()

    def command(self, *arguments):
        done = subprocess.run([self.binary, *arguments], env=self.api.environment, capture_output=True, text=True,
                              check=False)
        if done.returncode != 0:
            raise BenchError(done.stderr)
        return done.stdout.strip()

    def service(self, command, environment=None):
        return Service(self.binary, command, self.environment | (environment or {}), self.folder)

    def sql(self, statement):
        return self.postgres.sql(DATABASE, statement)

    @contextlib.contextmanager
    def watched(self, process, found):
        """Puts into `found`: seconds, and the processor time of this process and of PostgreSQL meanwhile."""
        began = time.monotonic()
        ours = cpu_seconds([process.pid]) if process else 0
        postgres = cpu_seconds(self.postgres.processes())
        yield
        found["seconds"] = time.monotonic() - began
        found["cpuSeconds"] = (cpu_seconds([process.pid]) if process else 0) - ours
        found["postgresCpuSeconds"] = cpu_seconds(self.postgres.processes()) - postgres

    def send(self, *, seconds, batch, connections, port=None, rate=0, max_events=0, warm_up=1):
        """What the load generator measured, with the processor time of both sides per event."""
        self.runs += 1
        spent = {}
        with self.watched(self.api.process, spent):
            done = subprocess.run(
                [self.load, "--port", str(port or self.api.port), "--key", self.partner.flagging_key, "--prefix",
                 f"r{self.runs:04}", "--batch", str(batch), "--connections", str(connections), "--seconds", str(seconds),
                 "--warm-up", str(warm_up), "--rate", str(rate), "--max-events", str(max_events)],
                capture_output=True, text=True, check=False)
        if done.returncode != 0:
            raise BenchError(done.stderr)
        result = json.loads(done.stdout)
        result["apiMicrosecondsPerEvent"] = spent["cpuSeconds"] * 1e6 / result["sent"]
        result["postgresMicrosecondsPerEvent"] = spent["postgresCpuSeconds"] * 1e6 / result["sent"]
        result["generatorMicrosecondsPerEvent"] = result["cpuSeconds"] * 1e6 / result["sent"]
        return result


def print_program(report, more):
    """The first lines of every report: where, and what was measured."""
    what = report["versions"]
    print(f"machine   {circumstances.machine_line(report['machine'])}")
    print(f"program   volcanion {what['volcanion']} ({what['build']}, {what['compiler']}); {more}")
    print("database  PostgreSQL 15, both stores in one database; fsync, full_page_writes and synchronous_commit on, data "
          "checksums, " + ", ".join(f"{name} {value}" for name, value in SETTINGS.items()))
