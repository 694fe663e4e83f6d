#!/usr/bin/env python3
"""Client programs that people use, and one that attackers use, against the program itself.

Starts `volcanion up` on free ports with a data directory of its own, and removes both. A client that is not installed
fails its tests with the name of its package. `--help` prints the options.
"""

import argparse
import concurrent.futures
import contextlib
import csv
import ctypes
import gzip
import http.client
import json
import os
import pathlib
import re
import resource
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
import unittest
import urllib.parse

ATTACKERS = 1_000
DESCRIPTORS = 8_192  # for the server and for the attacking client, each
PROBE_INTERVAL_SECONDS = 0.1
PROBE_DEADLINE_SECONDS = 3.0
RECOVERY_SECONDS = 20
MEMORY_TOLERANCE_BYTES = 64 * 1024 * 1024
START_SECONDS = 60
JSON_TYPE = {"Content-Type": "application/json"}

options = None  # of the command line
server = None  # the one that all tests talk to


def program(name, package):
    found = shutil.which(name)
    if not found:
        raise AssertionError(f"{name} is missing; it is in the Debian package {package}")
    return found


def run(*command, stdin=None, seconds=60):
    done = subprocess.run(command, input=stdin, capture_output=True, timeout=seconds, check=False)
    return done.returncode, done.stdout.decode(errors="replace"), done.stderr.decode(errors="replace")


def wait_until(what, holds, seconds):
    deadline = time.monotonic() + seconds
    while not holds():
        if time.monotonic() > deadline:
            raise AssertionError(f"after {seconds} s still not: {what}")
        time.sleep(0.05)


def event(event_id=None, note="", name="noted"):
    made = {"eventName": name, "eventTimestamp": "2026-01-20T10:00:00Z", "userId": "u1", "properties": {"note": note}}
    return json.dumps(made | ({"eventId": event_id} if event_id else {}))


def batch(name, events, note):
    """So many events of that name."""
    return '{"events":[' + ",".join(event(f"{name}-{i}", note, name) for i in range(events)) + "]}"


# --- the server -----------------------------------------------------------------------------------


LIBC = ctypes.CDLL(None)


def end_with_parent():
    """In the child, before the program: a killed test leaves no server behind. No thread may run beside the caller."""
    LIBC.prctl(1, signal.SIGTERM)  # PR_SET_PDEATHSIG


class Server:
    """`volcanion up` with its demo, from construction to stop()."""

    def __init__(self, binary):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="volcanion-clients-"))
        self.folder.chmod(0o755)  # run by root, PostgreSQL is another user
        environment = {name: value for name, value in os.environ.items() if not name.startswith("VOLCANION_")}
        environment |= {
            "VOLCANION_LISTEN": "127.0.0.1:0",
            "VOLCANION_ADMIN_LISTEN": "127.0.0.1:0",
            "VOLCANION_DATA_DIR": str(self.folder / "var"),
            "VOLCANION_LOG_LEVEL": "error",
        }
        if options.sanitized:  # its quarantine is not the server's memory
            asan = environment.get("ASAN_OPTIONS", "")
            environment["ASAN_OPTIONS"] = (asan + ":" if asan else "") + "quarantine_size_mb=8"
        self.log = (self.folder / "log").open("wb+")
        self.process = subprocess.Popen([binary, "up"], stdin=subprocess.DEVNULL, stdout=self.log, stderr=self.log,
                                        env=environment, cwd=self.folder, preexec_fn=end_with_parent)
        try:
            wait_until("the server is ready", self._is_ready, START_SECONDS)
        except AssertionError as error:
            self.kill()
            raise AssertionError(f"{error}; it said:\n{self.said()}") from None
        lines = (self.folder / "var/demo.env").read_text().splitlines()
        demo = dict(line.split("=", 1) for line in lines if not line.startswith("#"))
        self.url = demo["VOLCANION_URL"]
        self.port = urllib.parse.urlsplit(self.url).port
        self.key = demo["VOLCANION_API_KEY"]
        self.token = demo["VOLCANION_ADMIN_TOKEN"]
        self.ingest = "/api/events/ingest"
        self.batches = "/api/events/ingest/batch"
        self.events = f"/api/events/partner-system/{demo['VOLCANION_PARTNER_SYSTEM_ID']}"

    def _is_ready(self):
        if self.process.poll() is not None:
            raise AssertionError(f"the server ended with status {self.process.returncode}")
        return b"Volcanion is ready" in (self.folder / "log").read_bytes()

    def said(self):
        return (self.folder / "log").read_text(errors="replace")

    def stop(self):
        """Exit status of a clean stop."""
        self.process.send_signal(signal.SIGTERM)
        try:
            return self.process.wait(timeout=30)
        finally:
            self.kill()

    def kill(self):
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        self.log.close()
        shutil.rmtree(self.folder, ignore_errors=True)

    def descriptors(self):
        return len(os.listdir(f"/proc/{self.process.pid}/fd"))

    def memory(self):
        """Bytes of the server that are in memory; those of its PostgreSQL are not among them."""
        status = pathlib.Path(f"/proc/{self.process.pid}/status").read_text()
        return int(re.search(r"^VmRSS:\s+(\d+) kB", status, re.MULTILINE).group(1)) * 1024

    def page(self, name, events):
        """Path of a page with so many events of that name, once there are as many to read."""
        path = f"{self.events}?eventName={name}&limit={events}"
        client = http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)

        def has_them():
            client.request("GET", path, headers={"Authorization": f"Bearer {self.token}"})
            return len(json.loads(client.getresponse().read())["items"]) == events

        wait_until(f"{events} events of the name {name} can be read", has_them, 30)
        client.close()
        return path


