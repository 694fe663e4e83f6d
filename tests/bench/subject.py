"""What the benchmarks of the whole measure: Volcanion's processes on a PostgreSQL of their own, under load."""

import contextlib
import http.client
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import threading
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "fault"))
from circumstances import BenchError
from stage import Partner, Postgres, Service, children, wait_until
from up import PrivateStore, read_env

WRITE, READ = "bench_write", "bench_read"
POSTGRES_SETTINGS = {  # as `up` sets them
    "shared_buffers": "512MB", "effective_cache_size": "8GB", "work_mem": "8MB", "maintenance_work_mem": "64MB",
    "min_wal_size": "128MB", "max_wal_size": "1GB", "checkpoint_timeout": "10min", "random_page_cost": "1.1",
    "jit": "off"}
POSTGRES_IN_WORDS = ("PostgreSQL 15, fsync, full_page_writes and synchronous_commit on, data checksums, 512 MB of "
                     "shared buffers, max_wal_size 1 GB")
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
# Of all that is stored and not yet projected.
QUEUED = "SELECT coalesce(sum(event_count), 0)::bigint FROM write.outbox"
SETTINGS = "SELECT current_setting('fsync'), current_setting('full_page_writes'), current_setting('synchronous_commit')"


def cpu_seconds(pids):
    """User and system time of these processes, and of those of their children that have ended."""
    ticks = 0
    for pid in pids:
        with contextlib.suppress(OSError):
            fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
            ticks += sum(map(int, fields[11:15]))
    return ticks / TICKS


@contextlib.contextmanager
def folder_in(directory):
    folder = pathlib.Path(tempfile.mkdtemp(prefix="volcanion-bench-", dir=directory))
    folder.chmod(0o755)  # run by root, PostgreSQL is another user
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


class Subject:
    """`volcanion api` and `volcanion sync` on a PostgreSQL with both stores. A context manager."""

    def __init__(self, build, folder):
        self.binary = str(build.resolve() / "volcanion")
        self.generator = str(build / "tests/bench/bench_event_load")
        self.folder = folder
        self.loads = 0

    def __enter__(self):
        self.postgres = Postgres(self.folder / "postgres", POSTGRES_SETTINGS)
        try:
            return self._set_up()
        except BaseException:
            self.postgres.kill()
            raise

    def _set_up(self):
        for database in (WRITE, READ):
            self.postgres.sql("postgres", f"CREATE DATABASE {database}")
        if self.postgres.sql("postgres", SETTINGS) != [("on", "on", "on")]:
            raise BenchError("PostgreSQL is not as durable as it has to be")
        environment = {"VOLCANION_WRITE_DSN": self.postgres.dsn(WRITE), "VOLCANION_READ_DSN": self.postgres.dsn(READ)}
        self.api, self.sync = (Service(self.binary, name, environment, self.folder) for name in ("api", "sync"))
        self._command("migrate")
        self.token = self._command("admin-token")
        self.start(self.api)
        self.partner = Partner(self.api.port, self.token, SCHEMA)
        return self

    def _command(self, *arguments):
        done = subprocess.run([self.binary, *arguments], env=self.api.environment, capture_output=True, text=True,
                              check=False)
        if done.returncode != 0:
            raise BenchError(done.stderr)
        return done.stdout.strip()

    def __exit__(self, *_):
        for service in (self.api, self.sync):
            if service.is_running():
                service.kill()
        self.postgres.kill()

    @staticmethod
    def start(service):
        service.start().wait_until_ready()

    def queued(self):
        """Events that are stored and not yet projected."""
        return self.postgres.sql(WRITE, QUEUED)[0][0]

    def drain(self, seconds=3600):
        """Waits until all is projected. How long it took, and how many events it were."""
        before = self.queued()
        return wait_until("the outbox is empty", lambda: self.queued() == 0, seconds, interval=0.05), before

    def load(self, watch=True, prefix=None, **how):
        """What the generator measured. Its options are named as they are there, with _ for -."""
        self.loads += 1
        command = [self.generator, "--port", str(self.api.port), "--key", self.partner.flagging_key,
                   "--prefix", prefix or f"r{self.loads:04}"]
        if watch:
            command += ["--watch", self.partner.flagging, "--token", self.token]
        for name, value in how.items():
            if value is not False:
                command += [f"--{name.replace('_', '-')}"] + ([] if value is True else [str(value)])
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode != 0:
            raise BenchError(done.stderr)
        return json.loads(done.stdout)

    def processes(self):
        """Those of Volcanion, by name."""
        return {"api": self.api.process.pid, "sync": self.sync.process.pid}

    def postgres_processes(self):
        return [self.postgres.process.pid, *children(self.postgres.process.pid)]

    def cpu(self):
        """Seconds that each part has used so far."""
        return {"api": cpu_seconds([self.api.process.pid]),
                "sync": cpu_seconds([self.sync.process.pid]) if self.sync.is_running() else 0,
                "postgresql": cpu_seconds(self.postgres_processes())}

    def ask(self, path, parse=json.loads):
        """An answer of the API to the administrator, and the seconds it took. One connection for all."""
        if not hasattr(self, "_connection"):
            self._connection = http.client.HTTPConnection("127.0.0.1", self.api.port, timeout=120)
        began = time.perf_counter()
        self._connection.request("GET", path, headers={"Authorization": f"Bearer {self.token}"})
        answer = self._connection.getresponse()
        text = answer.read()
        seconds = time.perf_counter() - began
        if answer.status != 200:
            raise BenchError(f"{path}: {answer.status} {text[:300]!r}")
        return parse(text), seconds


class UpSubject(Subject):
    """The same as one process: `volcanion up` with its private PostgreSQL."""

    def __enter__(self):
        self.api = Service(self.binary, "up", {}, self.folder)
        try:
            self.start(self.api)
            self.token = read_env(self.folder / "var/demo.env")["VOLCANION_ADMIN_TOKEN"]
            self.partner = Partner(self.api.port, self.token, SCHEMA)
        except BaseException:
            self.api.kill()
            raise
        self.postgres = PrivateStore(self.folder / "var/stores.env", "VOLCANION_WRITE_DSN")
        return self

    def __exit__(self, *_):
        if self.api.is_running():
            self.api.terminate()

    def processes(self):
        return {"up": self.api.process.pid}

    def postgres_processes(self):
        return children(self.api.process.pid)


class Watch:
    """Samples something in a thread, as (seconds, value), while it is entered."""

    def __init__(self, sample, interval):
        self._sample, self._interval = sample, interval
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self.samples, self.failure = [], None

    def _run(self):
        began = time.monotonic()
        try:
            while True:
                self.samples.append((time.monotonic() - began, self._sample()))
                if self._stop.wait(self._interval):
                    return
        except Exception as failure:  # told to the thread that waits
            self.failure = failure

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, kind, *_):
        self._stop.set()
        self._thread.join()
        if self.failure and kind is None:
            raise self.failure


def memory_megabytes(pids):
    """Of these processes together: what is resident; what belongs to them alone (not PostgreSQL's shared buffers, which
    one process may be the only one to have touched); and everything, with what they share counted once."""
    names = {"Rss": "resident", "Anonymous": "private", "Pss": "proportional"}
    found = dict.fromkeys(names.values(), 0.0)
    for pid in pids:
        with contextlib.suppress(OSError):  # it has ended
            text = pathlib.Path(f"/proc/{pid}/smaps_rollup").read_text()
            for name, kilobytes in re.findall(r"^(\w+):\s+(\d+) kB", text, re.MULTILINE):
                if name in names:
                    found[names[name]] += int(kilobytes) / 1024
    return found
