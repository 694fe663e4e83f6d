"""A Redis behind a proxy of the laboratory, and readers that ask through it and past it."""

import http.client
import json
import pathlib
import random
import shutil
import signal
import socket
import statistics
import subprocess
import threading
import time

from faults import Unavailable
from proxy import Proxy
from stage import Failure, end_with_parent, free_port, send_signal, wait_until

REDIS = "/usr/bin/redis-server"
QUIET, BUSY = "2025-06-01", "2025-06-02"  # days: nothing happens any more, events arrive
QUIET_EVENTS = 50
BREAKER_SECONDS = 5  # until the breaker has opened, or closed again
BROKEN_SECONDS = 1  # that Redis stays broken
PENALTY_SECONDS = 0.045  # of a question at most: see docs/architecture.md
LIMIT_OF_PROBLEMS = 20


class Redis:
    """A server in a folder, on a port that it keeps when it is started again; what it knows it forgets then."""

    def __init__(self, folder):
        self.folder = folder
        self.port = free_port()
        self.process = None

    def start(self):
        with open(self.folder / "redis.log", "ab") as log:
            self.process = subprocess.Popen(
                [REDIS, "--port", str(self.port), "--bind", "127.0.0.1", "--save", "", "--dir", str(self.folder)],
                stdin=subprocess.DEVNULL, stdout=log, stderr=log, preexec_fn=end_with_parent)
        wait_until("Redis answers", self.answers, 30)

    def answers(self):
        try:
            return self.say("PING") == b"+PONG"
        except OSError:
            return False

    def say(self, line):
        """The first line of its answer."""
        with socket.create_connection(("127.0.0.1", self.port), timeout=10) as connection:
            connection.sendall(line.encode() + b"\r\n")
            return connection.makefile("rb").readline().rstrip()

    def kill(self):
        self.process.kill()
        self.process.wait()


class Readers:
    """Threads that ask the same questions past the cache, through it, and past it again, while events arrive. As events
    are only added, the answer in the middle has at least those of the one before and at most those of the one behind."""

    def __init__(self, stage):
        self.port = stage.apis[0].port
        self.token = stage.partner.token
        self.system, self.key = stage.partner.add_system(f"asked {time.time_ns()}", "flag")
        self.late = stage.late
        self.problems = []
        self.asked = []  # (when it began, seconds that it took) of each question through the cache
        self.past = []  # likewise past it
        self._stop = threading.Event()
        connection = self._connect()
        for number in range(QUIET_EVENTS):
            position = self._send(f"quiet-{number}", QUIET, connection)
        self._ask(connection, self._question(QUIET, f"&minPosition={position}&waitSeconds=10"))
        loops = [lambda: self._compare(self._question(QUIET)), lambda: self._compare(self._question(QUIET, "&isValid=false")),
                 lambda: self._compare(self._question(BUSY)), self._write]
        self._threads = [threading.Thread(target=self._guard, args=(loop,), daemon=True) for loop in loops]
        for thread in self._threads:
            thread.start()

    def stop(self):
        self._stop.set()
        for thread in self._threads:
            thread.join(60)
            if thread.is_alive():
                raise Failure("a reader is still waiting for its answer")

    def between(self, begin, end):
        return [seconds for began, seconds in list(self.asked) if begin <= began <= end]

    def _connect(self):
        return http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)

    def _question(self, day, more=""):
        return f"/api/events/partner-system/{self.system}?from={day}T00:00:00Z&to={day}T23:59:59Z&limit=1000{more}"

    def _note(self, problem):
        if len(self.problems) < LIMIT_OF_PROBLEMS:
            self.problems.append(problem)

    def _guard(self, loop):
        try:
            loop()
        except (OSError, http.client.HTTPException, ValueError, KeyError) as error:
            self._note(f"a question was not answered: {error!r}")

    def _send(self, event_id, day, connection):
        """The position of a new event."""
        self.late.add((self.system, event_id))
        connection.request("POST", "/api/events/ingest", json.dumps(
            {"eventId": event_id, "eventName": "asked", "eventTimestamp": f"{day}T12:00:00Z", "properties": {"n": 1}}),
            {"Content-Type": "application/json", "X-API-Key": self.key})
        answer = connection.getresponse()
        said = json.loads(answer.read())
        if answer.status != 202:
            raise ValueError(f"{answer.status} {said}")
        return said["position"]

    def _ask(self, connection, question, past=False):
        """The events of an answer, by their ids."""
        began = time.monotonic()
        connection.request("GET", question, headers={"Authorization": f"Bearer {self.token}"} |
                           ({"Cache-Control": "no-cache"} if past else {}))
        answer = connection.getresponse()
        text = answer.read()
        (self.past if past else self.asked).append((began, time.monotonic() - began))
        if answer.status != 200:
            raise ValueError(f"{answer.status} {text[:300]!r}")
        said = json.loads(text)
        if said["nextCursor"] is not None:
            raise ValueError("more events than a page has")
        return {item["eventId"]: item for item in said["items"]}

    def _compare(self, question):
        connection = self._connect()
        while not self._stop.is_set():
            before = self._ask(connection, question, past=True)
            kept = self._ask(connection, question)
            after = self._ask(connection, question, past=True)
            if not before.keys() <= kept.keys() <= after.keys():
                self._note(f"{question}: {len(before)} events, {len(kept)} through the cache, then {len(after)}")
            elif any(after[event_id] != item for event_id, item in kept.items()):
                self._note(f"{question}: other contents through the cache")

    def _write(self):
        """Events that have to be in the answer to whoever asks for their position."""
        connection = self._connect()
        number = 0
        while not self._stop.wait(0.05):
            number += 1
            event_id = f"busy-{number}"
            position = self._send(event_id, BUSY, connection)
            found = self._ask(connection, self._question(BUSY, f"&minPosition={position}&waitSeconds=10"))
            if event_id not in found:
                self._note("an answer does not reflect the position that was asked for")