def setUpModule():
    global server
    server = Server(options.volcanion)


def tearDownModule():
    try:
        running = server.process.poll() is None
        status = server.stop() if running else server.process.returncode
    finally:
        server.kill()
    if not running or status != 0:
        raise AssertionError(f"the server {'stopped' if running else 'had ended'} with status {status}")


# --- curl -----------------------------------------------------------------------------------------


class Curl(unittest.TestCase):
    """curl"""

    WRITE_OUT = r"%{stderr}\n@%{http_code} %{http_version} %{num_connects} %{size_download} %{size_upload}\n"

    def curl(self, *arguments, key=True, stdin=None):
        """(what it printed, what it said, per URL: status, version, new connections, bytes of the answer, and sent)."""
        identity = f"X-API-Key: {server.key}" if key else f"Authorization: Bearer {server.token}"
        status, out, err = run(program("curl", "curl"), "--silent", "--show-error", "--noproxy", "*", "--max-time",
                               "20", "--write-out", self.WRITE_OUT, "--header", identity, *arguments, stdin=stdin)
        self.assertEqual(status, 0, err)
        transfers = [tuple(line[1:].split()) for line in err.splitlines() if line.startswith("@")]
        return out, err, [(int(code), version, *map(int, numbers)) for code, version, *numbers in transfers]

    def post(self, path, data, *arguments):
        return self.curl(*arguments, "--header", "Content-Type: application/json", "--data-binary", "@-",
                         server.url + path, stdin=data if isinstance(data, bytes) else data.encode())

    def test_sends_an_event(self):
        out, _, transfers = self.post(server.ingest, event("curl-plain"))
        self.assertEqual(json.loads(out)["status"], "stored")
        self.assertEqual(transfers[0][:2], (202, "1.1"))

    def test_speaks_http_1_0(self):
        out, said, transfers = self.post(server.ingest, event("curl-1.0"), "--http1.0", "--verbose")
        self.assertIn("POST /api/events/ingest HTTP/1.0", said)
        self.assertEqual(json.loads(out)["status"], "stored")
        self.assertEqual(transfers[0][0], 202)

    def test_is_told_to_continue_before_it_sends_3_mb(self):
        body = batch("curl_large", 1_000, "x" * 2_900)
        self.assertGreater(len(body), 3_000_000)
        out, said, transfers = self.post(server.batches, body, "--verbose")
        self.assertIn("> Expect: 100-continue", said)
        self.assertIn("< HTTP/1.1 100 Continue", said)
        self.assertEqual(json.loads(out)["stored"], 1_000)
        self.assertEqual(transfers[0][0], 202)

    def test_is_refused_5_mb_before_it_sends_them(self):
        _, said, transfers = self.post(server.batches, "x" * 5_000_000, "--verbose")
        self.assertNotIn("100 Continue", said)
        self.assertEqual(transfers[0][0], 413)
        self.assertEqual(transfers[0][4], 0, "bytes sent")

    def test_gets_the_same_page_compressed(self):
        self.post(server.batches, batch("curl_page", 100, "y" * 500))
        page = server.url + server.page("curl_page", 100)
        plain, _, transfers = self.curl(page, key=False)
        packed, said, packed_transfers = self.curl("--compressed", "--verbose", page, key=False)
        self.assertIn("> Accept-Encoding:", said)
        self.assertEqual(json.loads(packed)["items"], json.loads(plain)["items"])
        self.assertRegex(said.lower(), "< content-encoding: gzip")
        self.assertLess(packed_transfers[0][3], transfers[0][3] / 2, "bytes of the answer")

    def test_asks_for_the_head_alone_and_goes_on(self):
        page = f"{server.url}{server.events}?limit=10"
        out, _, transfers = self.curl("--head", page, page, key=False)
        self.assertEqual(len(re.findall(r"^HTTP/1\.1 200", out, re.MULTILINE)), 2)
        self.assertRegex(out, r"(?im)^content-length: [1-9]")
        self.assertEqual([(code, down) for code, _, _, down, _ in transfers], [(200, 0), (200, 0)])
        self.assertEqual([new for _, _, new, _, _ in transfers], [1, 0])

    def test_keeps_its_connection_from_one_url_to_the_next(self):
        _, _, transfers = self.curl(f"{server.url}{server.events}?limit=1", f"{server.url}{server.events}?limit=2",
                                    key=False)
        self.assertEqual([(code, new) for code, _, new, _, _ in transfers], [(200, 1), (200, 0)])

    def test_keeps_its_connection_over_http_1_0_when_it_asks_to(self):
        one = f"{server.url}{server.events}?limit=1"
        _, _, transfers = self.curl("--http1.0", "--header", "Connection: keep-alive", one, one, key=False)
        self.assertEqual([(code, new) for code, _, new, _, _ in transfers], [(200, 1), (200, 0)])

    def test_downloads_an_export_whole_and_packed(self):
        self.post(server.batches, batch("curl_export", 1_000, "e" * 1_000))
        server.page("curl_export", 1_000)
        wanted = f"{server.url}{server.events}/export?eventName=curl_export"
        whole, said, transfers = self.curl("--verbose", wanted, key=False)
        self.assertRegex(said.lower(), "< transfer-encoding: chunked")
        lines = [json.loads(line) for line in whole.splitlines()]
        self.assertEqual((transfers[0][0], len({line["trackingEventId"] for line in lines})), (200, 1_000))
        packed, _, packed_transfers = self.curl("--compressed", wanted, key=False)
        self.assertEqual(packed, whole)
        self.assertLess(packed_transfers[0][3], transfers[0][3] / 2, "bytes of the answer")
        old, _, transfers = self.curl("--http1.0", wanted, key=False)
        self.assertEqual((old, transfers[0][0]), (whole, 200))

    def test_sends_a_gzip_body(self):
        packed = gzip.compress(batch("curl_gzip", 50, "z" * 1_000).encode())
        out, _, transfers = self.post(server.batches, packed, "--header", "Content-Encoding: gzip")
        self.assertEqual(json.loads(out)["stored"], 50)
        self.assertEqual(transfers[0][0], 202)

    def test_sends_a_chunked_body(self):
        out, said, transfers = self.curl("--verbose", "--header", "Content-Type: application/json", "--request", "POST",
                                         "--upload-file", "-", server.url + server.batches,
                                         stdin=batch("curl_chunked", 100, "c" * 1_000).encode())
        self.assertIn("> Transfer-Encoding: chunked", said)
        self.assertEqual(json.loads(out)["stored"], 100)
        self.assertEqual(transfers[0][0], 202)


