"""All of Volcanion under load at once: the API and the sync worker as processes, or `volcanion up`."""

import contextlib
import http.client
import json
import pathlib
import re
import shutil
import subprocess
import tempfile
import threading
import time

from circumstances import BenchError
from stage import Partner, Service, children, wait_until
from subject import SCHEMA, Subject, cpu_seconds
from up import PrivateStore, read_env

UNUSED_SECONDS = 20  # then a connection may be closed soon by the server
# Of all that is stored and not yet projected.
QUEUED = "SELECT coalesce(sum(event_count), 0)::bigint FROM write.outbox"
STORED = "SELECT coalesce(sum(event_count), 0)::bigint FROM write.batches"


@contextlib.contextmanager
def folder_in(directory):
    folder = pathlib.Path(tempfile.mkdtemp(prefix="volcanion-bench-", dir=directory))
    folder.chmod(0o755)  # run by root, PostgreSQL is another user
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


class Whole(Subject):
    """A Subject with `volcanion sync`, which is not started yet. A context manager."""

    def __init__(self, build, folder):
        super().__init__(build.resolve(), folder)
        self._reader, self._asked = None, -UNUSED_SECONDS

    def __enter__(self):
        super().__enter__()
        self.sync = self.service("sync")
        return self

    def __exit__(self, *_):
        if self.sync.is_running():
            self.sync.kill()
        super().__exit__()

    @staticmethod
    def start(service):
        service.start().wait_until_ready()

    def queued(self):
        """Events that are stored and not yet projected."""
        return self.sql(QUEUED)[0][0]

    def drain(self, seconds=3600):
        """Waits until all is projected. How long it took, and how many events it were."""
        before = self.queued()
        return wait_until("the outbox is empty", lambda: self.queued() == 0, seconds, interval=0.05), before

    def stored(self):
        return self.sql(STORED)[0][0]

    def generate(self, watch=True, prefix=None, **how):
        """What the generator measured. Its options are named as they are there, with _ for -."""
        self.runs += 1
        command = [self.load, "--port", str(self.api.port), "--key", self.partner.flagging_key,
                   "--prefix", prefix or f"r{self.runs:04}"]
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

    def ask(self, path):
        """An answer of the API to the administrator, past the cache, and the seconds it took. One connection for all."""
        if time.monotonic() - self._asked > UNUSED_SECONDS:
            self._reader = http.client.HTTPConnection("127.0.0.1", self.api.port, timeout=120)
            self._reader.connect()
        began = time.perf_counter()
        self._reader.request("GET", path, headers={"Authorization": f"Bearer {self.token}",
                                                  "Cache-Control": "no-cache"})
        answer = self._reader.getresponse()
        text = answer.read()
        seconds = time.perf_counter() - began
        self._asked = time.monotonic()
        if answer.status != 200:
            raise BenchError(f"{path}: {answer.status} {text[:300]!r}")
        return json.loads(text), seconds


class WholeUp(Whole):
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
        self.store = PrivateStore(self.folder / "var/stores.env", "VOLCANION_WRITE_DSN")
        return self

    def sql(self, statement):
        return self.store.sql(None, statement)

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
