"""`volcanion up` with its private PostgreSQL, as a stage."""

import pathlib
import shutil
import tempfile

import psycopg2

from stage import START_SECONDS, Partner, Service, wait_until


class PrivateStore:
    """Reads one of the stores of `up`, whatever the database is called."""

    def __init__(self, env_file, name):
        self._env_file, self._name = env_file, name

    def sql(self, _database, statement, parameters=None):
        dsn = read_env(self._env_file)[self._name]
        connection = psycopg2.connect(dsn)
        try:
            connection.autocommit = True
            with connection.cursor() as cursor:
                cursor.execute(statement, parameters)
                return cursor.fetchall() if cursor.description else []
        finally:
            connection.close()


def read_env(file):
    lines = [line.split("=", 1) for line in file.read_text().splitlines() if "=" in line and not line.startswith("#")]
    return {name: value.strip('"') for name, value in lines}


class UpStage:
    """As Stage, for what checks and loads need of it. A context manager."""

    def __init__(self, binary, keep=False):
        self.keep = keep
        self.events = {}
        self.measured = {}  # by the fault that is being played
        self.late = set()
        self.proxies = []
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="volcanion-fault-"))
        self.folder.chmod(0o755)
        self.up = Service(binary, "up", {}, self.folder)
        self.apis = [self.up]
        stores = self.folder / "var/stores.env"
        self.write = PrivateStore(stores, "VOLCANION_WRITE_DSN")
        self.read = PrivateStore(stores, "VOLCANION_READ_DSN")

    def __enter__(self):
        try:
            self.up.start().wait_until_ready(START_SECONDS)
            self.partner = Partner(self.up.port, read_env(self.folder / "var/demo.env")["VOLCANION_ADMIN_TOKEN"])
        except BaseException:
            self.keep = True
            self.__exit__(None, None, None)
            raise
        return self

    def wait_until_ready(self, _seconds):
        # PostgreSQL recovers within this time: it is no dependency that was there before.
        return self.up.wait_until_ready(START_SECONDS)

    def settle(self):
        return wait_until("the outbox is empty",
                          lambda: self.write.sql("", "SELECT count(*) FROM write.outbox")[0][0] == 0, 120)

    def __exit__(self, kind, _value, _trace):
        if self.up.is_running():
            if kind is None and not self.keep:
                self.up.terminate()
            else:
                self.up.kill()
        if kind is None and not self.keep:
            shutil.rmtree(self.folder, ignore_errors=True)
        else:
            print(f"kept for a look: {self.folder}", flush=True)


def kill_up(stage, load, dice):
    load.wait_for_more(dice.randrange(20, 200))
    stage.up.kill()
    stage.up.start()