# --- Python's http.client -------------------------------------------------------------------------


class PythonHttpClient(unittest.TestCase):
    """Python's http.client"""

    def setUp(self):
        self.client = http.client.HTTPConnection("127.0.0.1", server.port, timeout=10)
        self.addCleanup(self.client.close)
        self.headers = JSON_TYPE | {"X-API-Key": server.key}

    def answer(self):
        answer = self.client.getresponse()
        return answer, json.loads(answer.read())

    def test_keeps_its_connection(self):
        self.client.connect()
        connection = self.client.sock
        for i in range(50):
            self.client.request("POST", server.ingest, event(f"python-{i}"), self.headers)
            answer, body = self.answer()
            self.assertEqual((answer.status, body["status"]), (202, "stored"))
            self.assertIs(self.client.sock, connection)

    def test_sends_chunks_as_they_come(self):
        text = batch("python_chunked", 100, "c" * 500).encode()
        pieces = (text[i:i + 777] for i in range(0, len(text), 777))
        self.client.request("POST", server.batches, pieces, self.headers | {"Transfer-Encoding": "chunked"},
                            encode_chunked=True)
        answer, body = self.answer()
        self.assertEqual((answer.status, body["stored"]), (202, 100))
        self.client.request("POST", server.ingest, event("python-after-chunks"), self.headers)
        self.assertEqual(self.answer()[0].status, 202)

    def test_reads_an_export_as_csv_and_keeps_its_connection(self):
        note = 'say "hi", =1+1,\nand more'
        self.client.request("POST", server.batches, batch("python_export", 1_000, note), self.headers)
        self.assertEqual(self.answer()[0].status, 202)
        server.page("python_export", 1_000)
        token = {"Authorization": f"Bearer {server.token}"}
        self.client.request("GET", f"{server.events}/export?eventName=python_export&format=csv", headers=token)
        connection, answer = self.client.sock, self.client.getresponse()
        self.assertTrue(answer.chunked)
        rows = list(csv.DictReader(answer.read().decode().splitlines(keepends=True)))
        self.assertEqual(len(rows), 1_000)
        self.assertEqual({json.loads(row["properties"])["note"] for row in rows}, {note})
        self.client.request("GET", f"{server.events}/export?eventName=python_export&cursor={rows[989]['cursor']}",
                            headers=token)
        rest = self.client.getresponse().read().decode().splitlines()
        self.assertEqual([json.loads(line)["eventId"] for line in rest], [row["eventId"] for row in rows[990:]])
        self.assertIs(self.client.sock, connection)

    def test_closes_when_it_asked_to(self):
        self.client.request("POST", server.ingest, event("python-close"), self.headers | {"Connection": "close"})
        answer = self.client.getresponse()
        self.assertEqual((answer.status, answer.will_close), (202, True))


