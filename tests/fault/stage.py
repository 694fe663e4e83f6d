"""What the laboratory plays on: PostgreSQL clusters of its own, proxies before them, and the processes of Volcanion."""

import ctypes
import http.client
import json
import os
import pathlib
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
import time

import psycopg2

from proxy import Proxy

POSTGRES = pathlib.Path("/usr/lib/postgresql/15/bin")
START_SECONDS = 60
READY_SECONDS = 5  # what a service may need once its dependency is back
SETTLE_SECONDS = 120  # for everything that is stored to be projected
WRITE, READ = "volcanion_write", "volcanion_read"

LIBC = ctypes.CDLL(None)


class Failure(Exception):
    """A promise that was not kept, or a state that did not come."""


def wait_until(what, holds, seconds, interval=0.02):
    """Seconds that it took."""
    began = time.monotonic()
    while not holds():
        if time.monotonic() - began > seconds:
            raise Failure(f"after {seconds} s still not: {what}")
        time.sleep(interval)
    return time.monotonic() - began


def free_port():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return taken.getsockname()[1]


def end_with_parent():
    LIBC.prctl(1, signal.SIGKILL)  # PR_SET_PDEATHSIG: a laboratory that is killed leaves nothing behind


def children(pid):
    """All processes below it."""
    below = {}
    for entry in os.listdir("/proc"):
        if entry.isdigit():
            try:
                stat = pathlib.Path(f"/proc/{entry}/stat").read_text()
            except OSError:
                continue
            below.setdefault(int(stat.rpartition(")")[2].split()[1]), []).append(int(entry))
    found, todo = [], [pid]
    while todo:
        more = below.get(todo.pop(), [])
        found += more
        todo += more
    return found


def send_signal(pids, number):
    for pid in pids:
        try:
            os.kill(pid, number)
        except ProcessLookupError:
            pass


class Postgres:
    """A cluster in a folder, with a TCP port that stays the same. Run by root, its processes are the user postgres."""

    def __init__(self, folder, settings=None):
        self.folder = folder
        self.port = free_port()
        self.process = None
        self.user = pwd.getpwnam("postgres") if os.geteuid() == 0 else None
        folder.mkdir()
        if self.user:
            os.chown(folder, self.user.pw_uid, self.user.pw_gid)
        self._run("initdb", "-D", str(folder / "data"), "-U", "volcanion", "--auth=trust", "--no-sync", "--locale=C",
                  "--encoding=UTF8", "--data-checksums")
        with open(folder / "data/postgresql.conf", "a", encoding="utf-8") as conf:
            conf.write(f"listen_addresses = '127.0.0.1'\nport = {self.port}\nunix_socket_directories = '{folder}'\n"
                       "max_connections = 200\nlog_min_messages = panic\n")
            conf.writelines(f"{name} = '{value}'\n" for name, value in (settings or {}).items())
        self.start()

    def _become(self):
        end_with_parent()
        os.setpgrp()
        if self.user:
            os.setgroups([self.user.pw_gid])
            os.setgid(self.user.pw_gid)
            os.setuid(self.user.pw_uid)
            end_with_parent()  # forgotten when the user changes

    def _run(self, program, *arguments):
        subprocess.run([POSTGRES / program, *arguments], check=True, stdout=subprocess.DEVNULL, cwd="/",
                       preexec_fn=self._become)

    def start(self):
        with open(self.folder / "log", "ab") as log:
            self.process = subprocess.Popen([POSTGRES / "postgres", "-D", self.folder / "data"], stdout=log, stderr=log,
                                            cwd="/", preexec_fn=self._become)
        wait_until("PostgreSQL answers", self.answers, START_SECONDS)

    def answers(self):
        if self.process.poll() is not None:
            raise Failure(f"PostgreSQL ended with status {self.process.returncode}; see {self.folder}/log")
        try:
            psycopg2.connect(self.dsn("postgres")).close()
            return True
        except psycopg2.OperationalError:
            return False

    def dsn(self, database, proxy_port=None):
        """By way of the Unix socket, as `volcanion up` does it, or of a proxy before the TCP port."""
        server = f"host=127.0.0.1 port={proxy_port}" if proxy_port else f"host={self.folder} port={self.port}"
        return f"{server} user=volcanion dbname={database} connect_timeout=5"

    def sql(self, database, statement, parameters=None):
        """Rows of a statement in a transaction of its own."""
        connection = psycopg2.connect(self.dsn(database))
        try:
            connection.autocommit = True
            with connection.cursor() as cursor:
                cursor.execute(statement, parameters)
                return cursor.fetchall() if cursor.description else []
        finally:
            connection.close()

    def processes(self):
        return [self.process.pid, *children(self.process.pid)]

    def kill(self):
        """kill -9 of all of it."""
        pids = self.processes()
        send_signal(pids, signal.SIGKILL)
        self.process.wait()
        wait_until("PostgreSQL's processes are gone", lambda: not any(os.path.exists(f"/proc/{pid}") for pid in pids), 30)

    def stop(self, number=signal.SIGINT):
        """SIGINT: fast. SIGQUIT: immediate, as if the machine had crashed."""
        self.process.send_signal(number)
        self.process.wait(timeout=60)

    def dump(self, database, file):
        self._run("pg_dump", "-Fc", "-d", self.dsn(database), "-f", str(file))

    def restore(self, database, file):
        self._run("createdb", "-h", str(self.folder), "-p", str(self.port), "-U", "volcanion", database)
        # As docs/operations.md has it: `migrate` gives the rights.
        self._run("pg_restore", "--no-owner", "--no-acl", "--exit-on-error", "-d", self.dsn(database), str(file))