class CachedStage:
    """A stage whose API has its answers kept by a Redis behind a proxy, and readers. A context manager."""

    def __init__(self, stage):
        self.api = stage.apis[0]
        self._stage = stage
        self._usual = dict(self.api.environment)

    def __enter__(self):
        folder = pathlib.Path(self._stage.folder) / f"redis-{time.time_ns()}"
        folder.mkdir()
        self.redis = Redis(folder)
        self.redis.start()
        self.proxy = Proxy(self.redis.port)
        # Without staleness: whatever the answer past the cache had, the one through it has, too.
        self._restart(self._usual | {"VOLCANION_REDIS_URL": f"redis://127.0.0.1:{self.proxy.port}",
                                     "VOLCANION_CACHE_STALENESS_MS": "0"})
        self.readers = Readers(self._stage)
        return self

    def __exit__(self, kind, _value, _trace):
        self.proxy.mend()
        send_signal([self.redis.process.pid], signal.SIGCONT)
        self.readers.stop()
        if kind is None:
            self._restart(self._usual)
        self.proxy.close()
        self.redis.kill()

    def _restart(self, environment):
        self.api.terminate()
        self.api.environment = environment
        self.api.start().wait_until_ready()

    def is_open(self):
        return self.api.metric("volcanion_cache_breaker_open") == 1

    def failures(self):
        return self.api.metric("volcanion_cache_failures_total")

    def wait_until_of_use(self):
        wait_until("the breaker is closed", lambda: not self.is_open(), BREAKER_SECONDS)
        hits = self._hits()
        wait_until("answers come from the cache", lambda: self._hits() > hits, BREAKER_SECONDS)

    def _hits(self):
        return self.api.metric('volcanion_cache_lookups_total{outcome="hit"}')


# --- what happens to Redis ------------------------------------------------------------------------------
# Each breaks it, waits until that is noticed, and mends it.


def wait_until_open(cached):
    wait_until("the breaker is open", cached.is_open, BREAKER_SECONDS)


def wait_until_failed(cached, again=lambda: None):
    failures = cached.failures()

    def has_failed():
        again()
        return cached.failures() > failures

    wait_until("failures are counted", has_failed, BREAKER_SECONDS)


def reset(cached, _dice):
    wait_until_failed(cached, cached.proxy.reset_all)


def delay(cached, dice):
    for direction in dice.choice((["to server"], ["to client"], ["to server", "to client"])):
        cached.proxy.delay[direction] = dice.uniform(0.05, 0.3)
    wait_until_open(cached)
    time.sleep(BROKEN_SECONDS)
    cached.proxy.mend()


def hold(cached, dice):
    cached.proxy.hold(*dice.choice((["to server"], ["to client"], ["to server", "to client"])))
    wait_until_open(cached)
    time.sleep(BROKEN_SECONDS)
    cached.proxy.mend()


def garble(cached, dice):
    """Replies that are none, that are to other questions, that promise more than comes, or come twice."""
    bad = (b"\x00\xff" * 20, b"\r\n\r\n", b":1\r\n", b"$99999999999\r\n", b"$100\r\nhalf", b"*1000000\r\n", b"-ERR no\r\n",
           b'$32\r\n01234567{"items":[],"nextCursor":1}\r\n')
    earlier = []

    def garbled(piece):
        earlier.append(piece)
        return dice.choice((*bad, earlier[0], dice.choice(earlier), piece[:len(piece) // 2], piece[::-1], piece + piece))

    cached.proxy.garble = garbled
    wait_until_failed(cached)
    time.sleep(BROKEN_SECONDS)
    cached.proxy.mend()


def fill(cached, _dice):
    """It takes nothing more; what it has can be read."""
    cached.redis.say("CONFIG SET maxmemory-policy noeviction")
    cached.redis.say("CONFIG SET maxmemory 1")
    wait_until_failed(cached)
    cached.wait_until_of_use()
    cached.redis.say("CONFIG SET maxmemory 0")


def freeze(cached, _dice):
    send_signal([cached.redis.process.pid], signal.SIGSTOP)
    wait_until_open(cached)
    time.sleep(BROKEN_SECONDS)
    send_signal([cached.redis.process.pid], signal.SIGCONT)


def restart(cached, _dice):
    cached.redis.kill()
    wait_until_open(cached)
    time.sleep(BROKEN_SECONDS)
    cached.redis.start()


WAYS = [reset, delay, hold, garble, fill, freeze, restart]


def break_redis(stage, load, dice):
    """Redis is reset, delayed, held, garbled, full, frozen and killed, while questions are asked."""
    if not shutil.which(REDIS):
        raise Unavailable("redis-server is not installed")
    broken, ways = [], dice.sample(WAYS, len(WAYS))
    with CachedStage(stage) as cached:
        cached.wait_until_of_use()
        for way in ways:
            load.wait_for_more(20)
            began = time.monotonic()
            way(cached, random.Random(dice.random()))
            broken += cached.readers.between(began, time.monotonic())
            cached.wait_until_of_use()
    readers = cached.readers
    if readers.problems:
        raise Failure(f"answers beside a broken Redis: {readers.problems[:3]}")
    usual = statistics.median(seconds for _, seconds in readers.past)
    stage.measured |= {"questions": len(readers.asked), "while Redis was broken": len(broken),
                       "their median": round(statistics.median(broken), 4), "past the cache": round(usual, 4),
                       "slowest": round(max(broken), 3)}
    if statistics.median(broken) > 2 * usual + PENALTY_SECONDS:
        raise Failure(f"a broken Redis slows questions down: {stage.measured}")