# --- Node's fetch ---------------------------------------------------------------------------------


class NodeFetch(unittest.TestCase):
    """Node's fetch"""

    def test_sends_200_events_over_kept_connections_and_50_at_once(self):
        script = pathlib.Path(__file__).with_name("fetch.mjs")
        status, out, err = run(program("node", "nodejs"), str(script), server.url, server.key, "200", "50")
        self.assertEqual(status, 0, err)
        found = json.loads(out)
        self.assertEqual(found["sequential"]["statuses"], {"202": 200})
        # Two against any server: it opens the second before it sees that the first is free again.
        self.assertIn(found["sequential"]["connections"], (1, 2))
        self.assertEqual(found["parallel"]["statuses"], {"202": 50})
        self.assertLessEqual(found["parallel"]["connections"], 50)

    def test_reads_an_export_as_it_comes(self):
        headers = JSON_TYPE | {"X-API-Key": server.key}
        client = http.client.HTTPConnection("127.0.0.1", server.port, timeout=10)
        self.addCleanup(client.close)
        client.request("POST", server.batches, batch("node_export", 1_000, "n" * 1_000), headers)
        self.assertEqual(client.getresponse().status, 202)
        server.page("node_export", 1_000)
        script = pathlib.Path(__file__).with_name("export.mjs")
        status, out, err = run(program("node", "nodejs"), str(script),
                               f"{server.url}{server.events}/export?eventName=node_export", server.token)
        self.assertEqual(status, 0, err)
        found = json.loads(out)
        self.assertEqual((found["status"], found["encoding"]), (200, "gzip"))  # as fetch asks for
        self.assertEqual((found["ids"], found["distinct"], found["rest"]), (1_000, 1_000, ""))
        self.assertGreater(found["parts"], 1)


# --- wrk ------------------------------------------------------------------------------------------

WRK_SCRIPT = """
wrk.method = "POST"
wrk.headers["Content-Type"] = "application/json"
wrk.headers["X-API-Key"] = "%s"
wrk.body = '%s'
done = function(summary)
  local e = summary.errors
  io.write(string.format(
    '\\nRESULT {"requests":%%d,"connect":%%d,"read":%%d,"write":%%d,"timeout":%%d,"status":%%d}\\n',
    summary.requests, e.connect, e.read, e.write, e.timeout, e.status))
end
"""