class Service:
    """`volcanion api`, `volcanion sync` or `volcanion up`, on ports that it keeps when it is started again."""

    def __init__(self, binary, command, environment, folder):
        self.command = command
        self.port = free_port()
        self.admin_port = free_port()
        self.binary = binary
        self.folder = folder
        self.environment = {
            "PATH": "/usr/bin:/bin",
            "VOLCANION_LISTEN": f"127.0.0.1:{self.port}",
            "VOLCANION_ADMIN_LISTEN": f"127.0.0.1:{self.admin_port}",
            "VOLCANION_LOG_LEVEL": "warning",
            "VOLCANION_DATA_DIR": str(folder / "var"),
            **{name: value for name, value in os.environ.items() if name.endswith("SAN_OPTIONS")},
            **environment,
        }
        self.process = None
        self.said = ""  # when it was last asked whether it is ready

    def start(self):
        with open(self.folder / f"{self.command}-{self.admin_port}.log", "ab") as log:
            self.process = subprocess.Popen([self.binary, self.command], stdin=subprocess.DEVNULL, stdout=log,
                                            stderr=log, env=self.environment, cwd=self.folder,
                                            preexec_fn=end_with_parent)
        return self

    def is_ready(self):
        if self.process.poll() is not None:
            raise Failure(f"{self.command} ended by itself with status {self.process.returncode}; see {self.folder}")
        try:
            connection = http.client.HTTPConnection("127.0.0.1", self.admin_port, timeout=5)
            connection.request("GET", "/health/ready")
            answer = connection.getresponse()
            self.said = answer.read().decode(errors="replace")
            return answer.status == 200
        except (OSError, http.client.HTTPException) as error:
            self.said = repr(error)
            return False
        finally:
            connection.close()

    def metric(self, name):
        """Its value; 0 when there is none of that name and labels."""
        connection = http.client.HTTPConnection("127.0.0.1", self.admin_port, timeout=5)
        connection.request("GET", "/metrics")
        lines = connection.getresponse().read().decode().splitlines()
        connection.close()
        return next((float(line.rpartition(" ")[2]) for line in lines if line.startswith(name + " ")), 0)

    def wait_until_ready(self, seconds=START_SECONDS):
        try:
            return wait_until(f"{self.command} is ready", self.is_ready, seconds)
        except Failure as failure:
            raise Failure(f"{failure}: {self.said}") from None

    def kill(self):
        self.process.kill()
        self.process.wait()

    def terminate(self):
        """A clean stop; anything but status 0 is a failure."""
        self.process.send_signal(signal.SIGTERM)
        try:
            status = self.process.wait(timeout=30)
        except subprocess.TimeoutExpired:
            raise Failure(f"{self.command} does not stop on SIGTERM") from None
        if status != 0:
            raise Failure(f"{self.command} ended on SIGTERM with status {status}; see {self.folder}")

    def is_running(self):
        return self.process is not None and self.process.poll() is None


