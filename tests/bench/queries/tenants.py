"""A platform with many partners and systems, whose events come from the generator's skewed traffic."""

import contextlib
import http.client
import json
import random
import signal
import subprocess
import time

from circumstances import BenchError
from whole import UNUSED_SECONDS, Whole

PARTNERS, SYSTEMS_EACH, NAMES = 20, 5, 40
DAYS = 35  # of the events' times, until now
SCHEMA = {
    "type": "object", "required": ["amount", "currency"],
    "properties": {"amount": {"type": "number", "minimum": 0}, "currency": {"enum": ["EUR", "USD", "GBP"]},
                   "channel": {"type": "string", "maxLength": 20}}}
EMAIL, PASSWORD = "bench@example.com", "wheels within wheels"
STORED_OF_PARTNERS = """
SELECT partner_id::text, count(*) FROM read.tracking_events_read_model GROUP BY 1 ORDER BY 2 DESC"""
CORRELATIONS = """
SELECT DISTINCT correlation_id, partner_id::text, partner_system_id::text
  FROM read.tracking_events_read_model TABLESAMPLE SYSTEM ({percent:.6f}) LIMIT 300"""


def event_name(rank):
    return f"event-{rank:02}"


class Tenants(Whole):
    """PARTNERS partners with SYSTEMS_EACH systems each, NAMES described event names; a person's token asks."""

    def __enter__(self):
        super().__enter__()
        try:
            self._used = time.monotonic()
            self._connection = http.client.HTTPConnection("127.0.0.1", self.api.port, timeout=60)
            self._set_up()
        except BaseException:
            self.__exit__()
            raise
        return self

    def service(self, command, environment=None):
        return super().service(command, {"VOLCANION_ACCESS_TOKEN_SECONDS": "3600"} | (environment or {}))

    def _set_up(self):
        done = subprocess.run([self.binary, "admin", "create", "--email", EMAIL], input=PASSWORD + "\n", text=True,
                              env=self.api.environment, capture_output=True, check=False)
        if done.returncode != 0:
            raise BenchError(done.stderr)
        self.partners = [self._post("/api/partners", {"name": f"Partner {number}"})["partnerId"]
                         for number in range(PARTNERS)]
        # The busiest first; the busiest systems are of different partners.
        self.systems, keys = [], []
        for number in range(SYSTEMS_EACH):
            for partner in self.partners:
                system = self._post(f"/api/partners/{partner}/systems", {"name": f"System {number}"})["partnerSystemId"]
                keys.append(self._post(f"/api/systems/{system}/keys", {"name": "bench"})["key"])
                self.systems.append((system, partner))
        for partner in self.partners:
            for rank in range(NAMES):
                self._post(f"/api/partners/{partner}/structures",
                           {"eventName": event_name(rank), "state": "active", "schema": SCHEMA})
        self._keys = self.folder / "keys"
        self._keys.write_text("\n".join(keys) + "\n")
        self._until = time.time()
        self._first = 0
        self.log_in()

    def log_in(self):
        self.person = self._post("/api/auth/token", {"email": EMAIL, "password": PASSWORD})["accessToken"]

    def _post(self, path, body):
        self._reconnect()
        self._connection.request("POST", path, json.dumps(body), {
            "Content-Type": "application/json", "Authorization": f"Bearer {self.token}"})
        answer = self._connection.getresponse()
        text = answer.read()
        if answer.status not in (200, 201):
            raise BenchError(f"{path}: {answer.status} {text[:300]!r}")
        return json.loads(text)

    def get(self, path):
        """An answer to the person, read."""
        self._reconnect()
        self._connection.request("GET", path, headers={"Authorization": f"Bearer {self.person}"})
        answer = self._connection.getresponse()
        text = answer.read()
        if answer.status != 200:
            raise BenchError(f"{path}: {answer.status} {text[:300]!r}")
        return text

    def _reconnect(self):
        """The server closes connections that are not used for long; the next request opens a new one."""
        if time.monotonic() - self._used > UNUSED_SECONDS:
            self._connection.close()
        self._used = time.monotonic()

    def routes(self):
        return set(json.loads(self.get("/api/openapi.json"))["paths"])

    def _traffic(self, *, batch, connections, seconds, **how):
        command = [self.load, "--port", str(self.api.port), "--keys", str(self._keys), "--prefix", "q",
                   "--first", str(self._first), "--batch", str(batch), "--connections", str(connections),
                   "--warm-up", "0", "--seconds", str(seconds)]
        for name, value in how.items():
            command += [f"--{name.replace('_', '-')}", str(value)]
        return command

    def fill(self, target, say):
        """As clients do it, spread over DAYS; the sync worker takes what waits after each part. Events a second."""
        missing = target - self.stored()
        if missing <= 0:
            return None
        began, numbers, first = time.monotonic(), missing, self._first
        while (missing := target - self.stored()) > 0:
            say(f"filling, {missing:,} events to go")
            done = subprocess.run(
                self._traffic(batch=500, connections=16, seconds=3600, max_events=min(500_000, missing),
                              **{"from": self._until - DAYS * 86_400}, until=self._until, numbers=numbers),
                capture_output=True, text=True, check=False)
            if done.returncode != 0:
                raise BenchError(done.stderr)
            self._first += json.loads(done.stdout)["sent"]
            self.drain()
        seconds = time.monotonic() - began
        self.sql("VACUUM ANALYZE")  # as autovacuum would in time, so that no size meets it
        self.sql("CHECKPOINT")
        return (self._first - first) / seconds

    @contextlib.contextmanager
    def ingesting(self, rate, found=None):
        """Meanwhile events of now come at that rate, in batches of 50. Puts what the generator measured into `found`."""
        if rate == 0:
            yield
            return
        process = subprocess.Popen(self._traffic(batch=50, connections=8, seconds=86_400, rate=rate),
                                   stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        try:
            time.sleep(1)
            yield
        finally:
            process.send_signal(signal.SIGTERM)
            out, error = process.communicate(timeout=60)
        if process.returncode != 0:
            raise BenchError(error)
        result = json.loads(out)
        self._first += result["sent"] + 50
        if found is not None:
            found.update(result)

    def correlations(self):
        """Some that are there: (correlation id, partner, system)."""
        return self.sql(CORRELATIONS.format(percent=min(100, 100 * 300 / max(self.stored() / 8, 1))))

    def events_of_partners(self):
        """The busiest first."""
        return self.sql(STORED_OF_PARTNERS)


class Questions:
    """Draws parameters, always the same ones for the same platform."""

    def __init__(self, tenants, seed=7):
        self.tenants, self.random = tenants, random.Random(seed)
        self.correlated = tenants.correlations()
        self.now = time.time()

    def scope(self, kind):
        """A path: of a system or a partner, the busy ones more often."""
        of = self.tenants.systems if kind == "system" else self.tenants.partners
        one = of[min(int(len(of) ** self.random.random()) - 1, len(of) - 1)]
        return f"/api/events/partner-system/{one[0]}" if kind == "system" else f"/api/events/partner/{one}"

    def of_scope(self, kind, correlated):
        _, partner, system = correlated
        return f"/api/events/partner-system/{system}" if kind == "system" else f"/api/events/partner/{partner}"

    def busiest(self, kind):
        """The path of the one with most events."""
        if kind == "system":
            return f"/api/events/partner-system/{self.tenants.systems[0][0]}"
        return f"/api/events/partner/{self.tenants.partners[0]}"

    def name(self):
        return event_name(int(NAMES ** self.random.random()) - 1)

    def user(self):
        return int(20_000 ** self.random.random()) - 1

    def day(self, back):
        return time.strftime("%Y-%m-%dT%H:00:00Z", time.gmtime(self.now - back * 86_400))