class Wrk(unittest.TestCase):
    """wrk"""

    def test_sees_no_error_in_3_seconds(self):
        script = server.folder / "post.lua"
        script.write_text(WRK_SCRIPT % (server.key, event(note="w" * 100)))
        status, out, err = run(program("wrk", "wrk"), "-t1", "-c64", "-d3s", "-s", str(script),
                               server.url + server.ingest)
        self.assertEqual(status, 0, out + err)
        found = json.loads(re.search(r"^RESULT (.*)$", out, re.MULTILINE).group(1))
        self.assertGreater(found.pop("requests"), 300)
        self.assertEqual(found, {"connect": 0, "read": 0, "write": 0, "timeout": 0, "status": 0})


# --- slowhttptest ---------------------------------------------------------------------------------


class Probe:
    """A client that behaves well, while others do not: every so often it sends an event on a connection that it keeps,
    and one on a new connection. What was not answered 2xx in time is in `failures`."""

    def __init__(self):
        self.sent = 0
        self.slowest = 0.0
        self.failures = []
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run)

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *_):
        self._stop.set()
        self._thread.join()

    def _connection(self):
        return http.client.HTTPConnection("127.0.0.1", server.port, timeout=PROBE_DEADLINE_SECONDS)

    def _ask(self, kind, client):
        began = time.monotonic()
        try:
            client.request("POST", server.ingest, event(), JSON_TYPE | {"X-API-Key": server.key})
            answer = client.getresponse()
            answer.read()
            outcome = answer.status
        except (OSError, http.client.HTTPException) as error:
            outcome = repr(error)
        took = time.monotonic() - began
        self.sent += 1
        self.slowest = max(self.slowest, took)
        if outcome == 202 and took <= PROBE_DEADLINE_SECONDS:
            return True
        self.failures.append(f"on {kind} connection: {outcome} after {took:.2f} s")
        return False

    def _run(self):
        kept = None
        while not self._stop.wait(PROBE_INTERVAL_SECONDS):
            with contextlib.closing(self._connection()) as fresh:
                self._ask("a new", fresh)
            kept = kept or self._connection()
            if self._ask("the kept", kept):
                kept.auto_open = 0  # from now on it does not hide that it was closed
            else:
                kept.close()
                kept = None
        if kept:
            kept.close()