class Partner:
    """What the load needs: systems with keys. `strict` refuses events that break their structure."""

    def __init__(self, port, token, schema=None):
        self._port, self.token = port, token
        partner = self._post("/api/partners", {"name": f"Laboratory {time.time_ns()}"})["partnerId"]
        self.id = partner
        self.describe("purchase", schema or {
            "type": "object", "properties": {"amount": {"type": "number", "minimum": 0}}, "required": ["amount"]})
        self.flagging, self.flagging_key = self.add_system("flagging", "flag")
        self.strict, self.strict_key = self.add_system("strict", "reject")

    def describe(self, event_name, schema):
        self._post(f"/api/partners/{self.id}/structures",
                   {"eventName": event_name, "state": "active", "schema": schema})

    def add_system(self, name, policy):
        """Its id, and a key."""
        system = self._post(f"/api/partners/{self.id}/systems", {"name": name, "invalidEvents": policy})["partnerSystemId"]
        return system, self._post(f"/api/systems/{system}/keys", {"name": "load"})["key"]

    def _post(self, path, body):
        connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=10)
        connection.request("POST", path, json.dumps(body),
                           {"Content-Type": "application/json", "Authorization": f"Bearer {self.token}"})
        answer = connection.getresponse()
        text = answer.read()
        connection.close()
        if answer.status not in (200, 201):
            raise Failure(f"{path}: {answer.status} {text[:300]!r}")
        return json.loads(text)


class Stage:
    """Two clusters, a proxy before each, API and sync processes, and a partner. A context manager."""

    def __init__(self, binary, keep=False):
        self.binary = binary
        self.keep = keep
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="volcanion-fault-"))
        self.folder.chmod(0o755)  # run by root, PostgreSQL is another user
        self.clusters = []
        self.services = []
        self.proxies = []
        self.apis = []
        self.syncs = []
        self.events = {}  # all that was ever sent here, by system and id
        self.measured = {}  # by the fault that is being played
        self.late = set()  # keys of events that a fault has written by itself
        self.open_seconds = 5  # how long a transaction is left open
        self.sanitized = False  # the program is built with sanitizers

    def __enter__(self):
        try:
            self._set_up()
        except BaseException:
            self.__exit__(Failure, None, None)
            raise
        return self

    def _set_up(self):
        self.write = self._cluster("write")
        self.read = self._cluster("read")
        self.write.sql("postgres", f"CREATE DATABASE {WRITE}")
        self.read.sql("postgres", f"CREATE DATABASE {READ}")
        self.write_proxy = self._proxy(self.write.port)
        self.read_proxy = self._proxy(self.read.port)
        self.environment = {"VOLCANION_WRITE_DSN": self.write.dsn(WRITE, self.write_proxy.port),
                            "VOLCANION_READ_DSN": self.read.dsn(READ, self.read_proxy.port)}
        self.command("migrate")
        token = self.command("admin-token", "--name", "laboratory").strip()
        self.apis = [self.service("api").start()]
        self.syncs = [self.service("sync").start()]
        self.wait_until_ready(START_SECONDS)
        self.partner = Partner(self.apis[0].port, token)

    def _cluster(self, name):
        self.clusters.append(Postgres(self.folder / f"{name}-{len(self.clusters)}"))
        return self.clusters[-1]

    def _proxy(self, port):
        self.proxies.append(Proxy(port))
        return self.proxies[-1]

    def service(self, command, environment=None):
        self.services.append(Service(self.binary, command, self.environment | (environment or {}), self.folder))
        return self.services[-1]

    def command(self, *arguments):
        done = subprocess.run([self.binary, *arguments], env={"PATH": "/usr/bin:/bin"} | self.environment, text=True,
                              capture_output=True, timeout=120, check=False)
        if done.returncode != 0:
            raise Failure(f"volcanion {' '.join(arguments)} ended with status {done.returncode}: {done.stderr}")
        return done.stdout

    def new_clusters(self):
        """Fresh ones behind the same proxies; the old ones, which go on until they are stopped."""
        old = self.write, self.read
        self.write, self.read = self._cluster("write"), self._cluster("read")
        return old

    def wait_until_ready(self, seconds=READY_SECONDS):
        return max(service.wait_until_ready(seconds) for service in self.apis + self.syncs)

    def settle(self):
        """Waits until all that is stored is projected, and every transaction of the services has ended."""

        def is_settled():
            return self.write.sql(WRITE, "SELECT count(*) FROM write.outbox")[0][0] == 0

        return wait_until("the outbox is empty", is_settled, SETTLE_SECONDS)

    def __exit__(self, kind, _value, _trace):
        for service in self.services:
            if service.is_running():
                send_signal([service.process.pid], signal.SIGCONT)
                service.kill()
        for cluster in self.clusters:
            if cluster.process and cluster.process.poll() is None:
                send_signal(cluster.processes(), signal.SIGCONT)
                cluster.kill()
        for proxy in self.proxies:
            proxy.close()
        if kind is None and not self.keep:
            shutil.rmtree(self.folder, ignore_errors=True)
        else:
            print(f"kept for a look: {self.folder}", flush=True)