class SlowHttpTest(unittest.TestCase):
    """slowhttptest"""

    ALL_CLOSED = "No open connections left"  # by the server: the program itself closes none before its time is up
    PAGE = 60  # events in the answer that is read slowly: some 200 kB, which no socket takes at once, and the server may
    # hold for all attackers together

    @classmethod
    def setUpClass(cls):
        client = http.client.HTTPConnection("127.0.0.1", server.port, timeout=10)
        client.request("POST", server.batches, batch("read_slowly", cls.PAGE, "r" * 2_900),
                       JSON_TYPE | {"X-API-Key": server.key})
        client.getresponse().read()
        client.close()
        cls.path = server.page("read_slowly", cls.PAGE)
        # What a busy server opens and keeps for good, as connections to its stores, is not the attackers' doing.
        with concurrent.futures.ThreadPoolExecutor(32) as pool:
            list(pool.map(cls.read_pages, range(32)))
        cls.descriptors = cls.settled_descriptors()
        cls.memory = server.memory()

    @staticmethod
    def settled_descriptors():
        """Once the server has closed what its clients have left."""
        seen = []

        def is_settled():
            seen.append(server.descriptors())
            return len(seen) >= 10 and len(set(seen[-10:])) == 1

        wait_until("the number of open descriptors is steady", is_settled, 10)
        return seen[-1]

    @classmethod
    def read_pages(cls, number):
        """Each number its own question: an answer that is kept would need no connection to a store."""
        client = http.client.HTTPConnection("127.0.0.1", server.port, timeout=30)
        for _ in range(4):
            client.request("GET", f"{cls.path}&to=2100-01-01T00:00:{number:02}Z",
                           headers={"Authorization": f"Bearer {server.token}", "Cache-Control": "no-cache"})
            client.getresponse().read()
        client.close()

    def attack(self, mode, path, *arguments, seconds, rate):
        """What the program said of its end."""
        prefix = server.folder / "slow"
        peak = 0
        attacker = subprocess.Popen(
            [program("slowhttptest", "slowhttptest"), mode, "-c", str(ATTACKERS), "-r", str(rate), "-l", str(seconds),
             "-p", "15" if options.sanitized else "3", "-g", "-o", str(prefix), "-u", server.url + path, *arguments],
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, preexec_fn=end_with_parent)
        said = []
        with Probe() as probe:
            reader = threading.Thread(target=lambda: said.append(attacker.stdout.read()))
            reader.start()
            began = time.monotonic()
            while attacker.poll() is None:
                peak = max(peak, server.descriptors())
                if time.monotonic() > began + seconds + 20:
                    attacker.kill()
                    self.fail("slowhttptest does not end")
                time.sleep(0.1)
            reader.join()
            took = time.monotonic() - began
        attacker.stdout.close()
        self.assertEqual(attacker.returncode, 0)
        memory = server.memory()
        print(f"    {mode}: {took:.0f} s, {peak} descriptors at most, {probe.sent} probes, the slowest "
              f"{probe.slowest * 1000:.0f} ms; memory {memory >> 20} MB, before all attacks {self.memory >> 20} MB",
              flush=True)
        self.assertEqual(probe.failures, [], f"of {probe.sent} probes")
        self.assertGreater(probe.sent, took / PROBE_INTERVAL_SECONDS / 4, "probes")
        self.assertGreater(peak, self.descriptors + ATTACKERS * 0.9, "the attack did not come through")
        with open(f"{prefix}.csv", newline="", encoding="utf-8") as file:
            found = [{name: int(value) for name, value in row.items()} for row in csv.DictReader(file)]
        self.assertTrue(found and all(row["Service Available"] for row in found), found)
        uncolored = re.sub(r"\x1b\[[0-9;]*[A-Za-z]", "", said[0].decode(errors="replace"))
        return re.search(r"^Exit status: *(.*?)\s*$", uncolored, re.MULTILINE).group(1)

    def assert_recovered(self):
        wait_until(f"{self.descriptors} descriptors are open again", lambda: server.descriptors() <= self.descriptors,
                   RECOVERY_SECONDS)
        tolerance = MEMORY_TOLERANCE_BYTES * (4 if options.sanitized else 1)
        limit = self.memory + tolerance
        wait_until(f"the server's {server.memory() >> 20} MB are at most {limit >> 20} MB",
                   lambda: server.memory() <= limit, RECOVERY_SECONDS)

    def test_slow_headers_harm_nobody(self):
        end = self.attack("-H", server.ingest, "-i", "1", seconds=15, rate=400)
        self.assertEqual(end, self.ALL_CLOSED)
        self.assert_recovered()

    def test_slow_bodies_harm_nobody(self):
        end = self.attack("-B", server.ingest, "-i", "1", "-s", "8192", seconds=16, rate=400)
        self.assertEqual(end, self.ALL_CLOSED)
        self.assert_recovered()

    def test_slow_readers_harm_nobody(self):
        # The program sends no credentials of its own; its cookie can carry some.
        self.attack("-X", self.path, "-w", "512", "-y", "1024", "-n", "1", "-z", "32", "-j",
                    f"none=none\r\nAuthorization: Bearer {server.token}", seconds=15, rate=200)
        self.assert_recovered()


# --------------------------------------------------------------------------------------------------


def load_tests(loader, _tests, _pattern):
    """The attacks come last: what they are measured against is a server that has worked."""
    return unittest.TestSuite(
        loader.loadTestsFromTestCase(case) for case in (Curl, PythonHttpClient, NodeFetch, Wrk, SlowHttpTest))


def main():
    global options
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--volcanion", default="build/volcanion", metavar="FILE",
                        help="the program (default %(default)s)")
    parser.add_argument("--sanitized", action="store_true", help="it is built with sanitizers: give it more memory")
    parser.add_argument("tests", nargs="*", help="only these, as Curl or SlowHttpTest.test_slow_headers_harm_nobody")
    options = parser.parse_args()
    options.volcanion = str(pathlib.Path(options.volcanion).resolve())
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    if hard != resource.RLIM_INFINITY and hard < DESCRIPTORS:
        sys.exit(f"clients: {DESCRIPTORS} open files are needed, the hard limit (ulimit -Hn) is {hard}")
    resource.setrlimit(resource.RLIMIT_NOFILE, (DESCRIPTORS, hard))
    unittest.main(argv=[sys.argv[0], "--verbose", *options.tests])


if __name__ == "__main__":
    main()
